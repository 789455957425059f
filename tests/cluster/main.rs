//! Stories that need a real Kubernetes API server: `cargo xtask kubernetes test`, or `cargo xtask test` with the others.
//!
//! Each is marked `#[ignore = "needs the API server: cargo xtask test"]`, so that `cargo test` neither runs it nor counts
//! it as passed.
//!
//! | module | what belongs there |
//! | --- | --- |
//! | [`harness`] | the API server, namespaces, identities, a control plane and its sidecars; no assertions about them |
//! | `harness_tests` | proof that the pieces of the harness are what they say |
//! | `serving` | from kubectl to a sidecar, and back into status |
//! | `identity` | who a sidecar is: its pod, by the token that is mounted into it |
//! | `secrets` | keys: who may read them, and what changes |
//! | `caref` | certificates by which a provider is known: a ConfigMap that is followed |
//! | `ledger` | the ledger: whose requests it books, and whom it answers |
//! | `scale` | many objects, and what they cost |
//! | `warned` | what an edit means, told as it is applied and before |
//! | `away` | what goes on while something is away |
//! | `chart` | what Helm makes of the charts: installed, upgraded, removed; with Helm 3 and 4, never beside other stories |
//! | `objects` | what the API server itself makes of the kinds: rules, defaults, owners, columns; no program of ours |

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on should stop")]
#![allow(unreachable_pub, reason = "one binary: `pub` says which pieces of the harness are for stories")]

mod away;
mod caref;
mod chart;
mod harness;
mod harness_tests;
mod identity;
mod ledger;
mod objects;
mod scale;
mod secrets;
mod serving;
mod warned;

/// The provider, the sidecar, the policy text and the client of the stories without a cluster.
#[path = "../it"]
mod it {
    pub mod harness;
}
