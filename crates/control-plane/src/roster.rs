//! `GET /fleet`: every sidecar that is connected here and what it holds, for people. Shown as it is read, so that nobody holds
//! the whole of it: what is at hand is who will be shown, in order.

mod listing;
mod page;
mod query;
mod row;

use std::sync::Arc;

use http::{Response, StatusCode};
use listing::Listing;
pub(crate) use page::{Page, json, refusal, text};
use query::Query;
pub(crate) use query::decoded;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    fingerprint::Fingerprints,
    fleet::{Connection, Fleet},
    publish::Holds,
    source::Standing,
};

/// Its path.
pub(crate) const PATH: &str = "/fleet";
/// Answers at one time: each may be as long as the fleet is large.
const AT_ONCE: usize = 4;

/// Shows the fleet.
#[derive(Debug)]
pub(crate) struct Roster {
    fleet: Arc<Fleet>,
    standing: Arc<Standing>,
    fingerprints: Arc<Fingerprints>,
    room: Arc<Semaphore>,
}

impl Roster {
    pub(crate) fn new(fleet: Arc<Fleet>, standing: Arc<Standing>, fingerprints: Arc<Fingerprints>) -> Self {
        Self { fleet, standing, fingerprints, room: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The page, for what stands behind the `?` of its address.
    pub(crate) fn page(&self, query: Option<&str>) -> Response<Page> {
        let query = match Query::parse(query.unwrap_or_default()) {
            Ok(query) => query,
            Err(why) => return refusal(StatusCode::BAD_REQUEST, "bad_query", &why),
        };
        let Ok(place) = self.room.clone().try_acquire_owned() else {
            let why = "this page is being read by as many as may read it at one time: try again in a second";
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "busy", why);
        };
        let mut unsure = 0;
        let mut shown: Vec<(String, Arc<Connection>)> = Vec::new();
        for connection in self.fleet.connections() {
            match query.asks_for(&connection) {
                Holds::Yes => shown.push((row::order(&connection), connection)),
                Holds::Unsure => unsure += 1,
                Holds::No => {}
            }
        }
        shown.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let begin = query.after.as_ref().map_or(0, |after| shown.partition_point(|(order, _)| order <= after));
        let total = shown.len();
        shown.drain(..begin);
        let more = shown.len().saturating_sub(query.limit);
        shown.truncate(query.limit);
        let next = (more > 0).then(|| shown.last().map(|(order, _)| query::token(order))).flatten();
        let unsure = query.credential.is_some().then_some(unsure);
        let policy: Value = self.standing.shown();
        let tail = row::Tail { total, more, next, unsure, policy: &policy };
        // Whoever reads slowly keeps nobody's connection alive.
        let shown = shown.into_iter().map(|(_, connection)| Arc::downgrade(&connection)).collect();
        json(StatusCode::OK, Page::new(Listing::new(shown, &tail, self.fingerprints.clone(), place)))
    }
}

#[cfg(test)]
mod tests;
