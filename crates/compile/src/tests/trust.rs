//! By whose certificates a provider is known.

use outrigger_route::closed::Closed;

use super::*;
use crate::{Cause, Kind, ObjectRef, Severity, Unreadable, view};

const ONE: &str = include_str!("authority.pem");
const TWO: &str = include_str!("other.pem");
const OWN: &str = "dialects: [ChatCompletions], baseURL: 'https://own/v1', models: [{model: a}]";

/// A `ConfigMap` or `Secret` that holds `pem` under `key`.
fn held(kind: &str, name: &str, key: &str, pem: &str) -> String {
    let data = if kind == "Secret" { "stringData" } else { "data" };
    let pem = pem.replace('\n', "\n    ");
    format!(
        "---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: demo}}\n{data}:\n  {key}: |\n    {pem}\n"
    )
}

/// A provider `x` with this reference and a route `r` to it.
fn named(reference: &str) -> String {
    provider("x", &format!("{{{OWN}, tls: {{caRef: {reference}}}}}")) + &route("r", "{targets: [{model: a}]}")
}

fn authorities(yaml: &str) -> Option<usize> {
    let snapshot = snapshot(yaml);
    let trusted = snapshot.targets.first()?.provider.authorities.as_ref();
    Some(trusted.map_or(0, |it| it.certificates().len()))
}

/// What is said of the provider, without its place.
fn said(yaml: &str) -> String {
    let told = told(yaml);
    let line = told.lines().find(|line| line.contains("spec.tls")).unwrap_or_default();
    line.split_once("ModelProvider demo/x ").map_or_else(String::new, |(_, said)| said.to_owned())
}

#[test]
fn a_bundle_is_found_by_kind_name_and_key() {
    for (object, reference, count) in [
        (held("ConfigMap", "ca", "ca.crt", ONE), "{name: ca}", 1),
        (held("ConfigMap", "ca", "ca.crt", &format!("# ours\n{ONE}{TWO}{ONE}")), "{name: ca}", 2),
        (held("Secret", "ca", "ca.crt", ONE), "{kind: Secret, name: ca}", 1),
        (held("ConfigMap", "ca", "bundle.pem", ONE), "{kind: ConfigMap, name: ca, key: bundle.pem}", 1),
    ] {
        assert_eq!(
            (authorities(&(object.clone() + &named(reference))), said(&(object + &named(reference)))),
            (Some(count), String::new())
        );
    }
    assert_eq!(authorities(&provider("x", &format!("{{{OWN}}}"))), Some(0), "nobody asked for any");
}

/// Never the public roots in their place: what is asked for and not there leaves nobody to be trusted.
#[test]
fn a_bundle_that_is_not_there_leaves_the_provider_out_and_says_why() {
    let garbled = format!("{ONE}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let cut = &ONE[..ONE.len() / 2];
    let many: String = (0..150).map(|_| ONE).collect();
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let left_out = "; until then the provider is left out";
    for (object, says) in [
        (held("ConfigMap", "c", "ca.crt", ONE), "there is no ConfigMap of this name in namespace \"demo\""),
        (held("Secret", "ca", "ca.crt", ONE), "there is no ConfigMap of this name"),
        (held("ConfigMap", "ca", "ca.pem", ONE), "ConfigMap \"ca\" has no such key, but 1 others"),
        (held("ConfigMap", "ca", "ca.crt", "none"), "ConfigMap \"ca\", key \"ca.crt\": no certificate is in it"),
        (held("ConfigMap", "ca", "ca.crt", key), "no certificate is in it"),
        (held("ConfigMap", "ca", "ca.crt", &garbled), "certificate number 2 cannot be read"),
        (held("ConfigMap", "ca", "ca.crt", cut), "certificate number 1 cannot be read"),
        (held("ConfigMap", "ca", "ca.crt", &many), "more than 64 certificates or 64 KiB"),
        (held("ConfigMap", "ca", "ca.crt", &"x".repeat(65 << 10)), "more than 64 certificates or 64 KiB"),
    ] {
        let yaml = object + &named("{name: ca}");
        let said = said(&yaml);
        assert!(said.starts_with("spec.tls.caRef: ") && said.contains(says), "{says}: {said}");
        assert!(said.ends_with(left_out) && !said.contains("AAAA"), "{said}");
        let snapshot = snapshot(&yaml);
        assert!(snapshot.targets.is_empty() && snapshot.routes.is_empty(), "{says}");
        assert!(snapshot.closed.contains_key("r"), "{says}");
    }
}

#[test]
fn a_route_says_whose_certificates_are_missing() {
    let snapshot = snapshot(&(named("{name: ca}") + &route("s", "{targets: [{model: a, provider: x}]}")));
    let Closed::NoTargets { reason, .. } = &snapshot.closed["s"] else { panic!("{:?}", snapshot.closed["s"]) };
    assert!(reason.contains("ModelProvider demo/x") && reason.contains("spec.tls.caRef"), "{reason}");
}

/// The others of a route go on.
#[test]
fn one_without_its_bundle_is_no_matter_for_others() {
    let yaml = MAIN.to_owned() + &named("{name: ca}");
    assert_eq!(routes_of(&snapshot(&yaml)), ["demo/r: main:a p0 w1", "r: main:a p0 w1"]);
}

#[test]
fn what_may_not_be_read_says_what_to_paste_and_goes_on_where_it_was_read() {
    let withheld = |yaml: &str| {
        let mut world = world(yaml).0;
        let object = ObjectRef { kind: Kind::ConfigMap, namespace: "demo".to_owned(), name: "ca".to_owned() };
        world.unreadable.push(Unreadable { object, reason: "paste this".to_owned(), aliases: Vec::new() });
        let (snapshot, problems) = compile(&world, &CATALOG, &Scope::All);
        let problem = problems.into_iter().find(|it| it.field == "spec.tls.caRef").unwrap();
        (snapshot.targets.len(), problem.cause, problem.severity, problem.reason)
    };
    let paste = || "paste this".to_owned();
    assert_eq!(withheld(&named("{name: ca}")), (0, Cause::RefNotPermitted, Severity::Error, paste()));
    let read = held("ConfigMap", "ca", "ca.crt", ONE) + &named("{name: ca}");
    assert_eq!(withheld(&read), (1, Cause::RefNotPermitted, Severity::Warning, paste()));
}

/// A preset may have an address without TLS, and one of one's own always may.
#[test]
fn certificates_without_tls_are_a_mistake() {
    let ca = held("ConfigMap", "ca", "ca.crt", ONE);
    let told = told(
        &(ca + &provider(
            "x",
            "{dialects: [ChatCompletions], baseURL: 'http://own/v1', models: [{model: a}], tls: {caRef: {name: ca}}}",
        )),
    );
    assert!(told.contains("spec.tls: needs an https address"), "{told}");
}

/// Another bundle is another revision, in whatever order its certificates stand.
#[test]
fn the_revision_is_of_the_bundle_too() {
    let revision = |pem: &str| snapshot(&(held("ConfigMap", "ca", "ca.crt", pem) + &named("{name: ca}"))).revision;
    assert_ne!(revision(ONE), revision(TWO));
    assert_eq!(revision(&format!("{ONE}{TWO}")), revision(&format!("{TWO}{ONE}")));
}

/// Under a broken policy an earlier view goes on with providers that are there today: one without its certificates is not.
#[test]
fn under_a_broken_policy_nobody_is_alive_whose_certificates_are_gone() {
    let broken = "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: p, namespace: demo}\n\
                  spec: {models: {deny: ['a*b']}}\n";
    let alive = |ca: &str| {
        let yaml = ca.to_owned() + "---" + MAIN + &named("{name: ca}") + broken;
        let (view, _) = view(&world(&yaml).0, &CATALOG, &Scope::Namespace("demo".to_owned()));
        assert!(view.header.refused.is_some());
        view.alive.keys().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(alive(&held("ConfigMap", "ca", "ca.crt", ONE)), ["demo/main", "demo/x"]);
    assert_eq!(alive(""), ["demo/main"]);
}

/// Each view holds what its own providers name: others' bundles compile nothing again.
#[test]
fn a_view_depends_on_the_bundles_that_its_providers_name() {
    use crate::{Views, Workload};
    let compilations = |name: &str| {
        let before = held("ConfigMap", name, "ca.crt", ONE) + &named("{name: ca}");
        let after = held("ConfigMap", name, "ca.crt", TWO) + &named("{name: ca}");
        let workload = Workload { namespace: "demo".to_owned(), ..Workload::default() };
        let mut views = Views::default();
        for yaml in [&before, &after] {
            let world = world(yaml).0;
            views.view(&world.select(&workload), &world, &CATALOG, |_, _| std::sync::Arc::new(()));
        }
        views.compilations()
    };
    assert_eq!((compilations("ca"), compilations("other")), (2, 1));
}
