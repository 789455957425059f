//! Whom the API server asks about pods and policy, and by what it knows them.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{super::finding::Code, certificates, *};
use crate::installation::{
    certificate::Bundle,
    clock,
    found::{INJECTOR, MUTATING, Seen, VALIDATING, is_ours, services},
};

/// One of the two kinds of configuration.
pub(super) struct Kind {
    pub(super) kind: &'static str,
    /// That of the chart.
    pub(super) name: &'static str,
    /// Who is asked.
    pub(super) program: &'static str,
    entries: &'static [&'static str],
    /// What is refused while nobody answers, under `failurePolicy: Fail`.
    refuses: &'static str,
}

pub(super) const PODS: Kind = Kind {
    kind: "MutatingWebhookConfiguration",
    name: MUTATING,
    program: INJECTOR,
    entries: &["namespace.injector.outrigger.dev", "pod.injector.outrigger.dev", "annotation.injector.outrigger.dev"],
    refuses: "every pod that asks for a sidecar",
};
pub(super) const POLICY: Kind = Kind {
    kind: "ValidatingWebhookConfiguration",
    name: VALIDATING,
    program: CONTROL_PLANE,
    entries: &["policy.outrigger.dev"],
    refuses: "every edit of policy",
};

pub(super) fn judge(found: &Found, out: &mut Findings) {
    for (kind, all) in [(&PODS, &found.mutating), (&POLICY, &found.validating)] {
        let all = match all {
            Seen::There(all) => all,
            Seen::Missing => continue,
            Seen::Unknown(why) => {
                out.unknown(format!("{}s", kind.kind), why);
                continue;
            }
        };
        for configuration in all.iter().filter(|it| is_ours(it)) {
            one(found, out, kind, configuration);
        }
        if is_wanted(found, kind) && !all.iter().any(|it| it["metadata"]["name"] == kind.name) {
            let what = match kind.name {
                MUTATING => "is not there: pods get no sidecar",
                _ => "is not there: nobody is told at apply what is wrong with policy",
            };
            out.say(Code::WebhookMissing, format!("{} {}", kind.kind, kind.name), what, again(found));
        }
    }
}

/// Whether somebody waits to be asked.
fn is_wanted(found: &Found, kind: &Kind) -> bool {
    match kind.program {
        INJECTOR => found.deployment(INJECTOR).is_some(),
        program => found.argument(program, "--webhook-listen=").is_some(),
    }
}

/// The configuration of the chart, where somebody can be asked by it: what says no more than that is told elsewhere.
pub(super) fn answering<'a>(found: &'a Found, kind: &Kind) -> Option<&'a Value> {
    let all = if kind.name == MUTATING { &found.mutating } else { &found.validating };
    let configuration = all.there()?.iter().find(|it| it["metadata"]["name"] == kind.name)?;
    let ready = services(configuration).iter().all(|it| ready(found, it) > 0);
    (is_wanted(found, kind) && ready && bundle(found, kind, configuration).is_ok()).then_some(configuration)
}

fn one(found: &Found, out: &mut Findings, kind: &Kind, configuration: &Value) {
    let name = text(configuration, "/metadata/name");
    let object = format!("{} {name}", kind.kind);
    let entries = list(configuration, "/webhooks");
    let fails = entries.iter().any(|it| it["failurePolicy"] != "Ignore");
    let meanwhile = if fails { format!("{} is refused", kind.refuses) } else { "nobody is asked".to_owned() };
    for (namespace, service) in services(configuration) {
        let is = format!("its Service {namespace}/{service}");
        match found.services.get(&(namespace.clone(), service.clone())) {
            // One cause, whatever else is wrong with it: whoever it was for is gone.
            Some(Seen::Missing) | None if namespace != found.system || found.deployment(kind.program).is_none() => {
                let what = format!("is left of an earlier installation: {is} is not there, and {meanwhile}");
                let next = format!("kubectl delete {} {name}", kind.kind.to_lowercase());
                return out.say(Code::WebhookStale, object, what, next);
            }
            Some(Seen::There(_)) if namespace != found.system => {
                let what = format!("is of an installation in the namespace {namespace}: there can be one in a cluster");
                let next = format!("kubectl outrigger check --system-namespace {namespace}");
                return out.say(Code::WebhookElsewhere, object, what, next);
            }
            Some(Seen::There(_)) if found.deployment(kind.program).is_none() && found.deployments.there().is_some() => {
                let what = format!("is left of an earlier installation: nobody is behind {is}, and {meanwhile}");
                let next = format!("kubectl delete {} {name}", kind.kind.to_lowercase());
                return out.say(Code::WebhookStale, object, what, next);
            }
            Some(Seen::Missing) | None => {
                let what = format!("{is} is not there, and {meanwhile}");
                return out.say(Code::WebhookServiceMissing, object, what, again(found));
            }
            Some(Seen::Unknown(why)) => return out.unknown(is, why),
            Some(Seen::There(_)) => {}
        }
        if let Some(Seen::Unknown(why)) = found.slices.get(&(namespace.clone(), service.clone())) {
            return out.unknown(is, why);
        }
        if ready(found, &(namespace.clone(), service.clone())) == 0 {
            let what = format!("nobody is ready behind {is}, and {meanwhile}");
            let next = format!("kubectl -n {namespace} get pods,endpointslices");
            return out.say(Code::WebhookServiceNotReady, object, what, next);
        }
    }
    let has: Vec<&str> = entries.iter().map(|it| text(it, "/name")).collect();
    let missing: Vec<String> = kind.entries.iter().filter(|it| !has.contains(it)).map(|it| (*it).to_owned()).collect();
    if name == kind.name && !missing.is_empty() {
        let what = format!("lacks {}: what they were for is not asked about", named(&missing));
        return out.say(Code::WebhookEntryMissing, object, what, again(found));
    }
    match bundle(found, kind, configuration) {
        Err((code, what)) => {
            out.say(code, object, format!("{what}, and {meanwhile}"), keeper(found, kind, configuration))
        }
        Ok(_) if kind.name == VALIDATING && fails => {
            let what = "has failurePolicy: Fail: edits of policy are refused while no control plane answers";
            out.say(Code::WebhookRefuses, object, what, again(found));
        }
        Ok(until) => {
            let policy = if fails { "Fail" } else { "Ignore" };
            let until = until.map(|until| format!(", whose certificates count until {}", clock::day(until)));
            let until = until.unwrap_or_default();
            out.ok(object, format!("every caBundle is set{until}; failurePolicy {policy}"));
        }
    }
}

/// Until when the API server knows whoever answers; else what is wrong with that, and its code.
fn bundle(found: &Found, kind: &Kind, configuration: &Value) -> Result<Option<u64>, (Code, String)> {
    let (name, is_somebodys) = certificates::secret(found, kind.program);
    let kept = found.secrets.get(name).and_then(Seen::there);
    let mut until: Option<u64> = None;
    for entry in list(configuration, "/webhooks") {
        let of = text(entry, "/name");
        let encoded = text(entry, "/clientConfig/caBundle");
        if encoded.is_empty() {
            return Err((
                Code::WebhookBundleEmpty,
                format!("the caBundle of {of} is empty: the API server believes nobody"),
            ));
        }
        let pem = BASE64_STANDARD.decode(encoded).ok().and_then(|pem| String::from_utf8(pem).ok());
        let broken = || (Code::WebhookBundleBroken, format!("the caBundle of {of} is no certificate"));
        let bundle = pem.as_deref().and_then(Bundle::read).ok_or_else(broken)?;
        let newest = bundle.newest().ok_or_else(broken)?;
        if newest.until <= found.now {
            let what = format!("the caBundle of {of} has ended on {}", clock::day(newest.until));
            return Err((Code::WebhookBundleExpired, what));
        }
        let foreign = match kept {
            Some(kept) if is_somebodys => {
                let name = format!("{}.{}.svc", kind.program, found.system);
                bundle.refuses(&kept.chain, &name, found.now)
            }
            Some(kept) => Bundle::read(&kept.ca).filter(|kept| !bundle.holds(kept)).map(|_| "it is another".to_owned()),
            None => None,
        };
        if let Some(why) = foreign {
            let what = format!("the caBundle of {of} does not know the certificates of the Secret {name} ({why})");
            return Err((Code::WebhookBundleForeign, what));
        }
        until = Some(until.map_or(newest.until, |it| it.min(newest.until)));
    }
    Ok(until)
}

/// Who is to write a caBundle, asked why it does not.
fn keeper(found: &Found, kind: &Kind, configuration: &Value) -> String {
    let annotations = configuration["metadata"]["annotations"].as_object();
    let injected = annotations.is_some_and(|all| all.keys().any(|key| key.starts_with("cert-manager.io/inject-")));
    match injected {
        true => format!(
            "kubectl -n {} get certificates && kubectl -n cert-manager logs deployment/cert-manager-cainjector",
            found.system
        ),
        false => logs(found, kind.program),
    }
}

/// How many are ready behind a Service.
fn ready(found: &Found, service: &(String, String)) -> usize {
    let slices = found.slices.get(service).and_then(Seen::there).map(Vec::as_slice).unwrap_or_default();
    let endpoints = slices.iter().flat_map(|slice| list(slice, "/endpoints"));
    endpoints.filter(|it| it["conditions"]["ready"] != false).count()
}

#[cfg(test)]
mod tests {
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
            (
                "no service",
                |it| drop(it.services.insert(service(INJECTOR), Seen::Missing)),
                &["webhook_service_missing"],
            ),
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
            (
                "an entry lost",
                |it| drop(pods(it)["webhooks"].as_array_mut().unwrap().pop()),
                &["webhook_entry_missing"],
            ),
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
}
