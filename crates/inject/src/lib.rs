//! What becomes of a pod that is to have a sidecar: a patch, or the reason why it gets none. Pure.
//!
//! ```text
//! labels, annotations, namespace ──wanted──> is it asked for? ──obstacle──> can it be?
//! profiles, annotations ──overrides, plan──> how it runs ──sidecar, keys, variables──> patch
//! ```
//!
//! Nothing here grants a right: the container that is added has no capability, no token of the pod's service account and a
//! user of its own, and no annotation of a pod changes that, its image, or the control plane that it listens to.

mod keys;
pub mod manifest;
mod names;
mod note;
mod obstacle;
mod overrides;
mod patch;
mod plan;
mod ports;
mod profile;
mod quantity;
mod settings;
mod sidecar;
mod skip;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod variables;
mod wanted;

use json_patch::Patch;
use outrigger_crd::{
    k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::ObjectMeta},
    profile::BootstrapSecrets,
};

pub use keys::{MOST as MOST_KEYS, SecretKey, Secrets};
pub use names::{AUDIENCE, BOOTSTRAPS, CONTAINER, INJECT, PREFIX, PROFILE, STATUS};
pub use note::Note;
/// Re-exported: what profiles say.
pub use outrigger_crd::SidecarProfileSpec;
pub use settings::{Profiles, Settings, Tracing};
pub use skip::Skip;
pub use variables::{FAMILIES, Family};
pub use wanted::{DISABLED, ENABLED};

/// A pod that is about to be created.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Its namespace: a pod that is about to be created need not name it.
    pub namespace: &'a str,
    /// What its namespace's label says, where it has one.
    pub namespace_says: Option<&'a str>,
    /// The profiles that there are.
    pub profiles: Profiles<'a>,
    /// The keys that its policy uses, where [`asks_for_secrets`] said that it matters.
    pub secrets: &'a Secrets,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is changed.
    Injected(Injected),
    /// It is left as it is.
    Skipped(Skip),
}

/// A pod with a sidecar.
#[derive(Clone, Debug, PartialEq)]
pub struct Injected {
    /// What is changed.
    pub patch: Patch,
    /// What its people should know.
    pub notes: Vec<Note>,
}

/// What becomes of `ask`. Asked again about what came of it, it leaves that as it is.
pub fn inject(ask: Ask<'_>, settings: &Settings) -> Outcome {
    match try_inject(ask, settings) {
        Ok(injected) => Outcome::Injected(injected),
        Err(skip) => Outcome::Skipped(skip),
    }
}

/// Whether a pod with this metadata is to have a sidecar and has none. What of its spec stands in the way is not known here.
pub fn is_bare(pod: &ObjectMeta, namespace: &str, namespace_says: Option<&str>, system_namespace: &str) -> bool {
    let left_alone = names::LEFT_ALONE.contains(&namespace) || namespace == system_namespace;
    !left_alone && !has_sidecar(pod) && wanted::wanted(pod, namespace_says).is_ok()
}

/// Whether a pod with this metadata was given a sidecar.
pub fn has_sidecar(pod: &ObjectMeta) -> bool {
    pod.annotations.as_ref().and_then(|all| all.get(STATUS)).is_some_and(|it| it == names::INJECTED)
}

/// Whether it matters to `ask` which keys the policy of its pod uses: whoever knows where to look looks then, and not for others.
pub fn asks_for_secrets(ask: Ask<'_>, settings: &Settings) -> bool {
    decide(ask, settings).is_ok_and(|decided| decided.plan.secrets == BootstrapSecrets::Mount)
}

fn try_inject(ask: Ask<'_>, settings: &Settings) -> Result<Injected, Skip> {
    let Decided { plan, overrides, mut notes } = decide(ask, settings)?;
    let keys = match plan.secrets {
        BootstrapSecrets::None => Vec::new(),
        BootstrapSecrets::Mount => keys::mounted(ask.secrets, &mut notes),
    };
    let variables = variables::Wanted {
        listen: plan.ports.listen,
        addresses: plan.addresses,
        dummy_keys: plan.dummy_keys,
        containers: overrides.containers.as_deref(),
    };
    let patch = patch::patch(ask.pod, settings, &plan, &keys, &variables, &mut notes);
    Ok(Injected { patch, notes })
}

/// How the sidecar of a pod runs that gets one.
struct Decided {
    plan: plan::Plan,
    overrides: overrides::Overrides,
    notes: Vec<Note>,
}

fn decide(ask: Ask<'_>, settings: &Settings) -> Result<Decided, Skip> {
    let Ask { pod, namespace, namespace_says, profiles, secrets: _ } = ask;
    if names::LEFT_ALONE.contains(&namespace) || namespace == settings.system_namespace {
        return Err(Skip::SystemNamespace);
    }
    wanted::wanted(&pod.metadata, namespace_says)?;
    obstacle::already(pod)?;
    let mut notes = Vec::new();
    let annotations = pod.metadata.annotations.as_ref();
    let overrides = overrides::read(annotations, &mut notes);
    let named = annotations.and_then(|annotations| annotations.get(PROFILE)).map(String::as_str);
    let own = overrides.profile.clone();
    let profile = profile::merged(profiles, namespace, settings, named, own, &mut notes);
    let plan = plan::Plan::of(pod, &profile, &mut notes);
    obstacle::obstacle(pod, &plan.ports, overrides.shared_processes)?;
    Ok(Decided { plan, overrides, notes })
}

impl std::fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pod, namespace, namespace_says, profiles: _, secrets } = self;
        f.debug_struct("Ask")
            .field("pod", &pod.metadata.name)
            .field("namespace", namespace)
            .field("namespace_says", namespace_says)
            .field("secrets", secrets)
            .finish_non_exhaustive()
    }
}
