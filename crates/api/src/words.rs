//! Words that stand for closed types: those of the API, in both directions.

use outrigger_route::words::{Retention, Strategy};
use outrigger_wire::{Kind, Operation};

/// Failures of the request itself that a route may move on for.
const ALSO_ON: [Kind; 5] =
    [Kind::ContextLength, Kind::ContentPolicy, Kind::InvalidRequest, Kind::NotFound, Kind::TooLarge];

pub(crate) fn retention(retention: Retention) -> &'static str {
    match retention {
        Retention::Zero => "zero",
        Retention::Limited => "limited",
    }
}

/// A word that this build does not know is not "kept for no time".
pub(crate) fn read_retention(word: &str) -> Option<Retention> {
    [Retention::Zero, Retention::Limited].into_iter().find(|it| retention(*it) == word)
}

pub(crate) fn read_strategy(word: &str) -> Strategy {
    Strategy::ALL.into_iter().find(|it| it.as_str() == word).unwrap_or(Strategy::Priority)
}

pub(crate) fn read_operation(word: &str) -> Option<Operation> {
    Operation::ALL.into_iter().find(|it| it.path() == word)
}

pub(crate) fn read_also_on(word: &str) -> Option<Kind> {
    ALSO_ON.into_iter().find(|it| it.code() == word)
}
