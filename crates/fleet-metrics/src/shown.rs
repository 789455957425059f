//! The page of the fleet, in Prometheus' text format.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use crate::{
    families::{self, Kind, OWN},
    fleet::Fleet,
    owner::Owner,
    sums::Group,
};

/// What versions beyond the bound are called.
const OTHER: &str = "other";

impl Fleet {
    /// Writes every series behind what stands in `page`.
    pub fn show(&self, page: &mut String) {
        self.own(page);
        let mut last = None;
        for group in self.sums.sorted() {
            let family = families::at(group.key.family);
            if last.replace(group.key.family) != Some(group.key.family) {
                head(page, family.name, family.kind.word(), family.help);
            }
            write(page, group);
        }
    }

    /// What is known of each process.
    fn own(&self, page: &mut String) {
        let mut versions: BTreeMap<(&Arc<Owner>, &str), usize> = BTreeMap::new();
        let mut stale: BTreeMap<&Arc<Owner>, usize> = BTreeMap::new();
        let told: BTreeSet<&str> = self.members.values().map(|member| &*member.version).collect();
        let told: BTreeSet<&str> = told.into_iter().rev().take(self.limits.versions).collect();
        for member in self.members.values().filter(|member| !member.away) {
            let version = if told.contains(&*member.version) { &*member.version } else { OTHER };
            *versions.entry((&member.owner, version)).or_default() += 1;
            *stale.entry(&member.owner).or_default() += usize::from(member.stale);
        }
        let [(sidecars, labels, help), (stales, stale_labels, stale_help)] = OWN;
        head(page, sidecars, "gauge", help);
        for ((owner, version), count) in versions {
            line(page, (sidecars, ""), labels, owner, [version].into_iter(), None, count as f64);
        }
        head(page, stales, "gauge", stale_help);
        for (owner, count) in stale {
            line(page, (stales, ""), stale_labels, owner, [].into_iter(), None, count as f64);
        }
    }
}

fn head(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn write(page: &mut String, group: &Group) {
    let family = families::at(group.key.family);
    let mut each = |suffix, bound, value| {
        let values = group.key.values.iter().map(|value| &**value);
        line(page, (family.name, suffix), family.served, &group.key.owner, values, bound, value);
    };
    if family.kind != Kind::Histogram {
        return each("", None, group.value);
    }
    let mut buckets = group.buckets.clone();
    buckets.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    buckets.into_iter().for_each(|(bound, count)| each("_bucket", Some(bound), count));
    each("_sum", None, group.sum);
    each("_count", None, group.value);
}

/// `labels`: those of a workload, then those of `values`.
fn line<'a>(
    page: &mut String,
    (name, suffix): (&str, &str),
    labels: &[&str],
    owner: &'a Owner,
    values: impl Iterator<Item = &'a str>,
    bound: Option<f64>,
    value: f64,
) {
    page.extend([name, suffix, "{"]);
    let Owner { namespace, workload, team } = owner;
    let all = [&**namespace, workload, team].into_iter().chain(values);
    for (at, (label, value)) in labels.iter().zip(all).enumerate() {
        page.extend([if at == 0 { "" } else { "," }, label, "=\""]);
        for c in value.chars() {
            match c {
                '\\' => page.push_str(r"\\"),
                '"' => page.push_str("\\\""),
                '\n' => page.push_str(r"\n"),
                c => page.push(c),
            }
        }
        page.push('"');
    }
    match bound {
        Some(bound) if bound == f64::INFINITY => page.push_str(",le=\"+Inf\""),
        Some(bound) => drop(write!(page, ",le=\"{bound}\"")),
        None => {}
    }
    let _ = writeln!(page, "}} {value}");
}
