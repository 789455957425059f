//! What transport errors mean.

use std::error::Error as _;

use outrigger_wire::{Failure, Kind};

/// The last cause of an error: what the operating system or TLS said.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// What a broken body says.
pub(crate) fn broken(error: &hyper::Error) -> Failure {
    let cause = error.source().map_or_else(|| error.to_string(), innermost);
    Failure::local(Kind::Reset, format!("the connection broke in the answer: {cause}"))
}
