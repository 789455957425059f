//! An answer of the wrong kind in its own dialect: whole where a stream was asked for, and the other way round (H13).
//!
//! Only what can be turned without leaving anything out is: one choice of text, refusal, plain reasoning and calls.

use crate::{
    Dialect, Failure, Kind, Operation,
    codec::{Encode, Style},
    hub::{Answer, Call, Closing, Event, Fold, Piece, Stamp, Thought},
    spoken::{Decoder, translated},
};

/// The whole answer `body` of `operation` as events of the same dialect. `None`: it cannot be turned without leaving out a
/// part of it, or it is no answer.
pub fn events(operation: Operation, body: &[u8], stamp: &Stamp<'_>) -> Option<Vec<u8>> {
    if operation != operation.dialect().operation() {
        return None;
    }
    translated!(operation.dialect(), D => {
        if D::has_more_in_answer(body) {
            return None;
        }
        let answer = plain(D::read_answer(body).ok()?)?;
        let style = Style { include_usage: true, ..Style::default() };
        let (mut encoder, mut out) = (D::encoder(&style, stamp), Vec::with_capacity(body.len() * 2));
        replay(&answer, |event| encoder.push(&event, &mut out));
        encoder.finish(&Closing::default(), &mut out);
        out
    })
}

/// One that ended, and of which nothing is left out.
fn plain(answer: Answer<'_>) -> Option<Answer<'_>> {
    let turns = |piece: &Piece<'_>| match piece {
        Piece::Text(_) | Piece::Refusal(_) => true,
        Piece::Thought(Thought { seal, redacted, .. }) => seal.is_none() && !redacted,
        Piece::Call(Call { extra, .. }) => extra.is_none(),
    };
    (answer.stop.is_some() && answer.lost.is_empty() && answer.pieces.iter().all(turns)).then_some(answer)
}

fn replay<'a>(answer: &'a Answer<'_>, mut sink: impl FnMut(Event<'a>)) {
    sink(Event::Usage(answer.usage.clone()));
    sink(Event::Start { id: (&*answer.id).into(), model: (&*answer.model).into() });
    let mut number = 0;
    for piece in &answer.pieces {
        match piece {
            Piece::Text(text) => sink(Event::Text((&**text).into())),
            Piece::Refusal(text) => sink(Event::Refusal((&**text).into())),
            Piece::Thought(thought) => sink(Event::Thought((&*thought.text).into())),
            Piece::Call(Call { id, name, input, .. }) => {
                sink(Event::Call { call: number, id: (&**id).into(), name: (&**name).into(), extra: None });
                sink(Event::Input { call: number, json: (&**input).into() });
                number += 1;
            }
        }
    }
    if let Some((stop, native)) = &answer.stop {
        let sequence = answer.sequence.as_deref().map(Into::into);
        sink(Event::Stop { stop: *stop, native: (&**native).into(), sequence });
    }
}

/// Gathers events into the whole answer that they add up to.
#[derive(Debug)]
pub struct Gather {
    dialect: Dialect,
    decoder: Decoder,
    fold: Fold,
    /// A part of it cannot be turned.
    lost: bool,
}

impl Gather {
    /// `None`: streams of `operation` are not turned.
    pub fn new(operation: Operation) -> Option<Self> {
        let dialect = operation.dialect();
        let turns = dialect.is_translated() && operation == dialect.operation();
        let decoder = turns.then(|| Decoder::of(dialect))?;
        Some(Self { dialect, decoder, fold: Fold::default(), lost: false })
    }

    /// Adds the data of one event.
    pub fn feed(&mut self, event: Option<&str>, data: &[u8]) {
        let (fold, lost) = (&mut self.fold, &mut self.lost);
        let mut sink = |event: Event<'_>| {
            *lost |= matches!(event, Event::Lost(_) | Event::Seal { .. } | Event::Redacted { .. });
            fold.add(&event);
        };
        self.decoder.feed(event, data, &mut sink);
        self.lost |= translated!(self.dialect, D => D::has_more_in_event(data)).unwrap_or(true);
    }

    /// The whole answer, when the stream has ended.
    ///
    /// # Errors
    /// [`Kind::Malformed`] where a part of it would be left out, [`Kind::Truncated`] where it never said why it ended.
    pub fn finish(self, stamp: &Stamp<'_>) -> Result<Vec<u8>, Failure> {
        let answer = self.fold.finish();
        if answer.stop.is_none() {
            return Err(Failure::local(Kind::Truncated, "the stream ended without a finish reason"));
        }
        let Some(answer) = plain(answer).filter(|_| !self.lost) else {
            let text = "a stream of events came where a whole answer was asked for, and it has no whole form";
            return Err(Failure::local(Kind::Malformed, text));
        };
        let written = translated!(self.dialect, D => D::write_answer(&answer, &Style::default(), stamp));
        Ok(written.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sse::Framer;

    const STAMP: Stamp<'static> = Stamp { created: 7, request_id: "gen-1" };

    fn chat() -> Value {
        json!({"id": "c1", "object": "chat.completion", "created": 7, "model": "m", "choices": [{"index": 0,
            "message": {"role": "assistant", "content": "Hello", "reasoning_content": "hm", "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}},
                {"id": "t2", "type": "function", "function": {"name": "go", "arguments": "{}"}}]},
            "logprobs": null, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}})
    }

    fn message() -> Value {
        json!({"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [
            {"type": "text", "text": "Hello"}, {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}],
            "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 3, "output_tokens": 5}})
    }

    fn gathered(operation: Operation, events: &[u8]) -> Result<Vec<u8>, Failure> {
        let (mut framer, mut gather) = (Framer::default(), Gather::new(operation).unwrap());
        framer.feed(events.to_vec().into()).unwrap();
        while let Some(frame) = framer.next_frame() {
            let fields = frame.fields();
            if let Some(data) = fields.data {
                gather.feed(fields.event, &data);
            }
        }
        gather.finish(&STAMP)
    }

    /// H13: there and back, an answer is the same.
    #[test]
    fn a_whole_answer_and_its_stream_say_the_same() {
        for (operation, answer) in [(Operation::ChatCompletions, chat()), (Operation::Messages, message())] {
            let body = answer.to_string();
            let events = events(operation, body.as_bytes(), &STAMP).unwrap();
            let again = gathered(operation, &events).unwrap();
            let read = |body: &[u8]| {
                let of = crate::spoken::answer(operation, body).unwrap();
                let usage = of.usage.unwrap();
                (of.finish, usage.input, usage.output)
            };
            assert_eq!(read(&again), read(body.as_bytes()));
            let (a, b): (Value, Value) = (serde_json::from_slice(&again).unwrap(), answer);
            for place in ["/id", "/model", "/content", "/choices/0/message/content", "/choices/0/message/tool_calls"] {
                assert_eq!(a.pointer(place), b.pointer(place), "{place}");
            }
        }
    }

    /// H13: what would lose a part is not turned.
    #[test]
    fn what_has_no_other_form_is_left_as_it_is() {
        let with = |place: &str, value: Value| {
            let mut answer = chat();
            match place {
                "choices" => answer["choices"] = value,
                key => answer["choices"][0][key] = value,
            }
            events(Operation::ChatCompletions, answer.to_string().as_bytes(), &STAMP).is_some()
        };
        assert!(with("logprobs", Value::Null));
        assert!(!with("logprobs", json!({"content": []})));
        assert!(!with("finish_reason", Value::Null));
        assert!(!with("choices", json!([])));
        assert!(!with("choices", json!([chat()["choices"][0], chat()["choices"][0]])));
        assert!(!with("message", json!({"content": "x", "annotations": [{"type": "url_citation"}]})));
        assert!(events(Operation::Responses, b"{}", &STAMP).is_none());
        assert!(events(Operation::ChatCompletions, b"<html>", &STAMP).is_none());
        let of = |events: &[u8]| gathered(Operation::ChatCompletions, events).unwrap_err().kind;
        let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
        let second = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\n";
        assert_eq!(of(format!("{second}{end}").as_bytes()), Kind::Malformed);
        assert_eq!(of(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n"), Kind::Truncated);
    }
}
