//! What sidecars could not deliver and wrote to their logs, told by somebody who keeps those logs.

use http::{Response, StatusCode, request::Parts};
use hyper::body::Incoming;
use outrigger_ledger::Stamp;
use serde::Serialize;

use super::{
    Asker,
    said::{Pairs, Told, bad, json, named, now, only, read},
};
use crate::{
    ledger::{batch, program::Program, readers::Verb},
    push::status::{Code, Status},
    roster::{Page, refusal},
};

/// What the ledger has of the epoch now.
#[derive(Serialize)]
struct Imported {
    /// Every number up to this one is here, or was said to be dropped.
    through: u64,
}

impl Program {
    /// Books an `AppendRequest` for a namespace. Whose the sidecar was is left open: the epoch stays the one of whoever tells of it
    /// with a token, now or later.
    pub(super) async fn import(&self, head: &Parts, asker: Asker, pairs: &Pairs, body: Incoming) -> Told {
        only(pairs, &["namespace"])?;
        let Some(namespace) = named(pairs) else {
            return Err(bad("`namespace` is missing: whose entries are they?"));
        };
        self.may_change(&head.headers, asker, Verb::Create, Some(namespace)).await?;
        let place = self.line.place().await.map_err(|status| unbooked(&status))?;
        let body = read(body, batch::LONGEST).await?;
        let bytes = body.len();
        let request = batch::read(body).map_err(|status| unbooked(&status))?;
        self.metrics.received(bytes);
        let entries = request.entries.len();
        let stamp = Stamp { namespace: namespace.to_owned(), service_account: None, received_at_ms: now() };
        let answer = self.book(place, stamp, request).await.map_err(|status| unbooked(&status))?;
        tracing::info!(code = "usage_imported", %namespace, entries, "entries from a log are booked");
        Ok(json(&Imported { through: answer.through }))
    }
}

/// What a sidecar would be told, for a person.
fn unbooked(status: &Status) -> Box<Response<Page>> {
    let (http, code) = match status.code {
        Code::InvalidArgument => return bad(&status.message),
        Code::PermissionDenied => (StatusCode::CONFLICT, "epoch_taken"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
    };
    Box::new(refusal(http, code, &status.message))
}
