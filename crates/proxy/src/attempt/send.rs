//! One request on the wire, and what its transport errors mean.

use std::error::Error as _;

use http::Response;
use hyper::body::Incoming;
use outrigger_wire::{Failure, Kind};

use super::prepare::Prepared;
use crate::upstream::{ConnectTimeout, Pool};

/// Sends and waits for the head of the answer.
pub(super) async fn send(pool: &Pool, prepared: Prepared) -> Result<Response<Incoming>, Failure> {
    pool.request(prepared.request).await.map_err(|error| {
        let cause = innermost(&error);
        if !error.is_connect() {
            return Failure::local(Kind::Reset, format!("the connection broke before an answer came: {cause}"));
        }
        let kind = if timed_out(&error) { Kind::ConnectTimeout } else { Kind::Connect };
        Failure::local(kind, format!("could not connect: {cause}"))
    })
}

fn timed_out(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<ConnectTimeout>() || error.source().is_some_and(timed_out)
}

/// The last cause of an error: what the operating system or TLS said.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
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
