//! What a pod costs the control plane, by what this process holds: nothing else runs in it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "all of it is a test")]

use std::collections::BTreeMap;

use outrigger_cluster::{
    Pods,
    pods::{Event, Fetch, Meta, NotTold, Settings},
};

const PODS: usize = 10_000;
/// Most that one may cost.
const MOST: usize = 1024;

struct Nobody;

impl Fetch for Nobody {
    fn fetch<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
    ) -> futures_util::future::BoxFuture<'a, Result<Option<Meta>, NotTold>> {
        Box::pin(async { Err(NotTold("nobody is asked".to_owned())) })
    }
}

/// The memory of this process that is its own, in bytes.
fn own() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<usize>().unwrap() * 1024
}

/// Pod `at` of deployments of twenty; `each`: with labels of its own, as those of a StatefulSet have.
fn meta(at: usize, each: bool) -> Meta {
    let deployment = at / 20;
    let hash = format!("{:010x}", deployment * 7919);
    let name = format!("deployment-{deployment}-{hash}-{:05x}", at * 31);
    let mut labels: BTreeMap<String, String> = [
        ("app.kubernetes.io/name", format!("deployment-{deployment}")),
        ("app.kubernetes.io/instance", format!("release-{deployment}")),
        ("app.kubernetes.io/version", "1.27.3".to_owned()),
        ("app.kubernetes.io/managed-by", "Helm".to_owned()),
        ("team", format!("team-{}", deployment % 40)),
        ("pod-template-hash", hash.clone()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    if each {
        labels.insert("statefulset.kubernetes.io/pod-name".to_owned(), name.clone());
        labels.insert("apps.kubernetes.io/pod-index".to_owned(), at.to_string());
    }
    Meta {
        uid: format!("{at:08x}-9f3b-4c1d-8e2a-{:012x}", at * 104_729),
        namespace: format!("namespace-{}", deployment % 50),
        name,
        labels,
        controller: Some(("ReplicaSet".to_owned(), format!("deployment-{deployment}-{hash}"))),
        injected: false,
    }
}

/// Bytes for each of ten thousand, and those, so that no other is put where they were.
fn cost(each: bool) -> (usize, Pods) {
    let before = own();
    let pods = Pods::new(Nobody, Settings::default());
    pods.apply(Event::Listing);
    (0..PODS).for_each(|at| pods.apply(Event::Listed(meta(at, each))));
    pods.apply(Event::Complete);
    assert_eq!(pods.len(), PODS);
    let cost = own().saturating_sub(before) / PODS;
    println!("{cost} bytes for each of {PODS} pods{}", if each { " with labels of its own" } else { "" });
    (cost, pods)
}

#[test]
#[cfg(target_os = "linux")]
fn a_pod_costs_less_than_a_kibibyte() {
    let ((shared, _pods), (own_labels, _others)) = (cost(false), cost(true));
    assert!(own_labels <= MOST && shared <= MOST, "{own_labels} and {shared} bytes");
}
