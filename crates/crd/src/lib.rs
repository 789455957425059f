//! The Kubernetes kinds of Outrigger as Rust types that print their own YAML.
//!
//! One file per kind; every field's doc comment is its description in the schema that `kubectl explain` shows. What the
//! fields *mean* is decided in one place, the crate `compile`; here is only their shape. Unknown fields are refused, so
//! that a typo is an error and not a silent default.

// kube's `KubeSchema` repeats a struct inside a function, where `pub` reaches nobody.
pub mod config_map;
#[allow(unreachable_pub)]
pub mod policy;
#[allow(unreachable_pub)]
pub mod profile;
#[allow(unreachable_pub)]
pub mod provider;
#[allow(unreachable_pub)]
pub mod route;
pub mod secret;
#[allow(unreachable_pub)]
pub mod selector;
pub mod told;
pub mod workloads;

mod amount;
mod duration;
mod print;
mod schema;
mod status;

pub use amount::Decimal;
pub use config_map::ConfigMap;
pub use duration::{BadDuration, Duration};
pub use policy::{ModelPolicy, ModelPolicySpec};
pub use print::{all, to_yaml};
pub use profile::{SidecarProfile, SidecarProfileSpec};
pub use provider::{ModelProvider, ModelProviderSpec};
pub use route::{ModelRoute, ModelRouteSpec};
pub use secret::Secret;
pub use status::Status;

/// Re-exported for its `ObjectMeta` and `Condition`, which are part of these types.
pub use k8s_openapi;

/// API group of every kind.
pub const GROUP: &str = "outrigger.dev";
/// The one version there is so far.
pub const VERSION: &str = "v1alpha1";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
