//! Label selectors, as Kubernetes reads them.

use std::collections::BTreeMap;

use outrigger_crd::selector::{Operator, Requirement, Selector};
use outrigger_route::selector::{self, Requires};

use crate::problem::Report;

/// Whether `selector` matches a thing whose labels `label` knows.
pub(crate) fn matches<'a>(selector: &Selector, label: impl Fn(&str) -> Option<&'a str>) -> bool {
    selector::matches(requirements(selector), label)
}

/// What `selector` asks of labels, each with the label's key.
pub(crate) fn requirements(selector: &Selector) -> impl Iterator<Item = (&str, Requires<'_>)> {
    let Selector { match_labels, match_expressions } = selector;
    let labels = match_labels.iter().map(|(key, value)| (key.as_str(), Requires::Is(value)));
    labels.chain(match_expressions.iter().map(|Requirement { key, operator, values }| {
        let requires = match operator {
            Operator::In => Requires::In(values),
            Operator::NotIn => Requires::NotIn(values),
            Operator::Exists => Requires::Exists,
            Operator::DoesNotExist => Requires::DoesNotExist,
        };
        (key.as_str(), requires)
    }))
}

/// Whether `selector` matches namespace `name`.
pub(crate) fn matches_namespace(
    selector: &Selector,
    name: &str,
    namespaces: &BTreeMap<String, BTreeMap<String, String>>,
) -> bool {
    let labels = namespaces.get(name);
    // The API server puts this label on every namespace; a folder of YAML need not spell it out.
    matches(selector, |key| match key {
        "kubernetes.io/metadata.name" => Some(name),
        _ => labels.and_then(|labels| labels.get(key)).map(String::as_str),
    })
}

/// Whether every requirement means something.
pub(crate) fn is_sound(selector: &Selector) -> bool {
    selector.match_expressions.iter().all(expression_is_sound)
}

fn expression_is_sound(Requirement { operator, values, .. }: &Requirement) -> bool {
    matches!(operator, Operator::In | Operator::NotIn) != values.is_empty()
}

/// Whether some requirement holds of a thing without labels, too.
pub(crate) fn is_negative(selector: &Selector) -> bool {
    selector.match_expressions.iter().any(|it| matches!(it.operator, Operator::NotIn | Operator::DoesNotExist))
}

/// Reports requirements that mean nothing, as the API server does.
pub(crate) fn check(selector: Option<&Selector>, field: &str, report: &mut Report<'_>) {
    for (at, expression) in selector.iter().flat_map(|selector| &selector.match_expressions).enumerate() {
        if !expression_is_sound(expression) {
            let field = format!("{field}.matchExpressions[{at}].values");
            report.error(field, "In and NotIn need values, Exists and DoesNotExist take none");
        }
    }
}
