//! What is said in each dialect: how one asks, how a good answer is written, how it is read, how an error looks.

use bytes::Bytes;
use serde_json::{Value, json};

/// An operation in the dialect of its vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    Chat,
    Completions,
    Messages,
    Responses,
    Embeddings,
    Count,
    Rerank,
    Moderations,
    Images,
    Transcription,
    Speech,
}

/// What a part of a streamed answer is, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It announces the answer and says nothing of it.
    Prelude,
    Content,
    /// The reason why it ended, and what it used.
    Finish,
    /// The last word.
    End,
}

/// What was read of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub text: String,
    /// Its terminal events; of a whole answer, 1.
    pub ends: usize,
    /// The codes of its error events.
    pub errors: Vec<String>,
    /// The last event is an error.
    pub last_is_error: bool,
}

const BOUNDARY: &str = "B";

impl Words {
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Messages => "/v1/messages",
            Self::Responses => "/v1/responses",
            Self::Embeddings => "/v1/embeddings",
            Self::Count => "/v1/messages/count_tokens",
            Self::Rerank => "/v1/rerank",
            Self::Moderations => "/v1/moderations",
            Self::Images => "/v1/images/generations",
            Self::Transcription => "/v1/audio/transcriptions",
            Self::Speech => "/v1/audio/speech",
        }
    }

    /// A provider that speaks this.
    pub fn preset(self) -> &'static str {
        if self.is_anthropic() { "anthropic" } else { "openai" }
    }

    fn is_anthropic(self) -> bool {
        matches!(self, Self::Messages | Self::Count)
    }

    /// A request to `route` whose prompt is so many bytes long: its content type and its body.
    pub fn request(self, route: &str, streamed: bool, length: usize) -> (String, String) {
        let prompt = "x".repeat(length);
        let messages = json!([{"role": "user", "content": prompt}]);
        let mut body = match self {
            Self::Chat => json!({"model": route, "messages": messages}),
            Self::Messages => json!({"model": route, "max_tokens": 64, "messages": messages}),
            Self::Count => json!({"model": route, "messages": messages}),
            Self::Completions => json!({"model": route, "prompt": prompt}),
            Self::Rerank => json!({"model": route, "query": prompt, "documents": ["d"]}),
            Self::Images => json!({"model": route, "prompt": prompt}),
            Self::Speech => json!({"model": route, "input": prompt, "voice": "v"}),
            Self::Responses | Self::Embeddings | Self::Moderations => json!({"model": route, "input": prompt}),
            Self::Transcription => return (format!("multipart/form-data; boundary={BOUNDARY}"), form(route, &prompt)),
        };
        if streamed {
            body["stream"] = json!(true);
        }
        ("application/json".to_owned(), body.to_string())
    }

    /// A good answer that is not streamed: its content type and its body, which holds `text`.
    pub fn whole(self, text: &str) -> (&'static str, String) {
        let body = match self {
            Self::Chat => json!({"id": "up", "object": "chat.completion", "created": 1, "model": "m-up", "choices":
                [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}),
            Self::Completions => json!({"id": "up", "object": "text_completion", "created": 1, "model": "m-up",
                "choices": [{"index": 0, "text": text, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}),
            Self::Messages => json!({"id": "up", "type": "message", "role": "assistant", "model": "m-up",
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 3, "output_tokens": 4}}),
            Self::Responses => json!({"id": "up", "object": "response", "status": "completed", "model": "m-up",
                "output": [{"id": "i", "type": "message", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": text, "annotations": []}]}],
                "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}}),
            Self::Embeddings => json!({"object": "list", "model": text,
                "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
                "usage": {"prompt_tokens": 3, "total_tokens": 3}}),
            Self::Count => json!({"input_tokens": 7, "said": text}),
            Self::Rerank => json!({"id": text, "results": [{"index": 0, "relevance_score": 0.5}]}),
            Self::Moderations => json!({"id": text, "model": "m-up", "results": [{"flagged": false}]}),
            Self::Images => json!({"created": 1, "data": [{"b64_json": text}]}),
            Self::Transcription => json!({"text": text}),
            Self::Speech => return ("audio/mpeg", text.to_owned()),
        };
        ("application/json", body.to_string())
    }

    /// A good answer in events, each with its blank line.
    pub fn events(self, texts: &[&str]) -> Vec<(Part, Bytes)> {
        let (before, said, finish, end) = match self {
            Self::Chat => (
                vec![chunk(&json!({"role": "assistant", "content": ""}), None)],
                texts.iter().map(|text| chunk(&json!({"content": text}), None)).collect(),
                vec![chunk(&json!({}), Some("stop"))],
                None,
            ),
            Self::Completions => {
                let chunk = |text: &str, finish: Value| {
                    json!({"id": "up", "object": "text_completion", "created": 1, "model": "m-up",
                        "choices": [{"index": 0, "text": text, "finish_reason": finish}]})
                };
                let said = texts.iter().map(|text| chunk(text, Value::Null)).collect();
                (vec![], said, vec![chunk("", json!("stop"))], None)
            }
            Self::Messages => (
                vec![
                    json!({"type": "message_start", "message": {"id": "up", "type": "message", "role": "assistant",
                        "model": "m-up", "content": [], "stop_reason": null, "stop_sequence": null,
                        "usage": {"input_tokens": 3, "output_tokens": 1}}}),
                    json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                ],
                texts
                    .iter()
                    .map(|text| {
                        json!({"type": "content_block_delta", "index": 0,
                    "delta": {"type": "text_delta", "text": text}})
                    })
                    .collect(),
                vec![
                    json!({"type": "content_block_stop", "index": 0}),
                    json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                        "usage": {"output_tokens": 4}}),
                ],
                Some(json!({"type": "message_stop"})),
            ),
            _ => (
                vec![json!({"type": "response.created", "sequence_number": 0,
                    "response": {"id": "up", "object": "response", "status": "in_progress", "output": []}})],
                texts
                    .iter()
                    .map(|text| {
                        json!({"type": "response.output_text.delta", "sequence_number": 1,
                    "item_id": "i", "output_index": 0, "content_index": 0, "delta": text})
                    })
                    .collect(),
                vec![],
                Some(json!({"type": "response.completed", "sequence_number": 2,
                    "response": {"id": "up", "object": "response", "status": "completed", "output": [],
                        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}}})),
            ),
        };
        let last = end.map_or_else(|| Bytes::from_static(b"data: [DONE]\n\n"), |end| self.event(&end));
        let parts = [(Part::Prelude, before), (Part::Content, said), (Part::Finish, finish)];
        let parts = parts.into_iter().flat_map(|(part, events): (Part, Vec<Value>)| {
            events.into_iter().map(move |event| (part, self.event(&event)))
        });
        parts.chain([(Part::End, last)]).collect()
    }

    /// One event, named where the vendor names them.
    pub fn event(self, event: &Value) -> Bytes {
        match event["type"].as_str().filter(|_| matches!(self, Self::Messages | Self::Responses)) {
            Some(kind) => format!("event: {kind}\ndata: {event}\n\n").into(),
            None => format!("data: {event}\n\n").into(),
        }
    }

    /// An error within a stream as the vendor words it.
    pub fn error_event(self, message: &str) -> Bytes {
        self.event(&match self {
            Self::Messages => {
                json!({"type": "error", "error": {"type": "overloaded_error", "message": message}})
            }
            Self::Responses => {
                json!({"type": "error", "sequence_number": 2, "code": "server_error", "message": message, "param": null})
            }
            _ => json!({"error": {"message": message, "type": "server_error", "param": null, "code": null}}),
        })
    }

    /// The body of an error as the vendor words it.
    pub fn error_body(self, kind: &str, message: &str) -> String {
        match self.is_anthropic() {
            true => json!({"type": "error", "error": {"type": kind, "message": message}}),
            false => json!({"error": {"message": message, "type": kind, "param": null, "code": null}}),
        }
        .to_string()
    }

    /// Reads an answer that is not streamed; `None`: it is none.
    pub fn read_whole(self, body: &[u8]) -> Option<Read> {
        let text = match self {
            Self::Speech => String::from_utf8_lossy(body).into_owned(),
            _ => {
                let body: Value = serde_json::from_slice(body).ok()?;
                body.pointer(self.place())?.as_str()?.to_owned()
            }
        };
        Some(Read { text, ends: 1, ..Read::default() })
    }

    /// Where the text of a whole answer lies.
    fn place(self) -> &'static str {
        match self {
            Self::Chat => "/choices/0/message/content",
            Self::Completions => "/choices/0/text",
            Self::Messages => "/content/0/text",
            Self::Responses => "/output/0/content/0/text",
            Self::Embeddings => "/model",
            Self::Count => "/said",
            Self::Rerank | Self::Moderations => "/id",
            Self::Images => "/data/0/b64_json",
            Self::Transcription | Self::Speech => "/text",
        }
    }

    /// Reads the events of a streamed answer, with whatever line ends.
    pub fn read_events(self, body: &[u8]) -> Read {
        let text = String::from_utf8_lossy(body).replace("\r\n", "\n").replace('\r', "\n");
        let mut read = Read::default();
        for block in text.trim_start_matches('\u{feff}').split("\n\n") {
            let data: Vec<_> =
                block.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start).collect();
            let data = data.join("\n");
            if data.is_empty() {
                continue;
            }
            read.last_is_error = false;
            read.ends += usize::from(data == "[DONE]" && matches!(self, Self::Chat | Self::Completions));
            let Ok(event) = serde_json::from_str::<Value>(&data) else { continue };
            if let Some(code) = self.error_code(&event) {
                read.errors.push(code);
                read.last_is_error = true;
                continue;
            }
            let said = match self {
                Self::Chat => &event["choices"][0]["delta"]["content"],
                Self::Completions => &event["choices"][0]["text"],
                Self::Messages => &event["delta"]["text"],
                _ => Some(&event["delta"])
                    .filter(|_| event["type"] == "response.output_text.delta")
                    .unwrap_or(&Value::Null),
            };
            read.text += said.as_str().unwrap_or_default();
            read.ends += usize::from(["message_stop", "response.completed"].iter().any(|kind| event["type"] == **kind));
        }
        read
    }

    /// The code of an error event.
    fn error_code(self, event: &Value) -> Option<String> {
        let code = match self {
            Self::Responses => event.get("code").filter(|_| event["type"] == "error")?,
            Self::Messages => event["error"].get("code").filter(|_| event["type"] == "error")?,
            _ => event.get("error")?.get("code")?,
        };
        Some(code.as_str().unwrap_or("none").to_owned())
    }

    /// What is wrong with the body of an error that is to have this code.
    pub fn fault_of_error(self, body: &[u8], code: &str) -> Option<String> {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return Some("the error is not JSON".to_owned()) };
        let error = &body["error"];
        let shaped = match self.is_anthropic() {
            true => body["type"] == "error" && body["request_id"].is_string(),
            false => error.get("param").is_some(),
        };
        let said = error["message"].as_str().is_some_and(|message| !message.is_empty());
        let whole = shaped && said && error["type"].is_string() && error["code"] == code;
        (!whole).then(|| format!("not an error of this dialect with the code {code}: {body}"))
    }
}

fn chunk(delta: &Value, finish: Option<&str>) -> Value {
    json!({"id": "up", "object": "chat.completion.chunk", "created": 1, "model": "m-up",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

fn form(route: &str, prompt: &str) -> String {
    format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n{prompt}\r\n\
         --{BOUNDARY}\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{route}\r\n--{BOUNDARY}--\r\n"
    )
}
