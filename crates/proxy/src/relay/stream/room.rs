//! Memory for an event that is large: an image, a whole answer in one event. Most are small, and nothing is asked for those.
//!
//! Nobody knows how long it will be: so room for the longest is kept for whoever began first, and who comes later waits
//! its turn. Were it only given what came so far, many that have begun would stop each other, and one of them break.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use outrigger_wire::{Failure, sse::MAX_EVENT};

use crate::{
    allowance::Allowance,
    attempt::no_room,
    memory::{SMALL, Share, Spent},
};

type Growing = Pin<Box<dyn Future<Output = Result<Share, Spent>> + Send>>;

/// What a stream has of the budget for answers.
#[derive(Default)]
pub(super) enum Room {
    /// What it holds is small.
    #[default]
    None,
    /// Room for so many bytes.
    Held(Box<Share>, usize),
    /// It reads no further until it has more.
    Growing(Growing),
}

impl Room {
    /// Ready when there is room for the `held` bytes that have come of an event without an end.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        held: usize,
        allowance: &Allowance,
    ) -> Poll<Result<(), Failure>> {
        if held <= SMALL {
            *self = Self::None;
            return Poll::Ready(Ok(()));
        }
        if let Self::None | Self::Held(..) = self {
            match std::mem::take(self) {
                Self::Held(share, bytes) if held <= bytes => *self = Self::Held(share, bytes),
                Self::Held(share, _) => *self = grow(*share, held, allowance),
                _ => *self = grow(Share::default(), held, allowance),
            }
        }
        if let Self::Growing(growing) = self {
            match ready!(growing.as_mut().poll(cx)) {
                Ok(share) => *self = Self::Held(Box::new(share), held),
                Err(Spent) => {
                    *self = Self::None;
                    return Poll::Ready(Err(no_room()));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn grow(mut share: Share, bytes: usize, allowance: &Allowance) -> Room {
    let (budget, mut patience) = (allowance.answers.clone(), allowance.patience);
    Room::Growing(Box::pin(async move {
        budget.grow(&mut share, bytes, Some(MAX_EVENT.max(bytes)), &mut patience).await?;
        Ok(share)
    }))
}
