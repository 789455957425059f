//! Which objects select a workload.

use outrigger_crd::{ModelPolicy, ModelRoute, workloads::Workloads};
use outrigger_route::selector::{Requires, lists};

use crate::{
    check::once,
    problem::{Kind, ObjectRef, Report, name, namespace},
    selector,
    world::{Scope, Selection, Workload, World},
};

/// An object that may select workloads of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selecting<'w> {
    /// A `ModelRoute` or a `ModelPolicy`.
    pub object: ObjectRef,
    /// The service accounts that it selects; `None`: all.
    pub accounts: Option<&'w [String]>,
    /// What it asks of labels: all of it has to hold.
    pub labels: Vec<(&'w str, Requires<'w>)>,
}

impl World {
    /// The objects that select `workload`: what is compiled for it.
    pub fn select(&self, workload: &Workload) -> Selection {
        let Workload { namespace: home, service_account: _, labels: _ } = workload;
        let mut routes: Vec<String> = self
            .routes_of(home)
            .filter(|route| names(meaning(route.spec.workloads.as_ref()), workload))
            .map(|route| name(&route.metadata).to_owned())
            .collect();
        routes.sort_unstable();
        let mut policies: Vec<ObjectRef> = self
            .policies_over(home)
            .filter(|policy| names(meaning(policy.spec.workloads.as_ref()), workload))
            .map(|policy| ObjectRef::new(Kind::ModelPolicy, &policy.metadata))
            .collect();
        policies.sort_unstable();
        Selection { namespace: home.clone(), routes, policies }
    }

    /// The objects that may select workloads of namespace `home`, and which, in order: [`select`](Self::select) for one who
    /// does not have the objects.
    pub fn selecting(&self, home: &str) -> Vec<Selecting<'_>> {
        let routes = self.routes_of(home).map(|it| (Kind::ModelRoute, &it.metadata, it.spec.workloads.as_ref()));
        let policies = self.policies_over(home).map(|it| (Kind::ModelPolicy, &it.metadata, it.spec.workloads.as_ref()));
        let mut all: Vec<Selecting<'_>> = routes
            .chain(policies)
            .map(|(kind, metadata, workloads)| {
                let meant = meaning(workloads);
                let selector = meant.and_then(|it| it.selector.as_ref());
                Selecting {
                    object: ObjectRef::new(kind, metadata),
                    accounts: meant.and_then(|it| it.service_accounts.as_deref()),
                    labels: selector.map(|it| selector::requirements(it).collect()).unwrap_or_default(),
                }
            })
            .collect();
        all.sort_by(|a, b| a.object.cmp(&b.object));
        all
    }

    fn routes_of(&self, home: &str) -> impl Iterator<Item = &ModelRoute> {
        self.routes.iter().filter(move |route| namespace(&route.metadata) == home)
    }

    fn policies_over(&self, home: &str) -> impl Iterator<Item = &ModelPolicy> {
        self.policies.iter().filter(move |policy| holds_in(policy, home, self))
    }
}

/// Whether `route` is for the workloads of `scope`.
pub(crate) fn is_for(route: &ModelRoute, scope: &Scope) -> bool {
    match scope {
        Scope::All | Scope::Namespace(_) => true,
        Scope::Selected(Selection { routes, .. }) => {
            routes.binary_search_by(|selected| selected.as_str().cmp(name(&route.metadata))).is_ok()
        }
    }
}

/// The policies that hold in `scope`, in order of their names.
pub(crate) fn policies<'w>(world: &'w World, scope: &Scope) -> Vec<&'w ModelPolicy> {
    let in_scope = |policy: &&ModelPolicy| match scope {
        Scope::All => true,
        Scope::Namespace(home) => holds_in(policy, home, world),
        Scope::Selected(Selection { policies, .. }) => {
            policies.binary_search(&ObjectRef::new(Kind::ModelPolicy, &policy.metadata)).is_ok()
        }
    };
    let mut policies: Vec<&ModelPolicy> = world.policies.iter().filter(in_scope).collect();
    policies.sort_by_cached_key(|policy| ObjectRef::new(Kind::ModelPolicy, &policy.metadata));
    policies
}

/// Whether `policy` holds over pods of namespace `home`. One that reaches for other namespaces without the right to holds
/// in its own, and is broken there.
fn holds_in(policy: &ModelPolicy, home: &str, world: &World) -> bool {
    let own = namespace(&policy.metadata);
    match &policy.spec.namespace_selector {
        // One that means nothing is a limit all the same: it is broken, for everybody.
        Some(selector) if own == world.system_namespace => {
            !selector::is_sound(selector) || selector::matches_namespace(selector, home, &world.namespaces)
        }
        _ => own == home,
    }
}

/// `workloads`, where it narrows. What means nothing names everybody: it stands before limits, and in a route it breaks the
/// route.
fn meaning(workloads: Option<&Workloads>) -> Option<&Workloads> {
    workloads.filter(|_| is_sound(workloads))
}

/// Whether `workloads` names `workload`; `None` names everybody.
fn names(workloads: Option<&Workloads>, workload: &Workload) -> bool {
    let Some(Workloads { selector, service_accounts }) = workloads else { return true };
    let labels = |key: &str| workload.labels.get(key).map(String::as_str);
    lists(service_accounts.as_deref(), &workload.service_account)
        && selector.as_ref().is_none_or(|selector| selector::matches(selector, labels))
}

/// Whether `workloads` means something.
pub(crate) fn is_sound(workloads: Option<&Workloads>) -> bool {
    workloads.is_none_or(|Workloads { selector, service_accounts }| {
        selector.as_ref().is_none_or(selector::is_sound)
            && service_accounts.as_ref().is_none_or(|list| !list.iter().any(String::is_empty))
    })
}

/// Reports what means nothing in `spec.workloads`.
pub(crate) fn check(workloads: Option<&Workloads>, report: &mut Report<'_>) {
    let Some(Workloads { selector, service_accounts }) = workloads else { return };
    selector::check(selector.as_ref(), "spec.workloads.selector", report);
    once(service_accounts.as_deref(), "spec.workloads.serviceAccounts", report);
    if service_accounts.as_ref().is_some_and(|list| list.iter().any(String::is_empty)) {
        report.error("spec.workloads.serviceAccounts", "one of them is empty: name a service account, or remove it");
    }
}
