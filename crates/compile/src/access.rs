//! Who may use a provider: `allowedNamespaces`, as a Gateway decides which routes may attach.

use outrigger_crd::provider::{AllowedNamespaces, From, ModelProvider};

use crate::{
    problem::{Report, namespace},
    selector,
    world::{Scope, World},
};

/// Whether pods and routes of namespace `user` may use `provider`.
pub(crate) fn allows(provider: &ModelProvider, user: &str, world: &World) -> bool {
    if !is_sound(provider) {
        return namespace(&provider.metadata) == user;
    }
    match provider.spec.allowed_namespaces.as_ref() {
        None => namespace(&provider.metadata) == user,
        Some(AllowedNamespaces { from: From::Same, .. }) => namespace(&provider.metadata) == user,
        Some(AllowedNamespaces { from: From::All, .. }) => true,
        Some(AllowedNamespaces { from: From::Selector, selector }) => selector.as_ref().is_some_and(|selector| {
            // "Not labelled so" is no grant to a namespace whose labels nobody knows.
            let known = world.namespaces.contains_key(user) || !selector::is_negative(selector);
            known && selector::matches_namespace(selector, user, &world.namespaces)
        }),
    }
}

/// Whether `allowedNamespaces` means something. Whom a provider allows that does not say so is not known.
pub(crate) fn is_sound(provider: &ModelProvider) -> bool {
    match &provider.spec.allowed_namespaces {
        None => true,
        Some(AllowedNamespaces { from: From::Selector, selector }) => selector.as_ref().is_some_and(selector::is_sound),
        Some(AllowedNamespaces { from: From::All | From::Same, selector }) => selector.is_none(),
    }
}

/// Whether `provider` may be seen in `scope`.
pub(crate) fn visible(provider: &ModelProvider, scope: &Scope, world: &World) -> bool {
    scope.namespace().is_none_or(|user| allows(provider, user, world))
}

pub(crate) fn check(allowed: Option<&AllowedNamespaces>, report: &mut Report<'_>) {
    let Some(AllowedNamespaces { from, selector }) = allowed else { return };
    match (from, selector) {
        (From::Selector, None) => {
            report.error("spec.allowedNamespaces", "from: Selector needs a selector with the labels of the namespaces");
        }
        (From::All | From::Same, Some(_)) => {
            report
                .error("spec.allowedNamespaces.selector", "only from: Selector looks at it: set that, or remove this");
        }
        (_, selector) => selector::check(selector.as_ref(), "spec.allowedNamespaces.selector", report),
    }
}
