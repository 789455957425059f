//! Looking: the thin part, by kubectl, as the user of a kubeconfig. Nothing is changed: what is created is a question
//! (a review), or is made with `--dry-run=server`, which the API server and its webhooks go through and nobody keeps.

mod ask;
mod at_once;
mod pods;
mod reduce;
mod reviews;
mod trials;

use std::{collections::BTreeMap, thread, time::SystemTime};

use anyhow::bail;
use ask::Ask;
use at_once::all;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::found::{CONTROL_PLANE, Found, INJECTOR, LEDGER, Pems, Seen, is_ours, services};
use crate::plane::Kubectl;

/// A cluster as `kubectl` shows it; `system`: the namespace of the installation.
///
/// # Errors
///
/// If there is no kubectl, or no API server that answers it.
pub(super) fn look(kubectl: &Kubectl, system: &str) -> anyhow::Result<Found> {
    let ask = Ask::new(kubectl);
    let server = match ask.get("/version") {
        Seen::There(version) => version,
        Seen::Missing => bail!("what the kubeconfig leads to is no API server: it has no /version"),
        Seen::Unknown(why) => bail!("no API server can be asked: {why}"),
    };
    let ask = &ask;
    let kinds: Vec<String> = outrigger_crd::all().into_iter().filter_map(|it| it.metadata.name).collect();
    let crd = |name: &String| format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
    let admission = |kind: &str| format!("/apis/admissionregistration.k8s.io/v1/{kind}");
    let lists = [
        admission("mutatingwebhookconfigurations"),
        admission("validatingwebhookconfigurations"),
        format!("/apis/apps/v1/namespaces/{system}/deployments?limit=500"),
        format!("/apis/apps/v1/namespaces/{system}/statefulsets?limit=500"),
        format!("/api/v1/namespaces/{system}/pods?labelSelector=app.kubernetes.io%2Fname%3Doutrigger&limit=100"),
        format!("/apis/coordination.k8s.io/v1/namespaces/{system}/leases?limit=500"),
        "/api/v1/configmaps?fieldSelector=metadata.name%3Doutrigger-ca".to_owned(),
        format!("/api/v1/namespaces?labelSelector={}", outrigger_inject::INJECT.replace('/', "%2F")),
    ];
    let paths: Vec<String> = lists.iter().cloned().chain(kinds.iter().map(crd)).collect();
    let mut answers = all(&paths, |path| ask.get(path)).into_iter();
    let [mutating, validating, deployments, stateful, pods, leases, bundles, labelled] =
        lists.map(|_| answers.next().unwrap_or(Seen::Missing).map(ask::items));
    let kinds: BTreeMap<String, Seen<Value>> = kinds.into_iter().zip(answers).collect();

    let mut found = Found {
        system: system.to_owned(),
        now: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        server,
        nodes: Seen::Missing,
        kinds,
        mutating,
        validating,
        services: BTreeMap::new(),
        slices: BTreeMap::new(),
        deployments,
        stateful,
        pods,
        leases,
        secrets: BTreeMap::new(),
        bundles: bundles.map(|all| reduce::by_namespace(&all)),
        labelled: labelled.map(|all| reduce::labelled(&all)),
        workloads: Seen::Missing,
        rights: Seen::Missing,
        own_rights: Seen::Missing,
        tried_pod: Seen::Missing,
        tried_route: Seen::Missing,
        probes: BTreeMap::new(),
    };
    more(ask, &mut found);
    found.probes = pods::probed(ask, &found);
    Ok(found)
}

/// What depends on what was found first.
fn more(ask: &Ask<'_>, found: &mut Found) {
    let configurations = found.mutating.there().into_iter().chain(found.validating.there()).flatten();
    let named: Vec<(String, String)> = configurations.filter(|it| is_ours(it)).flat_map(services).collect();
    let own = [CONTROL_PLANE, INJECTOR, LEDGER].map(|it| found.argument(it, "--tls-secret=").map(str::to_owned));
    let mut secrets = vec!["outrigger-ca".to_owned(), "outrigger-injector-ca".to_owned()];
    secrets.extend(own.into_iter().flatten());
    let (before, as_found) = (!found.is_installed(), &*found);
    let (mut nodes, mut workloads, mut rights, mut own_rights) =
        (Seen::Missing, Seen::Missing, Seen::Missing, Seen::Missing);
    let (mut tried_pod, mut tried_route) = (Seen::Missing, Seen::Missing);
    let (mut of_services, mut of_secrets) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| nodes = pods::nodes(ask));
        scope.spawn(|| workloads = pods::workloads(ask, as_found));
        scope.spawn(|| match before {
            true => own_rights = reviews::own(ask, &as_found.system),
            false => rights = reviews::programs(ask, &as_found.system),
        });
        scope.spawn(|| tried_pod = trials::pod(ask));
        scope.spawn(|| tried_route = trials::route(ask, as_found));
        of_services = all(&named, |(namespace, name)| {
            let service = ask.get(&format!("/api/v1/namespaces/{namespace}/services/{name}"));
            let slices = format!(
                "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{name}"
            );
            (service, ask.get(&slices).map(ask::items))
        });
        of_secrets = all(&secrets, |name| pems(ask, &as_found.system, name));
    });
    for (service, (is, slices)) in named.into_iter().zip(of_services) {
        found.services.insert(service.clone(), is);
        found.slices.insert(service, slices);
    }
    found.secrets = secrets.into_iter().zip(of_secrets).collect();
    (found.nodes, found.workloads, found.rights, found.own_rights) = (nodes, workloads, rights, own_rights);
    (found.tried_pod, found.tried_route) = (tried_pod, tried_route);
}

/// The certificates of a Secret: kubectl is told to print nothing else of it, so that no key is ever here.
fn pems(ask: &Ask<'_>, system: &str, name: &str) -> Seen<Pems> {
    let words = ["get", "secret", name, "--namespace", system, "--ignore-not-found", "--output"];
    let said = ask.run(&[&words[..], &[r"jsonpath={.data.ca\.crt} {.data.tls\.crt}"]].concat(), None);
    let said = match said {
        Ok(said) => said.out,
        Err(why) => return Seen::Unknown(why),
    };
    let Some((ca, chain)) = said.split_once(' ') else { return Seen::Missing };
    let text = |encoded: &str| {
        BASE64_STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    };
    Seen::There(Pems { ca: text(ca), chain: text(chain) })
}
