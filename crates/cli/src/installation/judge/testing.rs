//! Clusters to be judged: one as it is before an install, one as it is after, both well.

use std::{collections::BTreeMap, sync::LazyLock};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use super::{kinds::EXPECTED, words::text};
use crate::installation::{
    clock,
    finding::{Code, Finding},
    found::*,
    rights,
};

/// 2026-01-01 and 2036-01-01.
pub(super) const FROM: u64 = 1_767_225_600;
pub(super) const UNTIL: u64 = 2_082_758_400;
const SYSTEM: &str = "outrigger-system";

static AUTHORITY: LazyLock<(String, KeyPair, CertificateParams)> = LazyLock::new(|| authority("ours", 2036));
/// What the programs are known by.
pub(super) static CA: LazyLock<String> = LazyLock::new(|| AUTHORITY.0.clone());
/// What somebody else is.
pub(super) static OTHER: LazyLock<String> = LazyLock::new(|| authority("other", 2036).0);
/// One that has ended.
pub(super) static ENDED: LazyLock<String> = LazyLock::new(|| authority("ended", 2027).0.clone());
/// A certificate of the first, of the injector.
pub(super) static SERVED: LazyLock<String> = LazyLock::new(|| {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![format!("outrigger-injector.{SYSTEM}.svc")]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2030, 1, 1));
    let (_, authority, of) = &*AUTHORITY;
    params.signed_by(&key, &Issuer::from_params(of, authority)).unwrap().pem()
});

fn authority(name: &str, until: i32) -> (String, KeyPair, CertificateParams) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(until, 1, 1));
    (params.self_signed(&key).unwrap().pem(), key, params)
}

/// The codes that are said of it.
pub(super) fn codes(found: &Found) -> Vec<&'static str> {
    super::judge(found).into_iter().filter_map(|it| Some(it.code?.row().0)).collect()
}

/// The one thing that is not well.
pub(super) fn only(found: &Found) -> Finding {
    let mut all: Vec<Finding> = super::judge(found).into_iter().filter(|it| it.code.is_some()).collect();
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// What is said under this code.
pub(super) fn judge_one(found: &Found, code: &str) -> Finding {
    super::judge(found).into_iter().find(|it| it.code.map(|it| it.row().0) == Some(code)).expect("a finding")
}

pub(super) fn add_argument(found: &mut Found, program: &str, argument: &str) {
    let (Seen::There(all), Seen::There(more)) = (&mut found.deployments, &mut found.stateful) else {
        panic!("nothing")
    };
    let it = all.iter_mut().chain(more).find(|it| it["metadata"]["name"] == program).unwrap();
    it.pointer_mut("/spec/template/spec/containers/0/args").unwrap().as_array_mut().unwrap().push(json!(argument));
}

/// Our kinds, as `kubectl apply` makes them.
pub(super) fn kinds() -> BTreeMap<String, Seen<Value>> {
    let one = |kind: &Value| {
        let mut kind = kind.clone();
        let status = json!({"storedVersions": ["v1alpha1"], "conditions": [
            {"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"},
        ]});
        kind.as_object_mut().unwrap().insert("status".into(), status);
        kind["metadata"].as_object_mut().unwrap().insert("annotations".into(), json!({}));
        (kind["metadata"]["name"].as_str().unwrap().to_owned(), Seen::There(kind))
    };
    EXPECTED.iter().map(one).collect()
}

/// A cluster without Outrigger, and somebody who may install it.
pub(super) fn empty() -> Found {
    let may = |attributes| Right { user: String::new(), attributes, allowed: true };
    let needed = rights::needed(SYSTEM).into_iter().map(|(_, it)| it);
    let own = rights::to_install(SYSTEM).into_iter().chain(rights::to_give(SYSTEM)).chain(needed);
    Found {
        system: SYSTEM.into(),
        now: clock::seconds("2028-06-01T00:00:00Z").unwrap(),
        version: "0.1.0".into(),
        server: json!({"major": "1", "minor": "33", "gitVersion": "v1.33.1"}),
        nodes: Seen::There(vec![("node-1".into(), "v1.33.1".into())]),
        kinds: EXPECTED.iter().map(|it| (text(it, "/metadata/name").to_owned(), Seen::Missing)).collect(),
        mutating: Seen::There(Vec::new()),
        validating: Seen::There(Vec::new()),
        services: BTreeMap::new(),
        slices: BTreeMap::new(),
        deployments: Seen::There(Vec::new()),
        stateful: Seen::There(Vec::new()),
        pods: Seen::There(Vec::new()),
        leases: Seen::There(Vec::new()),
        secrets: BTreeMap::new(),
        bundles: Seen::There(BTreeMap::new()),
        labelled: Seen::There(BTreeMap::new()),
        workloads: Seen::There(Workloads::default()),
        rights: Seen::Missing,
        own_rights: Seen::There(own.map(may).collect()),
        tried_pod: Seen::There(json!({"spec": {"initContainers": [{"name": "native", "restartPolicy": "Always"}]}})),
        tried_route: Seen::Missing,
        probes: BTreeMap::new(),
    }
}

/// A cluster with everything, and one workload.
pub(super) fn installed() -> Found {
    let mut found = empty();
    found.kinds = kinds();
    let entry = |service: &str, name: &str, policy: &str| {
        json!({"name": name, "failurePolicy": policy, "clientConfig": {
            "service": {"namespace": SYSTEM, "name": service, "port": 443},
            "caBundle": BASE64_STANDARD.encode(CA.as_str()),
        }})
    };
    let pods =
        ["namespace", "pod", "annotation"].map(|it| entry(INJECTOR, &format!("{it}.injector.outrigger.dev"), "Fail"));
    found.mutating = Seen::There(vec![json!({"metadata": {"name": MUTATING}, "webhooks": pods})]);
    let policy = [entry(CONTROL_PLANE, "policy.outrigger.dev", "Ignore")];
    found.validating = Seen::There(vec![json!({"metadata": {"name": VALIDATING}, "webhooks": policy})]);
    for name in [CONTROL_PLANE, INJECTOR] {
        let service = (SYSTEM.to_owned(), name.to_owned());
        found.services.insert(service.clone(), Seen::There(json!({"metadata": {"name": name}})));
        let ready = json!({"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}]});
        found.slices.insert(service, Seen::There(vec![ready]));
    }
    let deployment = |name: &str, args: &[&str]| {
        json!({
            "metadata": {"name": name, "generation": 3, "labels": {
                "app.kubernetes.io/version": "0.1.0", "app.kubernetes.io/managed-by": "Helm",
                "app.kubernetes.io/instance": "outrigger",
            }},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [
                {"name": "it", "image": "outrigger-control-plane:0.1.0", "args": args},
            ]}}},
            "status": {"observedGeneration": 3, "readyReplicas": 2, "updatedReplicas": 2},
        })
    };
    let plane = ["--webhook-listen=0.0.0.0:9443", "--webhook-configuration=outrigger-policy"];
    let injector = ["injector", "--webhook-configuration=outrigger-injector", "--image=outrigger-sidecar:0.1.0"];
    found.deployments = Seen::There(vec![deployment(CONTROL_PLANE, &plane), deployment(INJECTOR, &injector)]);
    let lease = |name: &str| {
        let spec = json!({"holderIdentity": "a_0", "leaseDurationSeconds": 15, "renewTime": "2028-06-01T00:00:00.25Z"});
        json!({"metadata": {"name": name}, "spec": spec})
    };
    found.leases = Seen::There(vec![lease(CONTROL_PLANE), lease(INJECTOR)]);
    for name in ["outrigger-ca", "outrigger-injector-ca"] {
        found.secrets.insert(name.into(), Seen::There(Pems { ca: CA.clone(), chain: String::new() }));
    }
    found.bundles = Seen::There([("shop".to_owned(), CA.clone())].into());
    found.labelled =
        Seen::There([("shop".to_owned(), "enabled".to_owned()), ("till".to_owned(), "disabled".to_owned())].into());
    let sidecar = Some(Sidecar {
        image: "outrigger-sidecar:0.1.0".into(),
        ready: true,
        probe: Some(4121),
        books: Books::Nothing,
    });
    let pod = Workload { namespace: "shop".into(), name: "web-1".into(), bare: false, misspelt: None, sidecar };
    found.workloads = Seen::There(Workloads { pods: vec![pod], more: false });
    let may = |(program, attributes)| Right { user: rights::user(SYSTEM, program), attributes, allowed: true };
    found.rights = Seen::There(rights::needed(SYSTEM).into_iter().map(may).collect());
    found.own_rights = Seen::Missing;
    let containers = json!([{"name": "outrigger", "restartPolicy": "Always"}]);
    found.tried_pod = Seen::There(json!({"spec": {"initContainers": containers}}));
    found.tried_route = Seen::There("Warning: ModelRoute outrigger-system/outrigger-check: no model".into());
    found
}

/// The same with a ledger in a file, and a workload that tells it what it uses.
pub(super) fn with_ledger() -> Found {
    let mut found = installed();
    add_argument(&mut found, INJECTOR, "--ledger=https://outrigger-ledger.outrigger-system.svc:4122");
    found.stateful = Seen::There(vec![json!({
        "metadata": {"name": LEDGER, "generation": 1, "labels": {"app.kubernetes.io/version": "0.1.0"}},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [
            {"name": "ledger", "image": "outrigger-control-plane:0.1.0", "args": ["ledger"]},
        ]}}},
        "status": {"observedGeneration": 1, "readyReplicas": 1, "updatedReplicas": 1},
    })]);
    let Seen::There(workloads) = &mut found.workloads else { panic!("no workloads") };
    workloads.pods[0].sidecar.as_mut().unwrap().books = Books::OnDisk;
    found
}

#[test]
fn what_is_well_has_no_code() {
    assert_eq!((codes(&empty()), codes(&installed()), codes(&with_ledger())), (vec![], vec![], vec![]));
}

/// Whatever is not well is said with whose it is and with a command.
#[test]
fn whatever_is_said_has_a_command() {
    let mut found = installed();
    found.deployments = Seen::There(Vec::new());
    found.server = json!({});
    for finding in super::judge(&found) {
        assert_eq!(finding.code.is_some(), finding.next.is_some() && finding.whose.is_some(), "{finding:?}");
    }
    assert!(Code::ALL.len() > 40);
}
