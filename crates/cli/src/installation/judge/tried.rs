//! What the API server did when it was asked, without keeping anything: whether it reaches the webhooks and believes them.

use super::{
    super::finding::Code,
    webhooks::{Kind, PODS, POLICY, answering},
    words::*,
};
use crate::installation::found::Seen;

/// Where the pod was tried.
pub(crate) const WHERE: &str = "default";
/// How an API server begins to say that it did not get an answer.
const FAILED: &str = "failed calling webhook";

pub(super) fn judge(found: &Found, out: &mut Findings) {
    if let Some(configuration) = answering(found, &PODS) {
        pod(found, out, configuration);
    } else if let Seen::Unknown(why) = &found.tried_pod
        && !found.is_installed()
        && !why.contains(FAILED)
    {
        out.unknown("a pod with a native sidecar, tried", why);
    }
    if answering(found, &POLICY).is_some() {
        policy(found, out);
    }
}

fn pod(found: &Found, out: &mut Findings, configuration: &Value) {
    let object = "a pod that asks for a sidecar, tried";
    // By its label: where no pod of that namespace is asked about, nothing is learnt.
    let asked = list(configuration, "/webhooks").iter().any(|entry| {
        let excluded = list(entry, "/namespaceSelector/matchExpressions").iter();
        let mut excluded = excluded.filter(|it| it["operator"] == "NotIn").flat_map(|it| list(it, "/values"));
        text(entry, "/name").starts_with("pod.") && !excluded.any(|it| it == WHERE)
    });
    match &found.tried_pod {
        _ if !asked => {}
        Seen::There(pod)
            if list(pod, "/spec/initContainers").iter().any(|it| it["name"] == outrigger_inject::CONTAINER) =>
        {
            out.ok(object, "the API server asks the injector, and believes it");
        }
        Seen::There(_) => {
            let what = "is made without one: the API server does not reach the injector, or does not believe it";
            out.say(Code::WebhookNotCalled, object, what, logs(found, PODS.program));
        }
        Seen::Unknown(why) if why.contains(FAILED) => not_called(found, out, &PODS, object, why),
        Seen::Unknown(why) => out.unknown(object, why),
        Seen::Missing => {}
    }
}

fn policy(found: &Found, out: &mut Findings) {
    let object = "a route that names no model, tried";
    match &found.tried_route {
        Seen::There(said) if said.contains("Warning") => {
            out.ok(object, "the API server asks the control plane, and believes it");
        }
        Seen::There(_) => {
            let what = "nothing is said of it: the API server does not reach the control plane's webhook, or does not \
                        believe it";
            out.say(Code::WebhookNotCalled, object, what, logs(found, POLICY.program));
        }
        Seen::Unknown(why) if why.contains(FAILED) => not_called(found, out, &POLICY, object, why),
        Seen::Unknown(why) => out.unknown(object, why),
        Seen::Missing => {}
    }
}

fn not_called(found: &Found, out: &mut Findings, kind: &Kind, object: &str, why: &str) {
    let from = why.find(FAILED).unwrap_or_default();
    let what = format!("is refused: {}", &why[from..]);
    out.say(Code::WebhookNotCalled, object, what, logs(found, kind.program));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::testing::*, *};

    #[test]
    fn what_the_api_server_did_is_told() {
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("as it should be", |_| (), &[]),
            (
                "not injected",
                |it| {
                    it.tried_pod =
                        Seen::There(json!({"spec": {"initContainers": [{"name": "a", "restartPolicy": "Always"}]}}));
                },
                &["webhook_not_called"],
            ),
            (
                "not believed",
                |it| {
                    let said = "Internal error occurred: failed calling webhook \"pod.injector.outrigger.dev\": x509";
                    it.tried_pod = Seen::Unknown(said.into());
                },
                &["webhook_not_called"],
            ),
            ("may not try", |it| it.tried_pod = Seen::Unknown("forbidden".into()), &["not_looked"]),
            ("no warning", |it| it.tried_route = Seen::There(String::new()), &["webhook_not_called"]),
            ("may not try policy", |it| it.tried_route = Seen::Unknown("forbidden".into()), &["not_looked"]),
        ];
        for (name, change, expected) in cases {
            let mut found = installed();
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
    }

    #[test]
    fn where_the_namespace_is_left_alone_nothing_is_learnt() {
        let mut found = installed();
        let Seen::There(all) = &mut found.mutating else { panic!("no configurations") };
        let never = json!([{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["default"]}]);
        all[0]["webhooks"][1]["namespaceSelector"]["matchExpressions"] = never;
        found.tried_pod = Seen::There(json!({"spec": {"initContainers": [{"name": "a", "restartPolicy": "Always"}]}}));
        assert_eq!(codes(&found), Vec::<&str>::new());
    }

    #[test]
    fn what_the_api_server_said_is_passed_on() {
        let mut found = installed();
        found.tried_pod =
            Seen::Unknown("Internal error: failed calling webhook \"a.outrigger.dev\": x509: unknown".into());
        assert!(only(&found).what.ends_with("failed calling webhook \"a.outrigger.dev\": x509: unknown"));
    }
}
