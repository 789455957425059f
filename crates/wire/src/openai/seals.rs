//! Sealed reasoning in a chat.

use crate::{
    Head,
    members::elements,
    seals::{Change, Which, list, rewrite, without_member},
};

/// A chat caller's seals say in `format` whose they are; a router upstream sorts foreign ones out itself.
pub(super) fn strip(head: &Head<'_>, which: Which) -> Vec<Change> {
    match which {
        Which::All => list(head, "messages", chat_message).map(|json| ("messages", Some(json))).into_iter().collect(),
        Which::Foreign => Vec::new(),
    }
}

/// A chat message without sealed reasoning, if it has some: `reasoning_details`, and what Gemini signed with a call.
fn chat_message(message: &str) -> Option<Option<String>> {
    let details = message.contains("\"reasoning_details\"");
    let extra = message.contains("\"extra_content\"");
    (details || extra).then(|| {
        Some(rewrite(message, |name, raw| match name {
            "reasoning_details" => None,
            "tool_calls" if extra => {
                let calls: Vec<String> = elements(raw).map(|call| without_member(call, "extra_content")).collect();
                Some(format!("[{}]", calls.join(",")))
            }
            _ => Some(raw.to_owned()),
        }))
    })
}
