//! What becomes of asking a sidecar.

/// What became of asking a sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Elsewhere,
    Stranger,
    Unreachable,
    Late,
    Refused,
    Large,
    Unreadable,
    Nowhere,
}

/// In the order of their declaration.
pub(crate) const OUTCOMES: [Outcome; 9] = [
    Outcome::Ok,
    Outcome::Elsewhere,
    Outcome::Stranger,
    Outcome::Unreachable,
    Outcome::Late,
    Outcome::Refused,
    Outcome::Large,
    Outcome::Unreadable,
    Outcome::Nowhere,
];

impl Outcome {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Elsewhere => "elsewhere",
            Self::Stranger => "stranger",
            Self::Unreachable => "unreachable",
            Self::Late => "late",
            Self::Refused => "refused",
            Self::Large => "large",
            Self::Unreadable => "unreadable",
            Self::Nowhere => "nowhere",
        }
    }
}
