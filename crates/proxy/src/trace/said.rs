//! What was asked and answered, on a route whose traces say it.

use outrigger_wire::{
    Operation,
    conversation::{Answered, Asked, Listener, answered, asked},
    sse::Frame,
};

use super::span::Value;

/// Most bytes of text that a span says of what was asked, and of what was answered.
const MOST: usize = 64 << 10;

/// What was said so far of one request.
#[derive(Debug)]
pub(crate) struct Said {
    asked: Option<Asked>,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    /// It is told in any case: what comes is heard.
    Awaited,
    Stream(Box<Listener>),
    Whole(Option<Answered>),
    /// Nobody hears it.
    Unheard,
}

impl Said {
    /// Of `body`, a request for `operation`. `hears`: what is answered, too.
    pub(crate) fn begin(operation: Operation, body: &[u8], hears: bool) -> Box<Self> {
        let answer = if hears { Answer::Awaited } else { Answer::Unheard };
        Box::new(Self { asked: asked(operation, body, MOST), answer })
    }

    /// A whole answer to `operation` has come.
    pub(crate) fn whole(&mut self, operation: Operation, body: &[u8]) {
        if let Answer::Awaited = self.answer {
            self.answer = Answer::Whole(answered(operation, body, MOST));
        }
    }

    /// An event of a stream has come, in the dialect of `operation`.
    pub(crate) fn event(&mut self, operation: Operation, frame: &Frame) {
        if let Answer::Awaited = self.answer {
            self.answer = Listener::new(operation, MOST).map_or(Answer::Unheard, |it| Answer::Stream(Box::new(it)));
        }
        let Answer::Stream(listener) = &mut self.answer else { return };
        let fields = frame.fields();
        if let Some(data) = fields.data {
            listener.feed(fields.event, &data);
        }
    }

    /// What its span says of it.
    pub(crate) fn attributes(self) -> Vec<(&'static str, Value)> {
        let answered = match self.answer {
            Answer::Stream(listener) => listener.finish(),
            Answer::Whole(answered) => answered,
            Answer::Awaited | Answer::Unheard => None,
        };
        let mut all = Vec::with_capacity(4);
        let mut cut = false;
        let mut say = |name, json: String| all.push((name, Value::Text(json.into())));
        if let Some(asked) = self.asked {
            asked.instructions.into_iter().for_each(|json| say("gen_ai.system_instructions", json));
            say("gen_ai.input.messages", asked.messages);
            cut |= asked.cut;
        }
        if let Some(answered) = answered {
            say("gen_ai.output.messages", answered.messages);
            cut |= answered.cut;
        }
        if cut {
            all.push(("outrigger.content.truncated", Value::Flag(true)));
        }
        all
    }
}
