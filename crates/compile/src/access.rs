//! Who may use a provider: `allowedNamespaces`, as a Gateway decides which routes may attach.

use std::collections::BTreeMap;

use outrigger_crd::provider::{AllowedNamespaces, From, ModelProvider, Operator, Requirement, Selector};

use crate::{
    problem::{Report, namespace},
    world::{View, World},
};

/// Whether pods and routes of namespace `user` may use `provider`.
pub(crate) fn allows(provider: &ModelProvider, user: &str, world: &World) -> bool {
    match provider.spec.allowed_namespaces.as_ref() {
        None => namespace(&provider.metadata) == user,
        Some(AllowedNamespaces { from: From::Same, .. }) => namespace(&provider.metadata) == user,
        Some(AllowedNamespaces { from: From::All, .. }) => true,
        Some(AllowedNamespaces { from: From::Selector, selector }) => {
            let none = BTreeMap::new();
            let labels = world.namespaces.get(user).unwrap_or(&none);
            selector.as_ref().is_some_and(|selector| matches(selector, user, labels))
        }
    }
}

/// Whether `provider` is in `view`.
pub(crate) fn visible(provider: &ModelProvider, view: &View, world: &World) -> bool {
    match view {
        View::All => true,
        View::Namespace(user) => allows(provider, user, world),
    }
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
        (_, selector) => {
            for (at, expression) in selector.iter().flat_map(|selector| &selector.match_expressions).enumerate() {
                let listed = matches!(expression.operator, Operator::In | Operator::NotIn);
                if listed == expression.values.is_empty() {
                    let field = format!("spec.allowedNamespaces.selector.matchExpressions[{at}].values");
                    report.error(field, "In and NotIn need values, Exists and DoesNotExist take none");
                }
            }
        }
    }
}

fn matches(selector: &Selector, user: &str, labels: &BTreeMap<String, String>) -> bool {
    // The API server puts this label on every namespace; a folder of YAML need not spell it out.
    let label = |key: &str| match key {
        "kubernetes.io/metadata.name" => Some(user),
        _ => labels.get(key).map(String::as_str),
    };
    let holds = |Requirement { key, operator, values }: &Requirement| {
        let listed = label(key).is_some_and(|have| values.iter().any(|value| value == have));
        match operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => label(key).is_some(),
            Operator::DoesNotExist => label(key).is_none(),
        }
    };
    let Selector { match_labels, match_expressions } = selector;
    match_labels.iter().all(|(key, value)| label(key) == Some(value)) && match_expressions.iter().all(holds)
}
