//! The surfaces that stream, behind one face, so that a rule is told once and holds on each of them (S5): three in which
//! the provider speaks the caller's dialect, and two in translation.

use serde_json::{Value, json};

use crate::harness::*;

/// The operations that stream generated text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Chat,
    Messages,
    Responses,
    /// A chat caller, a provider that speaks Anthropic's dialect.
    ChatInTranslation,
    /// A Messages caller, a provider that speaks OpenAI's dialect.
    MessagesInTranslation,
}

/// Tells a story on every surface, side by side.
pub async fn on_each(story: impl AsyncFn(Surface)) {
    tokio::join!(
        story(Surface::Chat),
        story(Surface::Messages),
        story(Surface::Responses),
        story(Surface::ChatInTranslation),
        story(Surface::MessagesInTranslation),
    );
}

impl Surface {
    /// The surface as the caller sees it.
    fn caller(self) -> Self {
        match self {
            Self::ChatInTranslation => Self::Chat,
            Self::MessagesInTranslation => Self::Messages,
            own => own,
        }
    }

    /// The surface that the provider speaks.
    pub fn spoken(self) -> Self {
        match self {
            Self::ChatInTranslation => Self::Messages,
            Self::MessagesInTranslation => Self::Chat,
            own => own,
        }
    }

    pub fn is_translated(self) -> bool {
        self.caller() != self.spoken()
    }

    pub fn path(self) -> &'static str {
        match self.caller() {
            Self::Chat => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
            _ => "/v1/responses",
        }
    }

    /// A provider that speaks this surface's dialect.
    pub fn preset(self) -> &'static str {
        if self.spoken() == Self::Messages { "anthropic" } else { "openai" }
    }

    /// A request to route `r` that is not streamed.
    pub fn whole_request(self) -> Value {
        match self.caller() {
            Self::Chat => chat("r"),
            Self::Messages => message("r"),
            _ => json!({"model": "r", "input": "hello"}),
        }
    }

    /// A streamed request to a route.
    pub fn request_to(self, route: &str) -> Value {
        let mut request = self.whole_request();
        request["model"] = json!(route);
        request["stream"] = json!(true);
        request
    }

    /// A streamed request to route `r`.
    pub fn request(self) -> Value {
        self.request_to("r")
    }

    /// A policy of these providers, best first, under route `r`.
    pub fn policy(self, upstreams: &[&Upstream], change: impl FnOnce(Route) -> Route) -> Policy {
        let names = &["a", "b", "c"][..upstreams.len()];
        let providers = names.iter().zip(upstreams).fold(Policy::new(), |policy, (name, upstream)| {
            policy.provider_with(name, upstream.base_url(), |provider| provider.preset(self.preset()))
        });
        providers.route_with("r", names, change)
    }

    fn event(self, event: &Value) -> Ev {
        if self.spoken() == Self::Chat {
            Ev::data(event)
        } else {
            Ev::named(event["type"].as_str().unwrap_or(""), event)
        }
    }

    fn chunk(delta: &Value, finish: Option<&str>) -> Value {
        json!({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1, "model": "m-up",
            "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]})
    }

    /// All that comes before content and is none: role, start events, a ping. `prompt` tokens are announced where the
    /// dialect announces them so early.
    pub fn prelude_with(self, prompt: u64) -> Vec<Ev> {
        let events = match self.spoken() {
            Self::Chat => vec![Self::chunk(&json!({"role": "assistant", "content": ""}), None)],
            Self::Messages => vec![
                json!({"type": "message_start", "message": {"id": "msg_up", "type": "message", "role": "assistant",
                    "model": "m-up", "content": [], "stop_reason": null, "stop_sequence": null,
                    "usage": {"input_tokens": prompt, "output_tokens": 1}}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ],
            _ => vec![
                json!({"type": "response.created", "sequence_number": 0,
                    "response": {"id": "resp_up", "object": "response", "status": "in_progress", "output": []}}),
                json!({"type": "response.output_item.added", "sequence_number": 1, "output_index": 0,
                    "item": {"id": "i", "type": "message", "role": "assistant", "content": []}}),
            ],
        };
        events.iter().map(|event| self.event(event)).chain([self.ping()]).collect()
    }

    pub fn prelude(self) -> Vec<Ev> {
        self.prelude_with(PROMPT_TOKENS)
    }

    /// A sign of life that is no content.
    pub fn ping(self) -> Ev {
        match self.spoken() {
            Self::Chat => Ev::comment("keep-alive"),
            Self::Messages => self.event(&json!({"type": "ping"})),
            _ => self.event(&json!({"type": "response.in_progress", "sequence_number": 2,
                "response": {"id": "resp_up", "object": "response", "status": "in_progress"}})),
        }
    }

    pub fn text(self, text: &str) -> Ev {
        self.event(&match self.spoken() {
            Self::Chat => Self::chunk(&json!({"content": text}), None),
            Self::Messages => {
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
            }
            _ => json!({"type": "response.output_text.delta", "sequence_number": 3, "item_id": "i",
                "output_index": 0, "content_index": 0, "delta": text}),
        })
    }

    /// A piece of reasoning.
    pub fn thought(self, thought: &str) -> Ev {
        self.event(&match self.spoken() {
            Self::Chat => Self::chunk(&json!({"reasoning_content": thought}), None),
            Self::Messages => {
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": thought}})
            }
            _ => json!({"type": "response.reasoning_summary_text.delta", "sequence_number": 3,
                "item_id": "i", "output_index": 0, "summary_index": 0, "delta": thought}),
        })
    }

    /// The finish and the terminal event.
    pub fn close(self) -> Vec<Ev> {
        let events = match self.spoken() {
            Self::Chat => {
                let mut usage = Self::chunk(&json!({}), None);
                usage["choices"] = json!([]);
                usage["usage"] = json!({"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS,
                    "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS});
                vec![Self::chunk(&json!({}), Some("stop")), usage]
            }
            Self::Messages => vec![
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                    "usage": {"output_tokens": COMPLETION_TOKENS}}),
                json!({"type": "message_stop"}),
            ],
            _ => vec![json!({"type": "response.completed", "sequence_number": 4,
                "response": {"id": "resp_up", "object": "response", "status": "completed", "output": [],
                    "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS,
                        "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS}}})],
        };
        let done = (self.spoken() == Self::Chat).then(Ev::done);
        events.iter().map(|event| self.event(event)).chain(done).collect()
    }

    /// An error inside a stream, as the vendor words it.
    pub fn error(self, message: &str) -> Ev {
        self.event(&match self.spoken() {
            Self::Chat => json!({"error": {"message": message, "type": "server_error", "code": null}}),
            Self::Messages => messages_error_body("api_error", message),
            _ => json!({"type": "error", "sequence_number": 4, "code": "server_error",
                "message": message, "param": null}),
        })
    }

    /// A prelude and these texts, without an end.
    pub fn begun(self, texts: &[&str]) -> Vec<Ev> {
        self.prelude().into_iter().chain(texts.iter().map(|text| self.text(text))).collect()
    }

    /// A whole answer in events.
    pub fn events(self, texts: &[&str]) -> Vec<Ev> {
        self.begun(texts).into_iter().chain(self.close()).collect()
    }

    pub fn stream(self, texts: &[&str]) -> Reply {
        Reply::sse(self.events(texts))
    }

    /// An answer that is not streamed.
    pub fn whole(self, text: &str) -> Reply {
        match self.spoken() {
            Self::Chat => chat_ok(text),
            Self::Messages => messages_ok(text),
            _ => Reply::json(
                200,
                json!({"id": "resp_up", "object": "response", "created_at": 1, "status": "completed", "model": "m-up",
                    "output": [{"id": "i", "type": "message", "role": "assistant", "status": "completed",
                        "content": [{"type": "output_text", "text": text, "annotations": []}]}],
                    "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS,
                        "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS}}),
            ),
        }
    }

    /// What the model said.
    pub fn said(self, streamed: &Streamed) -> String {
        let events = streamed.events.iter().filter_map(|event| serde_json::from_str::<Value>(&event.data).ok());
        let texts = events.map(|event| {
            let text = event["choices"][0]["delta"]["content"].as_str().or(event["delta"]["text"].as_str());
            let text = text.or(event["delta"].as_str().filter(|_| event["type"] == "response.output_text.delta"));
            text.unwrap_or("").to_owned()
        });
        texts.collect()
    }

    fn count(streamed: &Streamed, is: impl Fn(&Value) -> bool) -> usize {
        streamed.events.iter().filter_map(|event| serde_json::from_str(&event.data).ok()).filter(is).count()
    }

    /// (starts, terminal events other than `[DONE]`, `[DONE]`s, error events).
    fn shape(self, streamed: &Streamed) -> (usize, usize, usize, usize) {
        let typed = |kind: &str| Self::count(streamed, |event| event["type"] == kind);
        let done = streamed.events.iter().filter(|event| event.data == "[DONE]").count();
        match self.caller() {
            Self::Chat => (
                Self::count(streamed, |event| event["choices"][0]["delta"]["role"] == "assistant"),
                Self::count(streamed, |event| event["choices"][0]["finish_reason"] == "stop"),
                done,
                Self::count(streamed, |event| !event["error"].is_null()),
            ),
            Self::Messages => (typed("message_start"), typed("message_stop"), done, typed("error")),
            _ => (typed("response.created"), typed("response.completed"), done, typed("error")),
        }
    }

    /// One seamless answer: one start, one end, no error, `[DONE]` once for chat and never elsewhere.
    pub fn assert_whole(self, streamed: &Streamed, text: &str) {
        let told = (streamed.status, self.said(streamed), streamed.end, self.shape(streamed));
        let done = usize::from(self.caller() == Self::Chat);
        assert_eq!(told, (200, text.to_owned(), End::Clean, (1, 1, done, 0)), "{self:?}: {}", streamed.text());
    }

    /// An answer that broke in the middle and says so: what was said once, then one error event of this code in the
    /// caller's dialect as the very last event, no terminal event, an abnormal end.
    pub fn assert_broken(self, streamed: &Streamed, text: &str, code: &str) {
        let told = (streamed.status, self.said(streamed), streamed.end, self.shape(streamed));
        assert_eq!(told, (200, text.to_owned(), End::Abnormal, (1, 0, 0, 1)), "{self:?}: {}", streamed.text());
        let last = streamed.events.last().expect("an event");
        let error = last.json();
        let (name, said) = match self.caller() {
            Self::Chat => (None, &error["error"]),
            Self::Messages => (Some("error"), &error["error"]),
            _ => (Some("error"), &error),
        };
        assert_eq!((last.name.as_deref(), &said["code"]), (name, &json!(code)), "{self:?}: {error}");
        assert!(said["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}: {error}");
    }
}

/// The metrics, once so many requests are settled: that is a moment after their callers have seen the end.
pub async fn settled(sidecar: &Sidecar, requests: usize) -> Metrics {
    let begun = std::time::Instant::now();
    loop {
        let metrics = sidecar.metrics().await;
        if metrics.sum("outrigger_requests_total", &[]) >= requests as f64 {
            return metrics;
        }
        assert!(begun.elapsed() < PATIENCE, "waited for {requests} requests to settle: {metrics:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
