//! How sidecars know the control plane: its own authority, in the state folder or in a Secret of the cluster, and a
//! short-lived certificate from it.
//!
//! Sidecars prove who they are with a token ([`crate::identity`]), not with a certificate, so there is nothing to issue
//! to them and the authority signs for one server only.

mod authority;
mod in_cluster;
mod serving;

#[cfg(test)]
mod tests;

pub(crate) use authority::Authority;
pub(crate) use in_cluster::{InCluster, service_names};
pub(crate) use serving::{Serving, name};
