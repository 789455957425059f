//! What the API server itself makes of our objects: what it refuses and in which words, what it fills in, who owns
//! what, and what kubectl shows of it all.

mod kubectl;
mod refusals;
mod rules;
mod spec;
mod status;

use std::process::Output;

use crate::harness::*;

/// `kubectl create --dry-run=server` of one document: all that the API server checks, and nothing is kept.
async fn tried(cluster: &Cluster, yaml: &str) -> Output {
    cluster.kubectl_with(&["create", "--dry-run=server", "--filename", "-"], yaml).await
}

/// What kubectl wrote to standard error; fails the test when it was not refused.
fn refusal(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "accepted: {}", String::from_utf8_lossy(&output.stdout));
    said
}

#[track_caller]
fn accepted(output: &Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A document of ours.
fn object(kind: &str, namespace: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {spec}\n"
    )
}

/// The heads of the columns of a table.
fn headings(table: &str) -> Vec<&str> {
    table.lines().next().unwrap_or_default().split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}
