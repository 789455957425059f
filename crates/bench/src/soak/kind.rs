//! What kinds of request a soak sends, how often, and what the sidecar counts each of them as.

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// A whole answer in the caller's dialect.
    Whole,
    /// A stream in the caller's dialect.
    Streamed,
    /// A whole answer of an upstream of the other dialect.
    TranslatedWhole,
    /// A stream of an upstream of the other dialect.
    TranslatedStream,
    /// The primary answers 503, the next target answers.
    FailsHidden,
    /// The only target answers 503.
    Fails,
    /// The primary refuses connections, the next target answers.
    Refused,
    /// The primary resets the connection before its first content, the next target answers.
    ResetHidden,
    /// The connection is reset in the middle of a stream.
    Reset,
    /// The connection is closed in the middle of a stream.
    Closed,
    /// The stream ends in order, but without the model's end.
    Truncated,
    /// The primary sends half of a whole answer, the next target all of it.
    HalvedHidden,
    /// The only target sends half of a whole answer.
    Halved,
    /// The primary says nothing until `firstToken` is over, the next target answers.
    Hangs,
    /// The primary breaks in the middle of a stream, the next target goes on with it.
    Continued,
    /// The primary answers, and then closes its connection without having said so.
    Stale,
    /// The primary answers 200 with a page for people, the next target answers.
    HtmlHidden,
    /// The primary's stream has comments before its content, and content behind its end.
    Chatters,
    /// The primary sends hints before its answer.
    Hints,
    /// The caller leaves in the middle of a stream.
    LeavesStream,
    /// The caller leaves before anything of its answer has come.
    LeavesWaiting,
    /// The body is no request.
    Malformed,
    /// Nobody knows the model.
    Unknown,
}

/// What the sidecar counts a request as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    Error,
    Broken,
    Cancelled,
}

impl Outcome {
    pub(super) const ALL: [Self; 4] = [Self::Ok, Self::Error, Self::Broken, Self::Cancelled];

    /// The label of the metric.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Broken => "broken",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A kind and what is known of it beforehand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    /// How many of a thousand requests are of this kind. Those that speak against a target are so few that it seldom
    /// cools: a target that cools is not asked, and what it was told to do wrong does not happen.
    pub(super) weight: u64,
    pub(super) outcome: Outcome,
}

const fn row(kind: Kind, name: &'static str, weight: u64, outcome: Outcome) -> Row {
    Row { kind, name, weight, outcome }
}

/// Every kind, in the order of its declaration.
pub(super) const KINDS: [Row; 23] = [
    row(Kind::Whole, "whole", 321, Outcome::Ok),
    row(Kind::Streamed, "stream", 260, Outcome::Ok),
    row(Kind::TranslatedWhole, "translated whole", 110, Outcome::Ok),
    row(Kind::TranslatedStream, "translated stream", 90, Outcome::Ok),
    row(Kind::FailsHidden, "503, hidden", 14, Outcome::Ok),
    row(Kind::Fails, "503", 6, Outcome::Error),
    row(Kind::Refused, "refused, hidden", 30, Outcome::Ok),
    row(Kind::ResetHidden, "reset early, hidden", 8, Outcome::Ok),
    row(Kind::Reset, "reset", 8, Outcome::Broken),
    row(Kind::Closed, "closed", 6, Outcome::Broken),
    row(Kind::Truncated, "truncated stream", 6, Outcome::Broken),
    row(Kind::HalvedHidden, "half an answer, hidden", 6, Outcome::Ok),
    row(Kind::Halved, "half an answer", 4, Outcome::Error),
    row(Kind::Hangs, "hangs, hidden", 1, Outcome::Ok),
    row(Kind::Continued, "continued", 6, Outcome::Ok),
    row(Kind::Stale, "closed behind its answer", 16, Outcome::Ok),
    row(Kind::HtmlHidden, "page for people, hidden", 6, Outcome::Ok),
    row(Kind::Chatters, "comments, and a late event", 8, Outcome::Ok),
    row(Kind::Hints, "hints before the answer", 4, Outcome::Ok),
    row(Kind::LeavesStream, "caller leaves stream", 20, Outcome::Cancelled),
    row(Kind::LeavesWaiting, "caller leaves early", 10, Outcome::Cancelled),
    row(Kind::Malformed, "malformed", 30, Outcome::Error),
    row(Kind::Unknown, "unknown model", 30, Outcome::Error),
];

impl Kind {
    /// The place in [`KINDS`].
    pub(super) fn at(self) -> usize {
        self as usize
    }

    pub(super) fn name(self) -> &'static str {
        KINDS[self.at()].name
    }

    /// Whether it takes an upstream that fails after it was reached.
    pub(super) fn fails_upstream(self) -> bool {
        match self {
            Self::FailsHidden
            | Self::Fails
            | Self::ResetHidden
            | Self::Reset
            | Self::Closed
            | Self::Truncated
            | Self::HalvedHidden
            | Self::Halved
            | Self::Hangs
            | Self::HtmlHidden
            | Self::Continued => true,
            Self::Whole
            | Self::Streamed
            | Self::TranslatedWhole
            | Self::TranslatedStream
            | Self::Refused
            | Self::Stale
            | Self::Chatters
            | Self::Hints
            | Self::LeavesStream
            | Self::LeavesWaiting
            | Self::Malformed
            | Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_at_its_place_and_their_weights_are_a_thousand() {
        for (at, row) in KINDS.iter().enumerate() {
            assert_eq!(row.kind.at(), at, "{}", row.name);
        }
        assert_eq!(KINDS.iter().map(|row| row.weight).sum::<u64>(), 1000);
    }
}
