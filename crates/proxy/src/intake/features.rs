//! What a request uses that not every target has.

use std::borrow::Cow;

use outrigger_route::{
    Ask,
    words::{Modalities, Modality, Parameter, Parameters},
};
use outrigger_wire::{
    Head,
    members::{elements, member_of, string},
    prompt::Prompt,
    request::BadRequest,
};

use crate::error::Error;

/// Parameters that are set, by their names at the top level.
pub(super) fn parameters(head: &Head<'_>) -> Parameters {
    let mut set = Parameters::default();
    for member in head.members.iter().filter(|member| !matches!(member.raw, "null" | "[]")) {
        match &*member.key {
            "response_format" => set.insert(match member_of(member.raw, "type").and_then(string).as_deref() {
                Some("json_schema") => Parameter::StructuredOutputs,
                Some("text") | None => continue,
                Some(_) => Parameter::ResponseFormat,
            }),
            "thinking" => set.insert(Parameter::Reasoning),
            "stop_sequences" => set.insert(Parameter::Stop),
            key => {
                if let Some(parameter) = Parameter::exact(key) {
                    set.insert(parameter);
                }
            }
        }
    }
    set
}

/// Kinds of content in the prompt.
pub(super) fn modalities(prompt: &Prompt) -> Modalities {
    let kinds = [
        (prompt.image, Modality::Image),
        (prompt.audio, Modality::Audio),
        (prompt.video, Modality::Video),
        (prompt.file, Modality::File),
    ];
    kinds.into_iter().filter(|(holds, _)| *holds).map(|(_, kind)| kind).collect()
}

/// A lower bound of the prompt's tokens, so that the context filter never removes a target wrongly: six bytes a
/// token is more than English prose has, and media is not text.
pub(super) fn least_tokens(ask: &Ask<'_>, body: usize) -> u64 {
    if ask.modalities.is_empty() { body as u64 / 6 } else { 0 }
}

/// OpenRouter's `fallbacks` on Messages: up to three objects with `model` alone.
pub(super) fn fallbacks<'a>(head: &Head<'a>) -> Result<Vec<Cow<'a, str>>, Error> {
    let Some(raw) = head.present("fallbacks") else { return Ok(Vec::new()) };
    let names: Option<Vec<_>> = elements(raw).map(|item| member_of(item, "model").and_then(string)).collect();
    names.filter(|names| raw.starts_with('[') && names.len() <= 3).ok_or_else(|| {
        Error::BadRequest(BadRequest::Field {
            name: "fallbacks".to_owned(),
            expected: "an array of at most three objects with `model`",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<&'static str> {
        let head = Head::read(body.as_bytes()).unwrap();
        modalities(&head.prompt).iter().map(Modality::as_str).collect()
    }

    #[test]
    fn images_are_found_in_user_and_tool_messages_and_not_in_text() {
        let image = r#"{"type":"image_url","image_url":{"url":"data:"}}"#;
        assert_eq!(found(&format!(r#"{{"messages":[{{"role":"user","content":[{image}]}}]}}"#)), ["image"]);
        let result = r#"{"type":"tool_result","content":[{"type":"image","source":{}}]}"#;
        assert_eq!(found(&format!(r#"{{"messages":[{{"role":"user","content":[{result}]}}]}}"#)), ["image"]);
        assert!(found(r#"{"messages":[{"role":"user","content":"\"image_url\""}]}"#).is_empty());
        assert!(found(r#"{"messages":[{"role":"user","content":"image_url"}]}"#).is_empty());
    }

    #[test]
    fn parameters_that_are_null_or_empty_are_not_used() {
        let head =
            Head::read(br#"{"tools":[],"seed":null,"top_k":3,"response_format":{"type":"json_schema"}}"#).unwrap();
        let names: Vec<_> = parameters(&head).iter().map(Parameter::as_str).collect();
        assert_eq!(names, ["top_k", "structured_outputs"]);
    }
}
