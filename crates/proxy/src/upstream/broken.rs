//! What it means that a connection broke before the head of an answer came.

use std::error::Error as _;

use http::Request;
use hyper::client::conn::TrySendError;
use outrigger_wire::{Failure, Kind};

use super::{
    sent::{Sent, Unsent},
    transport::innermost,
};

/// A request that got no answer.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) how: How,
    /// The peer refused this stream of HTTP/2 as one too many.
    pub(super) refused: bool,
    /// It speaks no more against the peer than a connection that had served before: the peer said GOAWAY and had not begun
    /// with this stream, or answered others on the same connection.
    pub(super) excused: bool,
    /// `None`: nobody said.
    error: Option<hyper::Error>,
}

/// How far it had got.
#[derive(Debug)]
pub(super) enum How {
    /// Nothing of it was sent: here it is again.
    Unsent(Unsent),
    /// Not one byte came back.
    Unheard,
    /// Something came back, which was no answer.
    Answered,
}

impl Broken {
    /// On a connection of HTTP/1.1; `heard`: bytes had come.
    pub(super) fn alone(mut error: TrySendError<Request<Sent>>, heard: bool) -> Self {
        let how = match error.take_message() {
            Some(unsent) => How::Unsent(Box::new(unsent)),
            None if heard => How::Answered,
            None => How::Unheard,
        };
        Self { how, refused: false, excused: false, error: Some(error.into_error()) }
    }

    /// On a stream of HTTP/2.
    pub(super) fn among(mut error: TrySendError<Request<Sent>>) -> Self {
        let unsent = error.take_message().map(Box::new);
        let error = error.into_error();
        let Told { unheard, refused, gone } = told(&error);
        let how = match unsent {
            Some(unsent) => How::Unsent(unsent),
            None if unheard => How::Unheard,
            None => How::Answered,
        };
        Self { how, refused, excused: gone, error: Some(error) }
    }

    /// On a connection that ended without a word, or behind some (`heard`); `excused`: others had been answered there.
    pub(super) fn lost(heard: bool, excused: bool) -> Self {
        let how = if heard { How::Answered } else { How::Unheard };
        Self { how, refused: false, excused, error: None }
    }

    pub(super) fn failure(self) -> Failure {
        let cause = self.error.as_ref().map_or_else(|| "it ended".to_owned(), |error| innermost(error));
        Failure::local(Kind::Reset, format!("the connection broke before an answer came: {cause}"))
    }
}

/// What an error of HTTP/2 tells.
struct Told {
    /// The connection broke, or the peer says that it did nothing about the stream (RFC 9113, 6.8 and 8.7).
    unheard: bool,
    refused: bool,
    /// By GOAWAY.
    gone: bool,
}

fn told(error: &hyper::Error) -> Told {
    let mut cause = error.source();
    while let Some(next) = cause {
        if let Some(error) = next.downcast_ref::<h2::Error>() {
            let refused = error.is_remote() && error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            let unheard = refused || error.is_io() || error.is_go_away();
            return Told { unheard, refused, gone: error.is_remote() && error.is_go_away() };
        }
        cause = next.source();
    }
    // hyper's own words: its task has ended.
    Told { unheard: true, refused: false, gone: false }
}
