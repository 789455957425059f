//! What the conditions of an object say: pure.

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::{Timestamp, Unit},
};
use outrigger_compile::{Cause, Kind, Problem, Severity};
use outrigger_crd::Status;

use super::counts::{Counts, Reach};
use crate::text::bounded;

/// The spec is valid.
pub const ACCEPTED: &str = "Accepted";
/// What it names exists and may be used.
pub const RESOLVED_REFS: &str = "ResolvedRefs";
/// The sidecars run it.
pub const PROGRAMMED: &str = "Programmed";

/// Reasons of `Programmed` that the writer has to know again.
pub(crate) const HELD: &str = "Held";
pub(crate) const PENDING: &str = "Pending";
pub(crate) const NO_SIDECARS: &str = "NoSidecars";

/// Longest message: problems quote what people wrote.
const MESSAGE: usize = 1024;

/// An object, as far as its conditions go.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its kind: a `ModelPolicy` names nothing that would have to be found.
    pub kind: Kind,
    /// `metadata.generation` of the spec that is judged.
    pub generation: Option<i64>,
    /// Why it could not even be read.
    pub unreadable: Option<&'a str>,
    /// What the API has.
    pub present: &'a Status,
}

/// How what should be said differs from what the API has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Not at all.
    None,
    /// In the message of `Programmed`: the counts.
    Counts,
    /// In status or reason of `Programmed`.
    State,
    /// In anything else: somebody has edited the object, or what it names.
    Edit,
}

struct Verdict {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

/// What is to be said of `subject`, with all `problems` of it (and of nothing else) and what became of it among sidecars.
/// `now` enters where a status changes, to the second.
pub fn judge(subject: &Subject<'_>, problems: &[Problem], counts: &Counts, reach: Reach, now: Timestamp) -> Status {
    let now = now.round(Unit::Second).unwrap_or(now);
    let present = &subject.present.conditions[..];
    let mut conditions = vec![condition(accepted(subject, problems), subject, present, now)];
    if subject.kind != Kind::ModelPolicy && subject.unreadable.is_none() {
        conditions.push(condition(resolved_refs(problems), subject, present, now));
    }
    match programmed(counts, reach, said(present, PROGRAMMED), now) {
        Some(verdict) => conditions.push(condition(verdict, subject, present, now)),
        // As it is, with the generation that it spoke of.
        None => conditions.extend(said(present, PROGRAMMED).cloned()),
    }
    Status { conditions, observed_generation: subject.generation }
}

/// How `wanted` differs from what the API has. Conditions of other types are somebody else's.
pub fn change(present: &Status, wanted: &Status) -> Change {
    if present.observed_generation != wanted.observed_generation {
        return Change::Edit;
    }
    let of = |new: &Condition| match find(&present.conditions, &new.type_) {
        Some(old) if old == new => Change::None,
        Some(_) if new.type_ != PROGRAMMED => Change::Edit,
        Some(old) if old.status == new.status && old.reason == new.reason => Change::Counts,
        Some(_) => Change::State,
        None if new.type_ != PROGRAMMED => Change::Edit,
        None => Change::State,
    };
    wanted.conditions.iter().map(of).max().unwrap_or(Change::None)
}

/// The condition of this type.
pub(crate) fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// The same, if anybody has said it: what an API server fills in for an object that is new is since 1970.
pub(crate) fn said<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    find(conditions, kind).filter(|condition| condition.last_transition_time.0 != Timestamp::UNIX_EPOCH)
}

fn condition(verdict: Verdict, subject: &Subject<'_>, present: &[Condition], now: Timestamp) -> Condition {
    let Verdict { kind, status, reason, message } = verdict;
    let before = said(present, kind).filter(|before| before.status == status);
    Condition {
        last_transition_time: before.map_or(Time(now), |before| before.last_transition_time.clone()),
        message: bounded(message, MESSAGE),
        observed_generation: subject.generation,
        reason: reason.to_owned(),
        status: status.to_owned(),
        type_: kind.to_owned(),
    }
}

fn accepted(subject: &Subject<'_>, problems: &[Problem]) -> Verdict {
    let verdict = |status, reason, message| Verdict { kind: ACCEPTED, status, reason, message };
    if let Some(reason) = subject.unreadable {
        return verdict("False", "Invalid", format!("it cannot be read: {reason}"));
    }
    let own = |problem: &&Problem| matches!(problem.cause, Cause::Spec | Cause::Conflict);
    let (warnings, errors): (Vec<&Problem>, Vec<&Problem>) =
        problems.iter().filter(own).partition(|problem| problem.severity == Severity::Warning);
    match (errors.first(), warnings.first()) {
        (Some(Problem { cause: Cause::Conflict, .. }), _) => verdict("False", "Conflicted", told(&errors)),
        (Some(_), _) => verdict("False", "Invalid", told(&errors)),
        (None, Some(_)) => verdict("True", ACCEPTED, format!("warning: {}", told(&warnings))),
        (None, None) => verdict("True", ACCEPTED, "the spec is valid".to_owned()),
    }
}

fn resolved_refs(problems: &[Problem]) -> Verdict {
    let verdict = |status, reason, message| Verdict { kind: RESOLVED_REFS, status, reason, message };
    let names = |problem: &&Problem| matches!(problem.cause, Cause::RefNotFound | Cause::RefNotPermitted);
    let all: Vec<&Problem> = problems.iter().filter(names).collect();
    match all.first() {
        Some(Problem { cause: Cause::RefNotPermitted, .. }) => verdict("False", "NotPermitted", told(&all)),
        Some(_) => verdict("False", "NotFound", told(&all)),
        None => verdict("True", RESOLVED_REFS, "everything that it names is there and may be used".to_owned()),
    }
}

/// `None`: nothing is known that would be better than what was said before.
fn programmed(counts: &Counts, reach: Reach, before: Option<&Condition>, now: Timestamp) -> Option<Verdict> {
    let Counts { generation: _, total, current, rejected, held, rejection, holder } = counts;
    let verdict = |status, reason, message| Some(Verdict { kind: PROGRAMMED, status, reason, message });
    let of = |part: u32| format!("{part} of {total} {}", sidecars(*total));
    match reach {
        Reach::Settling => None,
        Reach::Missing(replicas) => {
            let who = if replicas == 1 { "replica does" } else { "replicas do" };
            let message = format!("{replicas} {who} not answer; of the others', {} run it", of(*current));
            verdict("Unknown", "PeerUnreachable", message)
        }
        Reach::Whole if *total == 0 => {
            verdict("Unknown", NO_SIDECARS, "no sidecar that is connected has a part of it".to_owned())
        }
        Reach::Whole if *held > 0 => {
            let who = if held == total { format!("{held} {}", sidecars(*held)) } else { of(*held) };
            let why = if holder.is_empty() { String::new() } else { format!(": {holder}") };
            let goes = if *total == 1 { "goes" } else { "go" };
            let message = format!("since {}: {who} {goes} on with what it was before{why}", since(before, now));
            verdict("False", HELD, message)
        }
        Reach::Whole if *rejected > 0 => verdict("False", "Rejected", format!("{}: {rejection}", of(*rejected))),
        Reach::Whole if current < total => verdict("False", PENDING, of(*current)),
        Reach::Whole => verdict("True", PROGRAMMED, of(*current)),
    }
}

/// Since when it has been held: as was said before, even by somebody else.
fn since(before: Option<&Condition>, now: Timestamp) -> String {
    let said = before.filter(|before| before.reason == HELD).and_then(|before| {
        let (time, _) = before.message.strip_prefix("since ")?.split_once(": ")?;
        time.parse::<Timestamp>().ok()
    });
    said.unwrap_or(now).to_string()
}

/// The first of `problems`, and how many more there are.
fn told(problems: &[&Problem]) -> String {
    let Some((Problem { field, reason, .. }, more)) = problems.split_first() else { return String::new() };
    let first = bounded(format!("{field}: {reason}"), MESSAGE - 32);
    match more.len() {
        0 => first,
        more => format!("{} problems, the first: {first}", more + 1),
    }
}

fn sidecars(count: u32) -> &'static str {
    if count == 1 { "sidecar" } else { "sidecars" }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
