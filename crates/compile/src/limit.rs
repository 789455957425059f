//! A `ModelPolicy` as a limit on targets. Each is asked by itself and any one of them is enough to take a target away, so
//! that together they can only tighten, in whatever order they come.

use outrigger_crd::{
    ModelPolicy,
    policy::{BareModels, ModelPolicySpec, Patterns as Declared},
};
use outrigger_route::{
    hash::Hash,
    snapshot::{Constraints, Provider},
    view::{Key, Offer, PolicyPart},
};

use crate::{
    check::once,
    policy,
    problem::{Report, full_name, namespace},
    select, selector,
    world::World,
};

/// One policy, ready to be asked.
#[derive(Debug)]
pub(crate) struct Limit {
    /// `namespace/name`.
    pub(crate) name: Key,
    constraints: Constraints,
    models: Patterns,
    providers: Patterns,
    bare_models_denied: bool,
}

/// What is known of an offer apart from what its spec says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The provider is where its preset says, so that its slug is more than a word.
    pub(crate) preset: bool,
    /// The catalogue's id of what its upstream name means.
    pub(crate) model: Option<&'a str>,
}

/// Patterns that were found to be sound.
#[derive(Debug)]
struct Patterns {
    /// `None`: everything.
    allow: Option<Vec<String>>,
    deny: Vec<String>,
}

/// `None` if it is not understood; then `report` says why, and nothing may be served to whom it selects.
pub(crate) fn compile(object: &ModelPolicy, world: &World, report: &mut Report<'_>) -> Option<Limit> {
    // Without `..`: a new limit must be given a meaning here.
    let ModelPolicySpec { workloads, namespace_selector, constraints, models, providers, bare_models } = &object.spec;
    let before = report.errors();
    select::check(workloads.as_ref(), report);
    selector::check(namespace_selector.as_ref(), "spec.namespaceSelector", report);
    let own = namespace(&object.metadata);
    if namespace_selector.is_some() && own != world.system_namespace {
        let reason = format!(
            "only policies of namespace {:?}, the control plane's, may hold for other namespaces: put it there, or \
             remove this for its own namespace",
            world.system_namespace
        );
        report.error("spec.namespaceSelector", reason);
    }
    let limit = Limit {
        name: full_name(&object.metadata).into(),
        constraints: policy::constraints(constraints.as_ref(), report),
        models: patterns(models.as_ref(), "spec.models", report),
        providers: patterns(providers.as_ref(), "spec.providers", report),
        bare_models_denied: *bare_models == BareModels::Deny,
    };
    (report.errors() == before).then_some(limit)
}

impl Limit {
    /// The rule, if any, that takes `offer` of `provider` away: a stable word. `known` is what the catalogue knows of them.
    pub(crate) fn forbids(&self, provider: &Provider, offer: &Offer, known: &Known<'_>) -> Option<&'static str> {
        let Self { name: _, constraints, models, providers, bare_models_denied: _ } = self;
        if let Some(reason) = constraints.forbid(provider, offer.quantization, offer.prices.as_ref()) {
            return Some(reason.code());
        }
        let called = |pattern: &str| matches(pattern, &offer.model) || matches(pattern, &offer.upstream_name);
        // Whatever a spec calls it, it is the model that the vendor knows by the name that is sent.
        let truly = |pattern: &str| known.model.is_none_or(|model| matches(pattern, model));
        // A bare word is a preset, or a provider of the policy's own namespace: elsewhere anybody may call theirs so.
        let (home, _) = self.name.split_once('/').unwrap_or_default();
        let own = provider.name.split_once('/').is_some_and(|(space, _)| space == home);
        let is = |pattern: &str| match pattern.strip_suffix('*').unwrap_or(pattern) {
            "" => true,
            word if word.contains('/') => matches(pattern, &provider.name),
            _ => (known.preset && matches(pattern, &provider.slug)) || (own && matches(pattern, &provider.short_name)),
        };
        // What is denied is denied by every name that it goes by.
        let goes_by = |pattern: &str| {
            [&provider.name, &provider.slug, &provider.short_name].into_iter().any(|name| matches(pattern, name))
        };
        let meant = |pattern: &str| called(pattern) || known.model.is_some() && truly(pattern);
        let allowed = |pattern: &str| matches(pattern, &offer.upstream_name) || truly(pattern);
        match () {
            () if models.deny.iter().any(|pattern| meant(pattern)) => Some("models.deny"),
            () if !admits(models.allow.as_deref(), meant) => Some("models.allow"),
            () if !admits(models.allow.as_deref(), allowed) => Some("models.allow"),
            () if providers.deny.iter().any(|pattern| goes_by(pattern)) => Some("providers.deny"),
            () if !admits(providers.allow.as_deref(), is) => Some("providers.allow"),
            () => None,
        }
    }

    /// Hash of all it says.
    pub(crate) fn hash(&self) -> Box<str> {
        Hash::new().part(format!("{self:?}")).hex().into()
    }

    /// What is left for requests.
    pub(crate) fn part(&self) -> PolicyPart {
        let Self { name: _, constraints, models: _, providers: _, bare_models_denied } = self;
        PolicyPart { bare_models_denied: *bare_models_denied, require_parameters: constraints.require_parameters }
    }
}

/// Hash of the limits that hold together.
pub(crate) fn hash(limits: &[Limit]) -> Box<str> {
    limits.iter().fold(Hash::new(), |hash, limit| hash.part(&*limit.hash())).hex().into()
}

fn admits(allow: Option<&[String]>, matches: impl Fn(&str) -> bool) -> bool {
    allow.is_none_or(|list| list.iter().any(|pattern| matches(pattern)))
}

/// A whole name, or its beginning and `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

fn patterns(declared: Option<&Declared>, field: &str, report: &mut Report<'_>) -> Patterns {
    let Declared { allow, deny } = declared.cloned().unwrap_or_default();
    for (part, list) in [("allow", allow.as_deref().unwrap_or_default()), ("deny", &deny)] {
        once(Some(list), &format!("{field}.{part}"), report);
        for (at, pattern) in list.iter().enumerate() {
            let stars = pattern.matches('*').count();
            if pattern.is_empty() || stars > 1 || (stars == 1 && !pattern.ends_with('*')) {
                let reason = "is no pattern: write a whole name, or its beginning and one * at the end";
                report.error(format!("{field}.{part}[{at}]"), reason);
            }
        }
    }
    Patterns { allow, deny }
}
