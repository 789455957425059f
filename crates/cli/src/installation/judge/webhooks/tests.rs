use serde_json::json;

use super::{super::testing::*, *};

fn pods(found: &mut Found) -> &mut Value {
    let Seen::There(all) = &mut found.mutating else { panic!("no configurations") };
    &mut all[0]
}

fn policy(found: &mut Found) -> &mut Value {
    let Seen::There(all) = &mut found.validating else { panic!("no configurations") };
    &mut all[0]
}

fn bundle_of(found: &mut Found, entry: usize, pem: &str) {
    let place = format!("/webhooks/{entry}/clientConfig/caBundle");
    *pods(found).pointer_mut(&place).unwrap() = json!(BASE64_STANDARD.encode(pem));
}

fn service(name: &str) -> (String, String) {
    ("outrigger-system".to_owned(), name.to_owned())
}

#[test]
fn what_is_wrong_with_a_webhook_is_named() {
    type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
    let cases: &[Case] = &[
        ("as it should be", |_| (), &[]),
        ("deleted", |it| it.mutating = Seen::There(vec![]), &["webhook_missing"]),
        ("the other deleted", |it| it.validating = Seen::There(vec![]), &["webhook_missing"]),
        ("hidden", |it| it.mutating = Seen::Unknown("no".into()), &["not_looked"]),
        ("no service", |it| drop(it.services.insert(service(INJECTOR), Seen::Missing)), &["webhook_service_missing"]),
        (
            "nobody ready",
            |it| drop(it.slices.insert(service(INJECTOR), Seen::There(vec![]))),
            &["webhook_service_not_ready"],
        ),
        (
            "one unready",
            |it| {
                let slice = json!({"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": false}}]});
                it.slices.insert(service(CONTROL_PLANE), Seen::There(vec![slice]));
            },
            &["webhook_service_not_ready"],
        ),
        ("an entry lost", |it| drop(pods(it)["webhooks"].as_array_mut().unwrap().pop()), &["webhook_entry_missing"]),
        (
            "emptied",
            |it| drop(pods(it)["webhooks"][1]["clientConfig"].as_object_mut().unwrap().remove("caBundle")),
            &["webhook_bundle_empty"],
        ),
        ("no certificate", |it| bundle_of(it, 2, "-----BEGIN"), &["webhook_bundle_broken"]),
        ("a foreign one", |it| bundle_of(it, 0, &OTHER), &["webhook_bundle_foreign"]),
        ("both", |it| bundle_of(it, 0, &[OTHER.as_str(), CA.as_str()].concat()), &[]),
        ("an ended one", |it| bundle_of(it, 0, &ENDED), &["webhook_bundle_expired"]),
        ("edits refused", |it| policy(it)["webhooks"][0]["failurePolicy"] = json!("Fail"), &["webhook_refuses"]),
        ("pods let in", |it| pods(it)["webhooks"][0]["failurePolicy"] = json!("Ignore"), &[]),
        (
            "somebody else's beside it",
            |it| {
                let Seen::There(all) = &mut it.mutating else { panic!("no configurations") };
                all.push(json!({"metadata": {"name": "istio"}, "webhooks": [{"name": "a.istio.io"}]}));
            },
            &[],
        ),
        (
            "a copy under another name, of nobody",
            |it| {
                let mut copy = pods(it).clone();
                copy["metadata"]["name"] = json!("old");
                for entry in copy["webhooks"].as_array_mut().unwrap() {
                    entry["clientConfig"]["service"]["namespace"] = json!("gone");
                }
                let Seen::There(all) = &mut it.mutating else { panic!("no configurations") };
                all.push(copy);
            },
            &["webhook_stale"],
        ),
    ];
    for (name, change, expected) in cases {
        let mut found = installed();
        change(&mut found);
        assert_eq!(codes(&found), *expected, "{name}");
    }
}

#[test]
fn before_an_install_what_is_left_would_refuse_pods() {
    let mut found = empty();
    found.mutating = installed().mutating;
    let told = only(&found);
    assert!(told.what.contains("every pod that asks for a sidecar is refused"), "{told:?}");
    assert_eq!(told.next.unwrap(), "kubectl delete mutatingwebhookconfiguration outrigger-injector");
    // The Service was forgotten as well.
    found.services = installed().services;
    assert_eq!(codes(&found), ["webhook_stale"]);
    let entries = pods(&mut found)["webhooks"].as_array_mut().unwrap();
    entries.iter_mut().for_each(|it| it["failurePolicy"] = json!("Ignore"));
    assert!(!only(&found).what.contains("refused"), "{:?}", only(&found));
}

#[test]
fn of_an_installation_in_another_namespace_it_is_told_where() {
    let mut found = empty();
    found.system = "second".to_owned();
    let first = installed();
    (found.mutating, found.services) = (first.mutating, first.services);
    let told = only(&found);
    assert_eq!(told.code, Some(Code::WebhookElsewhere));
    assert_eq!(told.next.unwrap(), "kubectl outrigger check --system-namespace outrigger-system");
}

#[test]
fn a_certificate_of_somebody_else_has_to_be_known_by_the_bundle() {
    let mut found = installed();
    add_argument(&mut found, INJECTOR, "--tls-secret=mine");
    let pems = crate::installation::found::Pems { ca: CA.clone(), chain: SERVED.clone() };
    found.secrets.insert("mine".into(), Seen::There(pems));
    assert_eq!(codes(&found), Vec::<&str>::new());
    for entry in 0..3 {
        bundle_of(&mut found, entry, &OTHER);
    }
    assert_eq!(codes(&found), ["webhook_bundle_foreign"]);
    pods(&mut found)["metadata"]["annotations"] = json!({"cert-manager.io/inject-ca-from": "a/b"});
    assert!(only(&found).next.unwrap().contains("cainjector"));
}
