//! Kubernetes: where policy and identity come from, and where what became of them is said.
//!
//! Everything that talks to an API server is here, and nothing else is: what a policy means is `compile`'s, who is connected
//! is the control plane's. What can be decided without asking anybody (which of a kind's objects are held, what a condition
//! says, when a lease is taken) is pure and stands in files of its own, with the time as an argument.

pub mod access;
pub mod authority;
pub mod bare;
pub mod bootstrap;
mod client;
pub mod file;
mod flights;
pub mod lease;
mod lock;
mod lookup;
pub mod pods;
pub mod probes;
pub mod profiles;
pub mod record;
pub mod replicas;
pub mod review;
mod source;
mod spread;
pub mod status;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;
mod text;
mod uninstall;
pub mod webhook;

pub use client::{Account, Cluster};
/// Re-exported: errors of these types are handed on.
pub use kube_client;
/// Re-exported: what an API server asks of a webhook.
pub use kube_core::admission;
pub use pods::Pods;
pub use profiles::Profiles;
pub use review::Reviewer;
pub use source::{Observed, Source, Standing};
pub use uninstall::{CONFIG_MAPS, uninstall};
