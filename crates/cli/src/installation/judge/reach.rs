//! Whether the probe ports are reached: by kubelets, which say so in a pod's status, and by way of the API server. What a
//! kubelet reaches, Prometheus reaches too, unless a NetworkPolicy says otherwise.

use super::{super::finding::Code, programs::is_ready, words::*};
use crate::installation::found::Seen;

pub(super) fn judge(found: &Found, out: &mut Findings) {
    let mut pods: Vec<(String, String, bool)> = Vec::new();
    for pod in found.pods.there().into_iter().flatten() {
        pods.push((found.system.clone(), text(pod, "/metadata/name").to_owned(), is_ready(pod)));
    }
    for pod in found.workloads.there().into_iter().flat_map(|it| &it.pods) {
        if let Some(sidecar) = &pod.sidecar {
            pods.push((pod.namespace.clone(), pod.name.clone(), sidecar.ready));
        }
    }
    let (mut heard, mut both) = (0, 0);
    let mut unheard: Vec<(String, &str)> = Vec::new();
    for (namespace, name, ready) in pods {
        let object = format!("{namespace}/{name}");
        match (ready, found.probes.get(&(namespace.clone(), name.clone()))) {
            (false, Some(Seen::There(()))) => {
                let what = "answers its probe port by way of the API server, and is not ready all the same: its kubelet \
                            does not reach it (a NetworkPolicy, a firewall of the node?)";
                let next = format!("kubectl -n {namespace} get networkpolicies");
                out.say(Code::ProbeBlocked, format!("Pod {object}"), what, next);
            }
            (true, Some(Seen::There(()))) => both += 1,
            (true, Some(Seen::Unknown(why))) if !is_refusal(why) => unheard.push((object, why)),
            (true, _) => heard += 1,
            // What is not ready and does not answer is told where replicas and sidecars are.
            (false, _) => {}
        }
    }
    if let Some((_, why)) = unheard.first() {
        let names: Vec<String> = unheard.iter().map(|(object, _)| object.clone()).collect();
        let what = format!(
            "kubelets reach them, and the API server does not: {} ({why}); `kubectl get --raw .../proxy/` and what scrapes \
             from outside of the nodes cannot",
            named(&names)
        );
        out.say(Code::ProbeNotReached, "probe ports", what, "kubectl get networkpolicies --all-namespaces");
    } else if both + heard > 0 {
        let what =
            format!("{} answer their kubelets, {both} of them were asked by way of the API server too", both + heard);
        out.ok("probe ports", what);
    }
}

/// Whoever asks may not; the kubelet's word is good enough.
fn is_refusal(why: &str) -> bool {
    why.contains("(Forbidden)")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::testing::*, *};

    fn probe(found: &mut Found, came: Seen<()>) {
        found.probes.insert(("shop".into(), "web-1".into()), came);
    }

    fn ready(found: &mut Found, is: bool) {
        let Seen::There(all) = &mut found.workloads else { panic!("no workloads") };
        all.pods[0].sidecar.as_mut().unwrap().ready = is;
    }

    #[test]
    fn who_reaches_a_probe_port_and_who_does_not() {
        let no = || Seen::Unknown("the server is currently unable to handle the request".to_owned());
        let forbidden = || Seen::Unknown("Error from server (Forbidden): pods".to_owned());
        let cases = [
            ("both", true, Seen::There(()), vec![]),
            ("the kubelet alone", true, no(), vec!["probe_not_reached"]),
            ("the API server alone", false, Seen::There(()), vec!["sidecars_not_ready", "probe_blocked"]),
            ("nobody", false, no(), vec!["sidecars_not_ready"]),
            ("may not ask", true, forbidden(), vec![]),
            ("not asked", true, Seen::Missing, vec![]),
        ];
        for (name, is, came, expected) in cases {
            let mut found = installed();
            ready(&mut found, is);
            probe(&mut found, came);
            assert_eq!(codes(&found), expected, "{name}");
        }
    }

    #[test]
    fn a_replica_counts_as_a_sidecar_does() {
        let mut found = installed();
        let pod = json!({"metadata": {"name": "injector-1"}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}});
        found.pods = Seen::There(vec![pod]);
        found.probes.insert(("outrigger-system".into(), "injector-1".into()), Seen::There(()));
        assert_eq!(codes(&found), ["probe_blocked"]);
    }
}
