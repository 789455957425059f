//! `Record`: a request that has ended.

use std::time::Duration;

use outrigger_route::Target;
use outrigger_wire::{Kind, Usage};
use smallvec::SmallVec;

use super::{
    NAME,
    begun::{PATH, target},
    bytes::Writer,
    note::{Call, End, Notes},
};
use crate::{metrics::outcome::Outcome, record::price::Price};

/// Most bytes of what was asked for, and of why an answer ended.
const REQUESTED: usize = 128;
const FINISH: usize = 64;
/// Digits of the policy's revision.
const REVISION: usize = 16;
/// The operator's own prices, as a price row names its source.
const POLICY: &str = "policy";

/// How a request ended.
pub(crate) struct Ended<'a> {
    pub(crate) route: &'a str,
    pub(crate) operation: &'static str,
    pub(crate) requested: &'a str,
    /// The call whose answer the caller got.
    pub(crate) served: Option<usize>,
    pub(crate) outcome: Outcome,
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) streamed: bool,
    pub(crate) finish: &'a str,
    /// When its head had been read, by the sidecar's clock.
    pub(crate) started: Duration,
    pub(crate) took: Duration,
    pub(crate) first_token: Option<Duration>,
}

/// All that is told of it.
pub(super) struct Record<'a> {
    pub(super) id: &'a str,
    pub(super) at_ms: u64,
    pub(super) payer: &'a [u8],
    pub(super) notes: &'a Notes,
    pub(super) ended: &'a Ended<'a>,
}

impl Record<'_> {
    /// As an entry without a number. Attempts that do not fit are left out, but for the one that served.
    pub(super) fn write(&self, writer: &mut Writer) {
        let Ended { route, operation, requested, outcome, code, status, streamed, finish, .. } = *self.ended;
        writer.message(3, |writer| {
            writer.text(1, self.id, NAME);
            writer.number(2, self.at_ms);
            writer.bytes(3, self.payer);
            writer.text(4, route, PATH);
            writer.text(5, operation, NAME);
            writer.text(6, requested, REQUESTED);
            self.decision(writer);
            writer.number(
                10,
                match outcome {
                    Outcome::Ok => 1,
                    Outcome::Error => 2,
                    Outcome::Broken => 3,
                    Outcome::Cancelled => 4,
                },
            );
            writer.text(11, code, NAME);
            writer.number(12, status.into());
            writer.flag(13, streamed);
            writer.text(14, finish, FINISH);
            writer.number(15, micros(self.ended.took));
            writer.present(16, self.ended.first_token.map(micros));
            writer.text(17, self.notes.moved_by().unwrap_or_default(), NAME);
            writer.text(18, &self.notes.user, NAME);
            writer.text(19, &self.notes.session, NAME);
            for (name, value) in &self.notes.tags {
                writer.message(20, |writer| {
                    writer.text(1, name, NAME);
                    writer.text(2, value, NAME);
                });
            }
            let served = self.attempts(writer);
            writer.present(9, served.map(|served| served as u64));
        });
    }

    fn decision(&self, writer: &mut Writer) {
        let Some(decision) = &self.notes.decision else { return };
        writer.message(7, |writer| {
            writer.text(1, decision.strategy, NAME);
            writer.number(2, decision.candidates as u64);
            writer.number(3, decision.excluded as u64);
            writer.text(4, &decision.revision, REVISION);
            writer.flag(5, decision.sticky);
        });
    }

    /// Answers the place of the one that served among those that were written.
    fn attempts(&self, writer: &mut Writer) -> Option<usize> {
        /// What the place of the one that served takes.
        const SERVED: usize = 3;
        let (calls, served) = (&self.notes.calls, self.ended.served);
        let mut begins: SmallVec<[usize; 4]> = SmallVec::new();
        for call in calls {
            begins.push(writer.at());
            self.attempt(writer, call);
            if writer.is_full() || writer.at() + SERVED > outrigger_spool::LONGEST {
                writer.back_to(begins.pop()?);
                break;
            }
        }
        let served = served.filter(|served| *served < calls.len())?;
        if served < begins.len() {
            return Some(served);
        }
        // In place of as many as it takes.
        while let Some(at) = begins.pop() {
            writer.back_to(at);
            self.attempt(writer, &calls[served]);
            if !writer.is_full() && writer.at() + SERVED <= outrigger_spool::LONGEST {
                return Some(begins.len());
            }
            writer.back_to(at);
        }
        None
    }

    fn attempt(&self, writer: &mut Writer, call: &Call) {
        let at = call.sent.saturating_sub(self.ended.started);
        writer.message(8, |writer| {
            writer.message(1, |writer| target(writer, &call.target));
            let credential = call.key.and_then(|at| call.target.provider.credentials.get(at));
            writer.text(2, credential.map_or("", |credential| &credential.name), NAME);
            writer.number(3, micros(at));
            match &call.end {
                Some(end) => ended(writer, end, &call.target),
                // Its caller left, or another that was asked beside it was faster.
                None => {
                    writer.number(4, micros(self.ended.took.saturating_sub(at)));
                    writer.text(6, Kind::Cancelled.code(), NAME);
                }
            }
        });
    }
}

fn ended(writer: &mut Writer, end: &End, target: &Target) {
    writer.number(4, micros(end.took));
    writer.number(5, end.status.into());
    writer.text(6, end.code, NAME);
    writer.flag(7, end.blamed);
    if let Some(usage) = end.usage.as_ref().filter(|usage| usage.input.is_some() || usage.output.is_some()) {
        writer.message(8, |writer| tokens(writer, usage));
    }
    if let Some(price) = &end.price {
        writer.message(9, |writer| cost(writer, price, target));
    }
}

fn tokens(writer: &mut Writer, usage: &Usage) {
    writer.present(1, usage.input);
    writer.present(2, usage.cache_read);
    writer.present(3, usage.cache_write_5m);
    writer.present(4, usage.cache_write_1h);
    writer.present(5, usage.input_audio);
    writer.present(6, usage.input_image);
    writer.present(7, usage.output);
    writer.present(8, usage.reasoning);
    writer.present(9, usage.output_audio);
    writer.present(10, usage.output_image);
    writer.flag(11, usage.estimated);
}

fn cost(writer: &mut Writer, price: &Price, target: &Target) {
    /// The upstream's word, the catalogue's, the policy's.
    const WORDS: [u64; 3] = [1, 2, 3];
    let row = target.prices.as_ref().filter(|_| !price.stated);
    let [upstream, catalog, policy] = WORDS;
    writer.number(1, price.cost);
    writer.number(
        2,
        match row {
            _ if price.stated => upstream,
            Some(row) if row.source == POLICY => policy,
            _ => catalog,
        },
    );
    if let Some(row) = row {
        let (slug, name) = (&target.provider.slug, &target.upstream_name);
        let version = if row.as_of.is_empty() { &row.source } else { &row.as_of };
        writer.text(3, &format!("{slug}/{name}@{version}"), NAME);
    }
    writer.present(4, price.estimate);
    writer.flag(5, price.lacks.words().next().is_some());
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
