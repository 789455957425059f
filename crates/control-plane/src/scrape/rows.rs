//! Who is connected, and who is asked next. Pure but for what it reads of connections: time and chance are arguments.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Weak},
    time::Duration,
};

use outrigger_fleet_metrics::{Owner, Process};

use super::outcome::Outcome;
use crate::{
    fleet::{Connection, Hello, Seat},
    identity::{Stands, Token},
};

/// A sidecar that has just come is asked within this, so that little of what it counts goes before its first page.
const FIRST: Duration = Duration::from_secs(1);
/// How long a process is remembered whose stream has ended: it may come back, here.
const KEPT: Duration = Duration::from_secs(60);
/// Failures in a row after which what it had of gauges counts no more.
const SILENT: u32 = 3;
/// One that fails is asked less and less, down to one in so many intervals.
const RAREST: u32 = 8;

/// How often it is looked who is connected and whose turn it is.
pub(super) fn look(interval: Duration) -> Duration {
    (interval / 20).clamp(Duration::from_millis(20), Duration::from_millis(500))
}

/// All of them.
#[derive(Debug)]
pub(super) struct Rows {
    interval: Duration,
    rows: HashMap<Process, Row>,
    /// Whose turn it is.
    line: VecDeque<(Process, Weak<Connection>)>,
    round: u64,
}

#[derive(Debug)]
struct Row {
    owner: Arc<Owner>,
    connection: Weak<Connection>,
    stream: u64,
    /// The last round in which it was connected.
    round: u64,
    /// Since when it is not.
    away: Option<Duration>,
    due: Duration,
    asked: bool,
    seen: bool,
    failures: u32,
}

/// One whose turn it is.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) process: Process,
    pub(super) connection: Arc<Connection>,
}

/// Those that are connected no more.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Since this round.
    pub(super) away: Vec<Process>,
    /// For so long that they are forgotten.
    pub(super) gone: Vec<Process>,
}

impl Rows {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, rows: HashMap::new(), line: VecDeque::new(), round: 0 }
    }

    /// A round begins: each connection is seen, then it ends.
    pub(super) fn begin(&mut self) {
        self.round += 1;
    }

    /// A connection is there. Answers whose it is, where that is news.
    pub(super) fn see(
        &mut self,
        connection: &Arc<Connection>,
        now: Duration,
        draw: impl Fn() -> f64,
    ) -> Option<(Process, Arc<Owner>, String)> {
        let Hello { version, instance_id, started_at_ms, probe_port: _ } = connection.hello()?;
        let Token { id, stands, .. } = &connection.token;
        let whose = match stands {
            Stands::Pod(uid) => uid.clone(),
            Stands::Key(_) => Arc::from(&**id),
        };
        let process = Process { whose, instance: instance_id.into(), started_at_ms };
        let seat = connection.seat();
        if let Some(row) = self.rows.get_mut(&process) {
            // Of two streams of one process the later is the one that it follows.
            if connection.id >= row.stream {
                (row.stream, row.connection) = (connection.id, Arc::downgrade(connection));
            }
            row.round = self.round;
            let same = is(&row.owner, &seat);
            if same && row.away.is_none() {
                return None;
            }
            if row.away.take().is_some() {
                row.due = row.due.min(now + FIRST.min(self.interval).mul_f64(draw()));
                row.failures = 0;
            }
            if !same {
                row.owner = owner(&seat);
            }
            return Some((process, row.owner.clone(), version));
        }
        let owner = owner(&seat);
        let row = Row {
            owner: owner.clone(),
            connection: Arc::downgrade(connection),
            stream: connection.id,
            round: self.round,
            away: None,
            due: now + FIRST.min(self.interval / 4).mul_f64(draw()),
            asked: false,
            seen: false,
            failures: 0,
        };
        self.rows.insert(process.clone(), row);
        Some((process, owner, version))
    }

    /// The round ends: who was not seen in it is away.
    pub(super) fn end(&mut self, now: Duration) -> Left {
        let mut left = Left::default();
        for (process, row) in &mut self.rows {
            if row.round == self.round {
                continue;
            }
            match row.away {
                None => {
                    row.away = Some(now);
                    left.away.push(process.clone());
                }
                Some(since) if now.saturating_sub(since) > KEPT => left.gone.push(process.clone()),
                Some(_) => {}
            }
        }
        left.gone.iter().for_each(|process| drop(self.rows.remove(process)));
        left
    }

    /// Lines up whose turn it is, the longest due first.
    pub(super) fn line_up(&mut self, now: Duration) {
        let waits = |row: &Row| !row.asked && row.away.is_none() && row.due <= now;
        let mut due: Vec<(Duration, &Process, &mut Row)> =
            self.rows.iter_mut().filter(|(_, row)| waits(row)).map(|(process, row)| (row.due, process, row)).collect();
        due.sort_unstable_by_key(|(due, ..)| *due);
        for (_, process, row) in due {
            row.asked = true;
            self.line.push_back((process.clone(), row.connection.clone()));
        }
    }

    /// The next one.
    pub(super) fn next(&mut self) -> Option<Due> {
        while let Some((process, connection)) = self.line.pop_front() {
            match connection.upgrade() {
                Some(connection) => return Some(Due { process, connection }),
                // It has gone since: its turn comes again if it does.
                None => {
                    if let Some(row) = self.rows.get_mut(&process) {
                        row.asked = false;
                    }
                }
            }
        }
        None
    }

    /// It was asked. Answers whether it has said nothing for so long that what is the case there is not known.
    pub(super) fn done(&mut self, process: &Process, outcome: Outcome, now: Duration, draw: f64) -> bool {
        let Some(row) = self.rows.get_mut(process) else { return false };
        row.asked = false;
        match outcome {
            Outcome::Ok => {
                row.failures = 0;
                // Those that came together are asked apart from then on, each in the same step.
                let wait = match std::mem::replace(&mut row.seen, true) {
                    false => self.interval.mul_f64(0.5 + draw / 2.0),
                    true => self.interval,
                };
                row.due = if row.due + wait > now { row.due + wait } else { now + wait };
                false
            }
            // It has not heard yet that it follows us.
            Outcome::Elsewhere if row.failures == 0 => {
                row.failures = 1;
                row.due = now + FIRST.min(self.interval / 4);
                false
            }
            _ => {
                row.failures += 1;
                row.due = now + self.interval * (1 << (row.failures - 1).min(3)).min(RAREST);
                row.failures == SILENT
            }
        }
    }
}

/// Whether what is known of whom a stream is for is this.
fn is(owner: &Owner, Seat { subscription, account }: &Seat) -> bool {
    *owner.namespace == *subscription.workload().namespace
        && *owner.workload == *account.owner.as_deref().unwrap_or_default()
        && *owner.team == *account.team.as_deref().unwrap_or_default()
}

fn owner(Seat { subscription, account }: &Seat) -> Arc<Owner> {
    Arc::new(Owner {
        namespace: subscription.workload().namespace.as_str().into(),
        workload: account.owner.as_deref().unwrap_or_default().into(),
        team: account.team.as_deref().unwrap_or_default().into(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
