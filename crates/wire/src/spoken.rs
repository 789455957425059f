//! Which codec speaks a dialect: the only place where a dialect becomes code. Every call is a `match`.

use crate::{
    Dialect, Failure, Framing, Head, Operation, Peek, Usage,
    codec::{Codec, Decode, Encode, Translated},
    dialects::dialects,
    failure::said,
    hub::{Closing, Event},
    peek::{Answer, Meaning},
    report::{Passed, Report},
    seals::{Change, Which},
};

/// Each by the name of its dialect.
pub(crate) mod codecs {
    pub(crate) use crate::{anthropic::Messages, openai::ChatCompletions, responses::Responses};
}

macro_rules! dispatch {
    (
        translated { $($(#[$doc:meta])* $name:ident = $word:literal $(| $also:literal)*, $crd:literal,)+ }
        passed { $($(#[$pdoc:meta])* $pname:ident = $pword:literal $(| $palso:literal)*, $pcrd:literal,)* }
    ) => {
        /// `$body`, with `$spoken` as the codec of `$dialect`.
        macro_rules! spoken {
            ($dialect:expr, $spoken:ident => $body:expr) => {
                match $dialect {
                    $($crate::Dialect::$name => { #[allow(unused_imports)] use crate::codec::Codec as _; type $spoken = crate::spoken::codecs::$name; $body })+
                    $($crate::Dialect::$pname => { #[allow(unused_imports)] use crate::codec::Codec as _; type $spoken = crate::spoken::codecs::$pname; $body })*
                }
            };
        }

        /// The same of those that are translated; `None` for the others.
        macro_rules! translated {
            ($dialect:expr, $spoken:ident => $body:expr) => {
                match $dialect {
                    $($crate::Dialect::$name => { #[allow(unused_imports)] use crate::codec::{Codec as _, Translated as _}; type $spoken = crate::spoken::codecs::$name; Some($body) })+
                    $($crate::Dialect::$pname => None,)*
                }
            };
        }

        /// What reads streams.
        #[derive(Debug)]
        pub(crate) enum Decoder {
            $($name(<codecs::$name as Codec>::Decoder),)+
            $($pname(<codecs::$pname as Codec>::Decoder),)*
        }

        impl Decoder {
            pub(crate) fn of(dialect: Dialect) -> Self {
                match dialect {
                    $(Dialect::$name => Self::$name(Default::default()),)+
                    $(Dialect::$pname => Self::$pname(Default::default()),)*
                }
            }

            pub(crate) fn feed<'d>(
                &mut self,
                event: Option<&str>,
                data: &'d [u8],
                sink: &mut impl FnMut(Event<'d>),
            ) -> bool {
                match self {
                    $(Self::$name(decoder) => decoder.feed(event, data, sink),)+
                    $(Self::$pname(decoder) => decoder.feed(event, data, sink),)*
                }
            }
        }

        /// What writes them.
        #[derive(Debug)]
        pub(crate) enum Encoder {
            $($name(<codecs::$name as Translated>::Encoder),)+
        }

        impl Encoder {
            /// `None`: the dialect is not translated.
            pub(crate) fn of(
                dialect: Dialect,
                style: &crate::codec::Style<'_>,
                stamp: &crate::hub::Stamp<'_>,
            ) -> Option<Self> {
                match dialect {
                    $(Dialect::$name => Some(Self::$name(<codecs::$name as Translated>::encoder(style, stamp))),)+
                    $(Dialect::$pname => None,)*
                }
            }

            pub(crate) fn push(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name(encoder) => encoder.push(event, out),)+
                }
            }

            pub(crate) fn finish(&mut self, closing: &Closing, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name(encoder) => encoder.finish(closing, out),)+
                }
            }

            pub(crate) fn is_overfull(&self) -> bool {
                match self {
                    $(Self::$name(encoder) => encoder.is_overfull(),)+
                }
            }
        }
    };
}

dialects!(dispatch);

pub(crate) use {spoken, translated};

impl Dialect {
    /// The operation by which an answer is asked for in it.
    pub fn operation(self) -> Operation {
        spoken!(self, D => D::OPERATION)
    }

    /// How its streams are cut into events.
    pub fn framing(self) -> Framing {
        spoken!(self, D => D::FRAMING)
    }

    /// Whether a caller of another dialect can be answered by one who speaks this, and the other way round.
    pub fn is_translated(self) -> bool {
        translated!(self, _D => ()).is_some()
    }

    /// What is missing from a stream that ended well without its terminal event, where SDKs wait for one.
    pub fn last_word(self) -> &'static [u8] {
        spoken!(self, D => D::LAST_WORD)
    }
}

impl Peek {
    /// Reads one event of an `operation`'s stream. `event` is the SSE `event:` field.
    pub fn event(operation: Operation, event: Option<&str>, data: &[u8]) -> Self {
        let peek = spoken!(operation.dialect(), D => D::event(event, data));
        // What is called an error is one, whatever is in it (H13).
        if event == Some("error") && !matches!(peek.meaning, Meaning::Error(_)) {
            let failure = said::in_band(&String::from_utf8_lossy(data));
            return Self { usage: peek.usage, ..Self::of(Meaning::Error(failure)) };
        }
        peek
    }
}

/// Reads a whole 2xx JSON answer. An error in the body is a failure although HTTP said 200 (S7); a body that is not
/// JSON, or lacks what the operation must have, is [`crate::Kind::Malformed`].
pub fn answer(operation: Operation, body: &[u8]) -> Result<Answer, Failure> {
    spoken!(operation.dialect(), D => D::answer(operation, body))
}

/// The usage in an error body: some vendors bill a call that they fail (U5).
pub fn billed(operation: Operation, body: &[u8]) -> Option<Usage> {
    let head = Head::read(body).ok()?;
    let raw = head.present("usage")?;
    spoken!(operation.dialect(), D => D::usage(raw))
}

/// The body of an error answer of ours.
pub fn error(dialect: Dialect, report: &Report<'_>) -> bytes::Bytes {
    bytes::Bytes::from(spoken!(dialect, D => D::error(report)).to_string())
}

/// The event that ends a stream that broke after its first content (S1, S4): well-formed in the dialect of
/// `operation`, and never a clean end.
pub fn error_event(operation: Operation, report: &Report<'_>, passed: &Passed<'_>) -> bytes::Bytes {
    bytes::Bytes::from(spoken!(operation.dialect(), D => D::error_event(report, passed)))
}

/// What to change at the top level of `head`, a request for `operation`, so that no reasoning is in it that `which` names.
pub fn strip_seals(operation: Operation, head: &Head<'_>, which: Which) -> Vec<Change> {
    spoken!(operation.dialect(), D => D::strip_seals(head, which))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H13: what is called an error is one, whatever is in it, in every dialect.
    #[test]
    fn what_is_called_an_error_is_one() {
        for operation in Operation::ALL {
            for data in [
                r#"{"message":"boom","code":503}"#,
                r#"{"type":"content_block_delta","delta":{"text":"x"}}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"x"}}]}"#,
                "boom",
            ] {
                let peek = Peek::event(operation, Some("error"), data.as_bytes());
                let Meaning::Error(failure) = peek.meaning else { panic!("{operation:?}: {data} is no error") };
                assert_eq!(failure.status, data.contains("503").then_some(503), "{operation:?}: {data}");
            }
        }
    }

    #[test]
    fn every_dialect_is_asked_by_an_operation_of_its_own() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.operation().dialect(), dialect);
            assert!(dialect.operation().generates());
        }
    }
}
