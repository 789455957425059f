//! What the dashboards have in common.

use crate::monitoring::grafana::{Query, Variable, query};

/// Where whoever looks wants to look.
const OWN: &str = r#"namespace=~"$namespace",workload=~"$workload""#;

pub(super) const NAMESPACE: Variable =
    Variable { name: "namespace", label: "Namespace", series: "outrigger:sidecars", of: "namespace" };
pub(super) const WORKLOAD: Variable = Variable {
    name: "workload",
    label: "Workload",
    series: r#"outrigger:sidecars{namespace=~"$namespace"}"#,
    of: "workload",
};
pub(super) const PROVIDER: Variable = Variable {
    name: "provider",
    label: "Provider",
    series: r#"outrigger:attempts:rate5m{namespace=~"$namespace"}"#,
    of: "provider",
};

/// A query in which `OWN` stands for what was chosen.
pub(super) fn own(expr: &str, legend: &'static str) -> Query {
    query(expr.replace("OWN", OWN), legend)
}

/// A query in which `TARGET` stands for what was chosen, with a provider.
pub(super) fn of_provider(expr: &str, legend: &'static str) -> Query {
    own(&expr.replace("TARGET", r#"OWN,provider=~"$provider""#), legend)
}
