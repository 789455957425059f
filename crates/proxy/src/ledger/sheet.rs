//! What the ledger will be told of one request: opened with its record, written into the spool with it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::HeaderMap;
use outrigger_route::Target;
use outrigger_wire::{Head, Kind};

use super::{
    Ledger,
    begun::Begun,
    bytes::Writer,
    ended::{Ended, Record},
    note::{Call, Decision, End, Notes},
};
use crate::{lock::lock, record::id::Id};

/// One request's.
#[derive(Debug)]
pub(crate) struct Sheet {
    ledger: Arc<Ledger>,
    id: Id,
    /// Who is charged: as it was when the request came.
    payer: Arc<Vec<u8>>,
    at: SystemTime,
    notes: Mutex<Notes>,
}

impl Sheet {
    pub(crate) fn open(ledger: &Arc<Ledger>, id: Id, at: SystemTime) -> Arc<Self> {
        Arc::new(Self { ledger: ledger.clone(), id, payer: ledger.payer(), at, notes: Mutex::default() })
    }

    /// It was read.
    pub(crate) fn read(&self, headers: &HeaderMap, head: &Head<'_>) {
        lock(&self.notes).read(headers, head, &self.ledger.users);
    }

    /// It was decided.
    pub(crate) fn decided(&self, decision: Decision) {
        lock(&self.notes).decision = Some(decision);
    }

    /// A call is about to be sent: said before it is. Answers which of the request's it is.
    pub(crate) fn begins(&self, route: &str, target: &Arc<Target>, key: Option<usize>, sent: Duration) -> usize {
        let attempt = {
            let mut notes = lock(&self.notes);
            notes.calls.push(Call { target: target.clone(), key, sent, end: None });
            notes.calls.len() - 1
        };
        let mut writer = Writer::default();
        let begun = Begun {
            id: &self.id,
            attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
            at_ms: millis(SystemTime::now()),
            payer: &self.payer,
            route,
            target,
        };
        begun.write(&mut writer);
        self.ledger.spool.append(writer.written());
        attempt
    }

    /// A call has ended.
    pub(crate) fn call_ended(&self, call: usize, end: End) {
        if let Some(call) = lock(&self.notes).calls.get_mut(call) {
            call.end = Some(end);
        }
    }

    /// Of a call nothing was heard, and it is sent once more: what became of it nobody knows.
    pub(crate) fn unheard(&self, call: usize, now: Duration) {
        if let Some(call) = lock(&self.notes).calls.get_mut(call) {
            let (took, code) = (now.saturating_sub(call.sent), Kind::Reset.code());
            call.end = Some(End { took, status: 0, code, blamed: false, usage: None, price: None });
        }
    }

    /// The request has.
    pub(crate) fn ended(&self, ended: &Ended<'_>) {
        let notes = lock(&self.notes);
        let mut writer = Writer::default();
        Record { id: &self.id, at_ms: millis(self.at), payer: &self.payer, notes: &notes, ended }.write(&mut writer);
        self.ledger.spool.append(writer.written());
    }
}

fn millis(at: SystemTime) -> u64 {
    u64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
