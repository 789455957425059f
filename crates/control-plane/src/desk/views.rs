//! `GET /views/NAMESPACE/KIND/NAME`: what the sidecars of a workload decide on, without keys, so that a decision can be tried
//! elsewhere. `{"workload": ..., "alike": N, "resources": [{"key": ..., "body": BASE64}]}`, as sidecars are sent it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use outrigger_api::encode::encode;
use outrigger_catalog::Catalog;
use outrigger_compile::{Scope, Workload, World, view};
use outrigger_route::{
    View,
    snapshot::{Credential, Provider},
    view::Offering,
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    fleet::Fleet,
    roster::{self, Page, refusal},
    source::Worlds,
};

/// What its paths begin with.
pub(super) const PATH: &str = "/views/";
/// Views that are compiled at one time.
const AT_ONCE: usize = 2;
/// How long one may take, its turn included.
const LIMIT: Duration = Duration::from_secs(10);
/// Names in an error.
const NAMED: usize = 8;
/// Stands where a key would: that there is one decides whether a provider can be used.
const HIDDEN: &str = "hidden";

/// Shows views.
pub(super) struct Views {
    catalog: Arc<Catalog>,
    worlds: Worlds,
    fleet: Arc<Fleet>,
    room: Arc<Semaphore>,
}

impl Views {
    pub(super) fn new(catalog: Arc<Catalog>, worlds: Worlds, fleet: Arc<Fleet>) -> Self {
        Self { catalog, worlds, fleet, room: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    pub(super) async fn page(&self, path: &str) -> Response<Page> {
        let parts: Vec<&str> = path.trim_start_matches(PATH).split('/').collect();
        let &[namespace, kind, name] = &parts[..] else {
            let why = "write /views/NAMESPACE/KIND/NAME: /views/shop/Deployment/web";
            return refusal(StatusCode::BAD_REQUEST, "bad_path", why);
        };
        let wanted = format!("{kind}/{name}");
        let found = self.found(namespace, &wanted);
        let (workload, alike) = match found {
            Ok(found) => found,
            Err(why) => return refusal(StatusCode::NOT_FOUND, "no_such_workload", &why),
        };
        let Some(world) = self.worlds.borrow().clone() else {
            let why = "no policy was read yet: try again in a second";
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "policy_pending", why);
        };
        let catalog = self.catalog.clone();
        let work = async {
            let turn = self.room.clone().acquire_owned().await.ok()?;
            let compiling = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                shown(&world, &catalog, &workload, &wanted, alike)
            });
            compiling.await.ok()
        };
        match timeout(LIMIT, work).await {
            Ok(Some(page)) => roster::json(StatusCode::OK, Full::new(Bytes::from(page.to_string())).boxed_unsync()),
            Ok(None) => {
                let why = "compiling the view failed: this is a bug; see the log";
                refusal(StatusCode::INTERNAL_SERVER_ERROR, "view_not_compiled", why)
            }
            Err(_) => refusal(StatusCode::SERVICE_UNAVAILABLE, "late", "it takes too long at this moment: try again"),
        }
    }

    /// Who is connected by this name, and how many different ones are.
    fn found(&self, namespace: &str, wanted: &str) -> Result<(Arc<Workload>, usize), String> {
        let (mut found, mut others) = (BTreeMap::<Arc<Workload>, usize>::new(), Vec::new());
        for connection in self.fleet.connections() {
            let seat = connection.seat();
            let workload = seat.subscription.workload();
            if workload.namespace != namespace {
                continue;
            }
            let account = format!("ServiceAccount/{}", workload.service_account);
            let owner = seat.account.owner.as_deref().unwrap_or(&account);
            if owner.eq_ignore_ascii_case(wanted) || account.eq_ignore_ascii_case(wanted) {
                *found.entry(workload.clone()).or_default() += 1;
            } else if !others.iter().any(|it| it == owner) && others.len() <= NAMED {
                others.push(owner.to_owned());
            }
        }
        let alike = found.len();
        // The one that most sidecars have: a rollout has two for a while.
        if let Some((workload, _)) = found.into_iter().max_by_key(|(_, sidecars)| *sidecars) {
            return Ok((workload, alike));
        }
        others.sort();
        let there = match &others[..] {
            [] => "nobody of that namespace is".to_owned(),
            some => format!(
                "of that namespace there are {}",
                some.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ")
            ),
        };
        Err(format!("no sidecar of {namespace} {wanted} is connected to this replica: {there}; it may be at another"))
    }
}

fn shown(world: &World, catalog: &Catalog, workload: &Workload, name: &str, alike: usize) -> Value {
    let (view, _) = view(world, catalog, &Scope::Selected(world.select(workload)));
    let resources: Vec<Value> = encode(&keyless(view))
        .into_iter()
        .map(|(key, resource)| json!({"key": key, "body": BASE64_STANDARD.encode(&resource.body)}))
        .collect();
    let Workload { namespace, service_account, labels } = workload;
    let workload = json!({"namespace": namespace, "name": name, "serviceAccount": service_account, "labels": labels});
    json!({"workload": workload, "alike": alike, "resources": resources})
}

/// The view without anything that is secret, or a hash of it, or might be: headers that are added to requests.
fn keyless(mut view: View) -> View {
    view.alive.clear();
    for (provider, keys) in &mut view.credentials {
        *keys = keys.iter().map(|key| Credential::new(provider, &key.name, HIDDEN, key.weight)).collect();
    }
    for offering in view.providers.values_mut() {
        let Offering { provider, offers } = &**offering;
        let provider = Provider { headers: Vec::new(), ..provider.with(provider.credentials.clone()) };
        *offering = Arc::new(Offering { provider, offers: offers.clone() });
    }
    view
}

impl std::fmt::Debug for Views {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Views").finish_non_exhaustive()
    }
}
