//! The same fleet in both modes: records have to have the same labels, and the same values but for when each was read.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::{
    rules,
    server::{Sample, Server},
};

/// By how much the sums of a record may differ, of the larger: two programs read at two times.
const APART: f64 = 0.15;
/// And three events in the 20 s of a rate, the first of which nobody sees: a series that is new begins with it. Of pods that is
/// one for each, of their sum one for all.
const FEW: f64 = 0.15;
/// What moves from one moment to the next: only whose it is can be held.
const MOMENTS: [&str; 4] = ["requests_in_flight", "buffered_bytes", "ledger_waiting", "ledger_spool_bytes"];

/// A line for each record, and what is wrong with it.
pub(crate) fn all(control_plane: &Server, pods: &Server) -> Result<Vec<(String, Option<String>)>> {
    let mut lines = Vec::new();
    for name in rules::names() {
        // Over a while, so that it does not matter which of both was asked first.
        let of = |server: &Server| server.query(&format!("avg_over_time({name}[20s])"));
        lines.push(line(&name, &of(control_plane)?, &of(pods)?));
    }
    Ok(lines)
}

fn line(name: &str, left: &[Sample], right: &[Sample]) -> (String, Option<String>) {
    let sum = |samples: &[Sample]| samples.iter().map(|sample| sample.value).filter(|it| it.is_finite()).sum::<f64>();
    let (one, other) = (sum(left), sum(right));
    let line = format!("ok    {name:<56}{:>6} series {one:>16.3} {other:>16.3}", left.len());
    if let Some(odd) = odd(left, right) {
        return (line, Some(odd));
    }
    let moment = MOMENTS.iter().any(|it| name.ends_with(it));
    let near = (one - other).abs() <= APART * one.abs().max(other.abs()) + FEW;
    (line, (!moment && !near).then(|| format!("the control plane says {one}, pods say {other}")))
}

/// Series that one of both has and the other has not.
fn odd(left: &[Sample], right: &[Sample]) -> Option<String> {
    let of = |samples: &[Sample]| -> BTreeSet<BTreeMap<String, String>> {
        samples.iter().map(|sample| sample.labels.clone()).collect()
    };
    let (left, right) = (of(left), of(right));
    let odd = left.symmetric_difference(&right).next()?;
    Some(format!("{} has no {odd:?}", if left.contains(odd) { "pods" } else { "the control plane" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(team: &str, value: f64) -> Sample {
        Sample { labels: [("team".to_owned(), team.to_owned())].into(), value }
    }

    #[test]
    fn other_labels_and_other_values_are_told_apart() {
        let (one, far) = ([sample("a", 10.0)], [sample("a", 20.0)]);
        assert_eq!(line("outrigger:x", &one, &[sample("a", 10.5)]).1, None);
        assert!(line("outrigger:x", &one, &far).1.unwrap().contains("says 10, pods say 20"));
        assert_eq!(line("outrigger:requests_in_flight", &one, &far).1, None);
        assert!(line("outrigger:x", &one, &[sample("b", 10.0)]).1.unwrap().contains("has no"));
    }
}
