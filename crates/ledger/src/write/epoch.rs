//! An epoch: what came of one process.

use outrigger_api::ledger::AppendRequest;

use crate::{clock::of_wire, db::Cells, error::Result, ranges::Ranges, series::clean, stamp::Stamp};

/// The longest name of a pod or node that Kubernetes takes, in bytes.
const LONGEST: usize = 253;

/// The columns, in the order in which they are read and written.
pub(crate) const COLUMNS: &str = "id, epoch, namespace, service_account, pod, node, version, started_ms, heard_ms, issued, \
                                  dropped_below, closed, lost, settled, came";
pub(super) const WIDTH: usize = 15;

/// An epoch.
#[derive(Clone, Debug)]
pub(crate) struct Epoch {
    pub(crate) id: i64,
    pub(crate) epoch: String,
    pub(crate) namespace: String,
    /// Empty: only an operator has told of it yet.
    pub(crate) service_account: String,
    pub(crate) pod: String,
    pub(crate) node: String,
    pub(crate) version: String,
    pub(crate) started_ms: i64,
    pub(crate) heard_ms: i64,
    pub(crate) issued: i64,
    pub(crate) dropped_below: i64,
    pub(crate) closed: bool,
    /// What remained begun was booked as unknown.
    pub(crate) settled: bool,
    pub(crate) came: Ranges,
}

impl Epoch {
    pub(crate) fn from_cells(cells: &mut Cells) -> Result<Self> {
        let id = cells.int()?;
        let [epoch, namespace, service_account, pod, node, version] =
            [cells.text()?, cells.text()?, cells.text()?, cells.text()?, cells.text()?, cells.text()?];
        let [started_ms, heard_ms, issued, dropped_below, closed, _lost, settled] =
            [cells.int()?, cells.int()?, cells.int()?, cells.int()?, cells.int()?, cells.int()?, cells.int()?];
        Ok(Self {
            id,
            epoch,
            namespace,
            service_account,
            pod,
            node,
            version,
            started_ms,
            heard_ms,
            issued,
            dropped_below,
            closed: closed != 0,
            settled: settled != 0,
            came: Ranges::parse(&cells.text()?)?,
        })
    }

    /// Whether whoever this is may tell of it.
    pub(super) fn is_of(&self, stamp: &Stamp) -> bool {
        let account = match &stamp.service_account {
            Some(account) => self.service_account.is_empty() || self.service_account == *account,
            None => true,
        };
        self.namespace == stamp.namespace && account
    }

    /// Notes what a batch says of its epoch.
    pub(super) fn hear(&mut self, request: &AppendRequest, stamp: &Stamp) {
        self.heard_ms = self.heard_ms.max(stamp.received_at_ms);
        if let Some(account) = &stamp.service_account
            && self.service_account.is_empty()
        {
            self.service_account.clone_from(account);
        }
        self.issued = self.issued.max(of_wire(request.issued)).max(self.came.highest());
        // What was never given cannot be dropped.
        self.dropped_below = self.dropped_below.max(of_wire(request.dropped_below).min(self.issued + 1));
        self.closed |= request.closed;
        // Something may have begun again.
        self.settled = false;
        if let Some(reporter) = &request.reporter
            && self.pod.is_empty()
        {
            self.pod = clean(&reporter.pod, LONGEST);
            self.node = clean(&reporter.node, LONGEST);
            self.version = clean(&reporter.version, LONGEST);
        }
    }

    /// Every number up to this one is here, or was dropped.
    pub(crate) fn through(&self) -> u64 {
        u64::try_from(self.came.through(self.dropped_below)).unwrap_or(0)
    }

    /// What is missing of the numbers that were given.
    pub(crate) fn missing(&self) -> Vec<(i64, i64)> {
        self.came.missing(self.issued)
    }

    /// How many numbers are missing.
    pub(crate) fn lost(&self) -> i64 {
        self.missing().iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Nothing will come any more that has not come.
    pub(super) fn is_over(&self) -> bool {
        self.closed && self.came.through(self.dropped_below) >= self.issued
    }
}
