//! One sidecar, as people are shown it.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use outrigger_api::v1::Rejection;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    fingerprint::Fingerprints,
    fleet::{About, Connection},
    identity::Stands,
    publish::Keys,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    namespace: &'a str,
    service_account: &'a str,
    labels: &'a BTreeMap<String, String>,
    /// What its pod belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    team: Option<&'a str>,
    /// Its pod, in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<&'a str>,
    token: &'a str,
    instance: &'a str,
    version: &'a str,
    started_at_ms: u64,
    /// Of the view that it has acknowledged; empty before.
    revision: &'a str,
    current: bool,
    /// Since when it is not, in seconds since 1970.
    behind_since_unix: Option<u64>,
    rejections: Vec<Rejected<'a>>,
    /// By `namespace/provider/name`, a keyed hash of the key; `null` while the key for that is not known.
    credentials: Option<&'a RawValue>,
    /// Providers whose earlier keys it may have.
    kept: Vec<&'a str>,
}

#[derive(Serialize)]
struct Rejected<'a> {
    key: &'a str,
    code: &'a str,
    reason: &'a str,
}

/// What stands behind the sidecars.
#[derive(Serialize)]
pub(super) struct Tail<'a> {
    /// All that were asked for.
    pub(super) total: usize,
    /// Those of them that come behind this answer ...
    pub(super) more: usize,
    /// ... with this in `continue`.
    #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// Sidecars of which it is not known whether they hold what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unsure: Option<usize>,
    pub(super) policy: &'a Value,
}

/// Where it comes among the others: by workload, instance, and then by when it came.
pub(super) fn order(connection: &Connection) -> String {
    let workload = connection.workload();
    let instance = connection.about().hello.instance_id;
    format!("{}/{}/{instance}/{:016x}", workload.namespace, workload.service_account, connection.id)
}

/// Appends what is known of a sidecar. `credentials`: of the view that it holds, but for its rejections.
pub(super) fn write(connection: &Connection, about: &About, credentials: Option<&RawValue>, out: &mut Vec<u8>) {
    let About { hello, acked: held, behind, rejections: _ } = about;
    let (seat, token) = (connection.seat(), &connection.token);
    let workload = seat.subscription.workload();
    let pod = token.id.split_once('/').map(|(_, name)| name).filter(|_| matches!(token.stands, Stands::Pod(_)));
    let row = Row {
        namespace: &workload.namespace,
        service_account: &workload.service_account,
        labels: &workload.labels,
        owner: seat.account.owner.as_deref(),
        team: seat.account.team.as_deref(),
        pod,
        token: &token.id,
        instance: &hello.instance_id,
        version: &hello.version,
        started_at_ms: hello.started_at_ms,
        revision: held.as_ref().map_or("", |held| &held.revision),
        current: held.as_ref().is_some_and(|held| connection.is_current(held)),
        behind_since_unix: behind.map(seconds),
        rejections: about
            .rejected()
            .iter()
            .map(|Rejection { key, code, reason }| Rejected { key, code, reason })
            .collect(),
        credentials,
        kept: held.iter().flat_map(|held| held.keys.kept(about.rejected())).collect(),
    };
    // Strings and numbers into memory: neither fails.
    let _ = serde_json::to_writer(out, &row);
}

/// The keys of a view with their fingerprints, as JSON. `None` while those cannot be made.
pub(super) fn credentials(keys: &Keys, rejections: &[Rejection], fingerprints: &Fingerprints) -> Option<Box<RawValue>> {
    let held = keys.held(rejections).map(|(name, hash)| Some((name, fingerprints.of(hash)?)));
    let all = held.collect::<Option<BTreeMap<_, _>>>()?;
    serde_json::value::to_raw_value(&all).ok()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).as_ref().map_or(0, Duration::as_secs)
}
