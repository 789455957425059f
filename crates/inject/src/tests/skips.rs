//! R-INJ-2, R-INJ-5: what gets no sidecar, and that whoever asked is told why.

use crate::{Ask, Outcome, Skip, inject};

use super::{nobody_knows, plain, pod, settings};

#[test]
fn what_stands_in_the_way_is_said() {
    for (metadata, spec, code) in [
        ("", "", "injected"),
        ("labels: {outrigger.dev/inject: disabled}", "", "disabled"),
        ("labels: {outrigger.dev/inject: 'on'}", "", "invalid_value"),
        ("annotations: {outrigger.dev/inject: disabled}", "", "disabled"),
        ("labels: {outrigger.dev/inject: enabled}, annotations: {outrigger.dev/inject: disabled}", "", "injected"),
        ("", "hostNetwork: true", "host_network"),
        ("annotations: {kubernetes.io/config.mirror: x}", "", "mirror_pod"),
        ("", "os: {name: windows}", "windows"),
        ("", "os: {name: linux}", "injected"),
        ("", "shareProcessNamespace: true", "shared_processes"),
        ("", "hostPID: true", "shared_processes"),
        ("annotations: {outrigger.dev/allow-shared-processes: 'true'}", "shareProcessNamespace: true", "injected"),
        (
            "annotations: {outrigger.dev/allow-shared-processes: 'yes'}",
            "shareProcessNamespace: true",
            "shared_processes",
        ),
        ("", "initContainers: [{name: i, image: i, ports: [{containerPort: 4118}]}]", "port_taken"),
        (
            "annotations: {outrigger.dev/admin-port: '9118'}",
            "initContainers: [{name: i, image: i, ports: [{containerPort: 4118}]}]",
            "injected",
        ),
        ("annotations: {outrigger.dev/admin-port: '4117'}", "", "ports_collide"),
        ("", "volumes: [{name: outrigger-state, emptyDir: {}}]", "name_taken"),
        // The volume would come with the sidecar, and the pod's own container would read its token and keys.
        (
            "",
            "initContainers: [{name: i, image: i, volumeMounts: [{name: outrigger-state, mountPath: /theirs}]}]",
            "name_taken",
        ),
        ("", "initContainers: [{name: outrigger, image: i}]", "name_taken"),
        // An annotation that was copied along is no sidecar.
        ("annotations: {outrigger.dev/status: injected}", "", "injected"),
    ] {
        assert_eq!(plain(metadata, spec).skipped(), code, "{metadata} {spec}");
        assert!(code == "injected" || Skip::CODES.contains(&code));
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_container() {
    let case = pod("{spec: {containers: [{name: app, image: a, ports: [{containerPort: 4117}]}]}}");
    let Outcome::Skipped(skip) = case.outcome() else { panic!() };
    assert!(skip.is_said() && skip.to_string().starts_with("its container \"app\" has port 4117, which"), "{skip}");
}

#[test]
fn some_namespaces_have_none() {
    let case = plain("labels: {outrigger.dev/inject: enabled}", "");
    let typed = serde_json::from_value(case.pod).unwrap();
    for namespace in ["kube-system", "kube-public", "kube-node-lease", "outrigger-system"] {
        let (profiles, secrets) = (&|_: &str, _: &str| None, &nobody_knows());
        let ask = Ask { pod: &typed, namespace, namespace_says: Some("enabled"), profiles, secrets };
        let Outcome::Skipped(skip) = inject(ask, &settings()) else { panic!("{namespace}") };
        assert_eq!((skip.code(), skip.is_said()), ("system_namespace", false));
    }
}
