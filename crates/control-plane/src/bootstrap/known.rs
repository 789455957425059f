//! Which views the workloads of a namespace have, as far as anybody knows them: pure.

use std::collections::{BTreeMap, BTreeSet};

use outrigger_cluster::pods::Labels;
use outrigger_compile::{Selecting, Selection, Workload, World};

/// Most views of a namespace that are looked at. More would hardly fit, and each is compiled.
pub(super) const MOST: usize = 256;
/// Most workloads that are looked at for them.
const LOOKED_AT: usize = 16_384;

/// The distinct sets of objects that select workloads of `namespace`, those first that are surely needed: of sidecars that are
/// `connected`, of a workload that nothing names, of `pods`. A pod is known by its labels; its service account is any of those
/// that objects name, or another. Also how many there are at least beyond [`MOST`].
pub(super) fn selections<'a>(
    world: &World,
    namespace: &str,
    objects: &[Selecting<'_>],
    connected: impl Iterator<Item = &'a Workload>,
    pods: &[Labels],
) -> (Vec<Selection>, usize) {
    let mut all = All::default();
    for workload in connected.take(LOOKED_AT) {
        all.add(world.select(workload));
    }
    // What nobody asks for makes no workload another.
    let asked: BTreeSet<&str> = objects.iter().flat_map(|it| it.labels.iter().map(|(key, _)| *key)).collect();
    let mut labels: BTreeSet<BTreeMap<String, String>> = [BTreeMap::new()].into();
    for pod in pods {
        let told = pod.iter().filter(|(key, _)| asked.contains(key));
        labels.insert(told.map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
    }
    let named: BTreeSet<&str> =
        objects.iter().flat_map(|it| it.accounts.into_iter().flatten()).map(String::as_str).collect();
    let accounts = std::iter::once("").chain(named.iter().copied());
    let workloads = accounts.flat_map(|account| labels.iter().map(move |labels| (account, labels)));
    for (account, labels) in workloads.take(LOOKED_AT) {
        let (namespace, service_account, labels) = (namespace.to_owned(), account.to_owned(), labels.clone());
        all.add(world.select(&Workload { namespace, service_account, labels }));
    }
    (all.list, all.more.len())
}

#[derive(Default)]
struct All {
    known: BTreeSet<Selection>,
    list: Vec<Selection>,
    more: BTreeSet<Selection>,
}

impl All {
    fn add(&mut self, selection: Selection) {
        if self.known.contains(&selection) {
            return;
        }
        if self.list.len() >= MOST {
            self.more.insert(selection);
            return;
        }
        self.known.insert(selection.clone());
        self.list.push(selection);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
