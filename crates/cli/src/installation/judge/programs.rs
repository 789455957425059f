//! The programs, and who of their replicas leads.

use super::{super::finding::Code, words::*};
use crate::installation::{
    clock,
    found::{INJECTOR, LEDGER, Seen},
};

/// By how much the clock here may be another than a replica's.
const CLOCKS: u64 = 60;

pub(super) fn judge(found: &Found, out: &mut Findings) {
    if let Seen::Unknown(why) = &found.deployments {
        return out.unknown(format!("Deployments of {}", found.system), why);
    }
    if !found.is_installed() {
        return;
    }
    for name in [CONTROL_PLANE, INJECTOR] {
        let object = format!("Deployment {}/{name}", found.system);
        let Some(deployment) = found.deployment(name) else {
            match name {
                INJECTOR => {
                    let what = "is not there: sidecars are put into pods by hand (injector.enabled=false)";
                    out.say(Code::NoInjector, object, what, "kubectl outrigger inject --help");
                }
                _ => out.say(Code::ProgramMissing, object, "is not there: no policy reaches a sidecar", again(found)),
            }
            continue;
        };
        if replicas(found, out, &object, deployment) {
            lease(found, out, name);
        }
    }
    ledger(found, out);
}

/// Where it is switched on it is there and ready, and the injector sends sidecars to it.
fn ledger(found: &Found, out: &mut Findings) {
    if let Seen::Unknown(why) = &found.stateful {
        return out.unknown(format!("StatefulSets of {}", found.system), why);
    }
    let kind = if found.deployment(LEDGER).is_some() { "Deployment" } else { "StatefulSet" };
    let object = format!("{kind} {}/{LEDGER}", found.system);
    match (found.program(LEDGER), found.ledger()) {
        (None, None) => {}
        (None, Some(_)) => {
            let what =
                "is not there, and sidecars are sent to it: what they used is kept for a day, and booked by nobody";
            out.say(Code::ProgramMissing, object, what, again(found));
        }
        (Some(program), told) => {
            replicas(found, out, &object, program);
            if told.is_none() && found.deployment(INJECTOR).is_some() {
                let what = "is not told of by the injector (--ledger): new pods book nothing";
                out.say(Code::LedgerNotTold, object, what, again(found));
            }
        }
    }
}

/// Whether any is ready.
fn replicas(found: &Found, out: &mut Findings, object: &str, deployment: &Value) -> bool {
    let number = |place: &str| deployment.pointer(place).and_then(Value::as_u64);
    let wanted = number("/spec/replicas").unwrap_or(1);
    let ready = number("/status/readyReplicas").unwrap_or_default();
    let seen = number("/status/observedGeneration").unwrap_or_default();
    let updated = number("/status/updatedReplicas").unwrap_or_default();
    let name = text(deployment, "/metadata/name");
    let current = seen >= number("/metadata/generation").unwrap_or_default() && updated >= wanted;
    if wanted > 0 && ready >= wanted && current {
        out.ok(object, format!("{ready} of {wanted} replicas ready"));
        return true;
    }
    let rest = if ready >= wanted && wanted > 0 { ", and a rollout is under way".to_owned() } else { why(found, name) };
    let next = match wanted {
        0 if found.deployment(name).is_some() => {
            format!("kubectl -n {} scale deployment/{name} --replicas=2", found.system)
        }
        0 => format!("kubectl -n {} scale statefulset/{name} --replicas=1", found.system),
        _ => format!("kubectl -n {} describe pods -l app.kubernetes.io/component={}", found.system, component(name)),
    };
    out.say(Code::ReplicasNotReady, object, format!("{ready} of {wanted} replicas ready{rest}"), next);
    ready > 0
}

fn component(deployment: &str) -> &str {
    deployment.trim_start_matches("outrigger-")
}

/// What the first pod that is not ready says.
fn why(found: &Found, deployment: &str) -> String {
    let pods = found.pods.there().map(Vec::as_slice).unwrap_or_default();
    let ours = pods.iter().filter(|pod| {
        pod["metadata"]["labels"]["app.kubernetes.io/component"] == component(deployment) && !is_ready(pod)
    });
    let said = ours.filter_map(|pod| {
        let waits = list(pod, "/status/containerStatuses").iter().find(|it| it["state"]["waiting"].is_object());
        let waits = waits.map(|it| (text(it, "/state/waiting/reason"), text(it, "/state/waiting/message")));
        let held =
            list(pod, "/status/conditions").iter().find(|it| it["status"] == "False" && it["message"].is_string());
        let (reason, message) = waits.or_else(|| held.map(|it| (text(it, "/reason"), text(it, "/message"))))?;
        Some(format!(": {} ({reason}) {message}", text(pod, "/metadata/name")).trim_end().to_owned())
    });
    said.into_iter().next().unwrap_or_default()
}

pub(super) fn is_ready(pod: &Value) -> bool {
    list(pod, "/status/conditions").iter().any(|it| it["type"] == "Ready" && it["status"] == "True")
}

fn lease(found: &Found, out: &mut Findings, name: &str) {
    let object = format!("Lease {}/{name}", found.system);
    let leases = match &found.leases {
        Seen::There(leases) => leases,
        Seen::Missing => return,
        Seen::Unknown(why) => return out.unknown(object, why),
    };
    let lost = "so nobody writes certificates, bundles and status";
    let next = logs(found, name);
    let Some(lease) = leases.iter().find(|it| it["metadata"]["name"] == name) else {
        return out.say(Code::LeaseNotHeld, object, format!("is not there, {lost}"), next);
    };
    let holder = text(lease, "/spec/holderIdentity");
    let renewed = clock::seconds(text(lease, "/spec/renewTime")).unwrap_or_default();
    let lasts = lease.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64).unwrap_or_default();
    if holder.is_empty() {
        out.say(Code::LeaseNotHeld, object, format!("is held by nobody, {lost}"), next);
    } else if renewed.saturating_add(lasts).saturating_add(CLOCKS) < found.now {
        let since = found.now.saturating_sub(renewed);
        out.say(Code::LeaseNotHeld, object, format!("{holder} has not renewed it for {since} s, {lost}"), next);
    } else {
        out.ok(object, format!("held by {holder}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::testing::*, *};

    fn deployment<'a>(found: &'a mut Found, name: &str) -> &'a mut Value {
        let Seen::There(all) = &mut found.deployments else { panic!("no deployments") };
        all.iter_mut().find(|it| it["metadata"]["name"] == name).unwrap()
    }

    fn set(found: &mut Found, name: &str, place: &str, value: Value) {
        *deployment(found, name).pointer_mut(place).unwrap() = value;
    }

    fn leases(found: &mut Found) -> &mut Vec<Value> {
        let Seen::There(all) = &mut found.leases else { panic!("no leases") };
        all
    }

    #[test]
    fn what_is_wrong_with_a_program_is_named() {
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("as it should be", |_| (), &[]),
            ("one of two", |it| set(it, INJECTOR, "/status/readyReplicas", json!(1)), &["replicas_not_ready"]),
            ("half a rollout", |it| set(it, INJECTOR, "/status/updatedReplicas", json!(1)), &["replicas_not_ready"]),
            ("not seen yet", |it| set(it, CONTROL_PLANE, "/metadata/generation", json!(9)), &["replicas_not_ready"]),
            ("scaled to nothing", |it| set(it, CONTROL_PLANE, "/spec/replicas", json!(0)), &["replicas_not_ready"]),
            ("no lease", |it| drop(leases(it).remove(0)), &["lease_not_held"]),
            ("given back", |it| leases(it)[1]["spec"]["holderIdentity"] = json!(""), &["lease_not_held"]),
            (
                "held by the dead",
                |it| leases(it)[0]["spec"]["renewTime"] = json!("2026-01-01T00:00:00.5Z"),
                &["lease_not_held"],
            ),
            ("leases hidden", |it| it.leases = Seen::Unknown("no".into()), &["not_looked", "not_looked"]),
        ];
        for (name, change, expected) in cases {
            let mut found = installed();
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_ledger_is_named() {
        fn stateful(found: &mut Found) -> &mut Vec<Value> {
            let Seen::There(all) = &mut found.stateful else { panic!("no StatefulSets") };
            all
        }
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("as it should be", |_| (), &[]),
            ("not ready", |it| stateful(it)[0]["status"]["readyReplicas"] = json!(0), &["replicas_not_ready"]),
            ("gone", |it| stateful(it).clear(), &["program_missing"]),
            ("hidden", |it| it.stateful = Seen::Unknown("no".into()), &["not_looked"]),
            (
                "told to nobody",
                |it| {
                    let args = deployment(it, INJECTOR).pointer_mut("/spec/template/spec/containers/0/args").unwrap();
                    args.as_array_mut().unwrap().retain(|it| !it.as_str().unwrap().starts_with("--ledger="));
                },
                &["ledger_not_told"],
            ),
        ];
        for (name, change, expected) in cases {
            let mut found = with_ledger();
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
        let mut found = with_ledger();
        stateful(&mut found)[0]["spec"]["replicas"] = json!(0);
        let next = only(&found).next.unwrap();
        assert_eq!(next, "kubectl -n outrigger-system scale statefulset/outrigger-ledger --replicas=1");
    }

    #[test]
    fn without_a_deployment_it_is_told_what_that_means() {
        let mut found = installed();
        let Seen::There(all) = &mut found.deployments else { panic!("no deployments") };
        all.retain(|it| it["metadata"]["name"] == INJECTOR);
        assert!(codes(&found).contains(&"program_missing"), "{:?}", codes(&found));
        let mut found = installed();
        let Seen::There(all) = &mut found.deployments else { panic!("no deployments") };
        all.retain(|it| it["metadata"]["name"] == CONTROL_PLANE);
        found.mutating = Seen::There(Vec::new());
        assert_eq!(codes(&found), ["no_injector"]);
    }

    #[test]
    fn the_first_pod_that_is_not_ready_says_why() {
        let mut found = installed();
        set(&mut found, INJECTOR, "/status/readyReplicas", json!(0));
        let waits = json!({"reason": "ImagePullBackOff", "message": "no such image"});
        found.pods = Seen::There(vec![json!({
            "metadata": {"name": "injector-1", "labels": {"app.kubernetes.io/component": "injector"}},
            "status": {"containerStatuses": [{"state": {"waiting": waits}}]},
        })]);
        let told = judge_one(&found, "replicas_not_ready");
        assert!(told.what.ends_with("0 of 2 replicas ready: injector-1 (ImagePullBackOff) no such image"), "{told:?}");
    }
}
