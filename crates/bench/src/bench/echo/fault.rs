//! What goes wrong at an upstream, when a request on `/moody/...` asks for it: `x-bench-fault: resets 3`.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail};

/// The header that names who is to be told, by a connection, that a request has come which hangs.
pub(crate) const KNOCK: &str = "x-bench-knock";

/// A misfortune. Numbers are events of a stream with content that are sent before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An answer of status 503.
    Fails,
    /// No answer, until the caller gives up.
    Hangs,
    /// The connection is reset.
    Resets(usize),
    /// The connection ends, the answer does not.
    Closes(usize),
    /// The answer ends in order, the model's words do not.
    Truncates(usize),
    /// Silence, until the caller gives up.
    Stalls(usize),
    /// Half of a whole answer, then the connection ends.
    Halves,
    /// All of what was asked for, then the connection ends although nothing said that it would.
    Leaves,
    /// A login page of status 200.
    Html,
    /// All of a stream, with comments before its first content, and with content behind its end.
    Chatters(usize),
    /// Further interim answers before the whole one.
    Hints,
}

impl Fault {
    /// The header that asks for it.
    pub(crate) fn header(self) -> String {
        let text = match self {
            Self::Fails => "fails".to_owned(),
            Self::Hangs => "hangs".to_owned(),
            Self::Resets(events) => format!("resets {events}"),
            Self::Closes(events) => format!("closes {events}"),
            Self::Truncates(events) => format!("truncates {events}"),
            Self::Stalls(events) => format!("stalls {events}"),
            Self::Halves => "halves".to_owned(),
            Self::Leaves => "leaves".to_owned(),
            Self::Html => "html".to_owned(),
            Self::Chatters(events) => format!("chatters {events}"),
            Self::Hints => "hints".to_owned(),
        };
        format!("x-bench-fault: {text}")
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, number) = text.trim().split_once(' ').unwrap_or((text.trim(), "0"));
        let events = number.parse().with_context(|| format!("fault {text:?}"))?;
        Ok(match name {
            "fails" => Self::Fails,
            "hangs" => Self::Hangs,
            "resets" => Self::Resets(events),
            "closes" => Self::Closes(events),
            "truncates" => Self::Truncates(events),
            "stalls" => Self::Stalls(events),
            "halves" => Self::Halves,
            "leaves" => Self::Leaves,
            "html" => Self::Html,
            "chatters" => Self::Chatters(events),
            "hints" => Self::Hints,
            _ => bail!("no fault {text:?}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_as_it_is_written() {
        for fault in [
            Fault::Fails,
            Fault::Hangs,
            Fault::Resets(3),
            Fault::Closes(0),
            Fault::Truncates(12),
            Fault::Stalls(1),
            Fault::Halves,
            Fault::Leaves,
            Fault::Html,
            Fault::Chatters(4),
            Fault::Hints,
        ] {
            let (_, text) = fault.header().split_once(": ").map(|(n, t)| (n.to_owned(), t.to_owned())).unwrap();
            assert_eq!(text.parse::<Fault>().unwrap(), fault);
        }
        assert!("burns".parse::<Fault>().is_err() && "resets x".parse::<Fault>().is_err());
    }
}
