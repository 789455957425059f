//! What is known to be missing.

use serde::Serialize;

use crate::{
    db::{Db, Value},
    error::Result,
    write::{COLUMNS, Epoch},
};

/// An epoch of which something is missing, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The epoch, in hexadecimal digits.
    pub epoch: String,
    /// Namespace of its token.
    pub namespace: String,
    /// Service account of its token.
    pub service_account: String,
    /// Its pod.
    pub pod: String,
    /// Its node.
    pub node: String,
    /// Its version.
    pub version: String,
    /// When its process started, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// When it was last heard, in milliseconds since 1970.
    pub last_heard_ms: i64,
    /// Numbers that never came, as ranges, both ends included.
    pub missing: Vec<(i64, i64)>,
    /// How many entries those are: of begun attempts and of records.
    pub entries: i64,
    /// It was never closed: what is missing is at least `entries`, and how much more nobody knows.
    pub open: bool,
}

/// Epochs of one answer at most: the last that were heard.
const MOST: i64 = 10_000;

pub(crate) async fn list(db: &Db, namespaces: Option<&[String]>, silent_since_ms: i64) -> Result<Vec<Gap>> {
    // Live ones are looked at too: what they dropped is lost for good.
    let (filter, names) = crate::usage::among("namespace", namespaces, 2);
    let sql = format!(
        "SELECT {COLUMNS} FROM epochs WHERE (closed = 0 OR lost > 0) \
         AND (closed = 1 OR heard_ms < $1 OR (lost > 0 AND dropped_below > 1)){filter} \
         ORDER BY heard_ms DESC, epoch LIMIT {MOST}"
    );
    let mut values = vec![Value::Int(silent_since_ms)];
    values.extend(names.iter().map(|name| Value::Text(name)));
    let mut gaps = Vec::new();
    for mut row in db.read().await?.fetch(&sql, &values).await? {
        let epoch = Epoch::from_cells(&mut row)?;
        let silent = epoch.heard_ms < silent_since_ms;
        let open = !epoch.closed && silent;
        let mut missing = epoch.missing();
        if !epoch.closed && !silent {
            // What was not dropped may be under way.
            missing.retain_mut(|(first, last)| {
                *last = (*last).min(epoch.dropped_below - 1);
                first <= last
            });
            if missing.is_empty() {
                continue;
            }
        }
        gaps.push(Gap {
            entries: missing.iter().map(|(first, last)| last - first + 1).sum(),
            missing,
            open,
            epoch: epoch.epoch,
            namespace: epoch.namespace,
            service_account: epoch.service_account,
            pod: epoch.pod,
            node: epoch.node,
            version: epoch.version,
            started_at_ms: epoch.started_ms,
            last_heard_ms: epoch.heard_ms,
        });
    }
    Ok(gaps)
}
