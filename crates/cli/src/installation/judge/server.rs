//! The API server and the nodes: native sidecars need both.

use super::{super::finding::Code, words::*};
use crate::installation::found::Seen;

/// Minor version since which native sidecars are there without a switch (KEP-753, beta).
const MINOR: u32 = 29;

pub(super) fn judge(found: &Found, out: &mut Findings) {
    let (major, minor) = (text(&found.server, "/major"), text(&found.server, "/minor"));
    let version = text(&found.server, "/gitVersion");
    let is = format!("it is Kubernetes {version}");
    if !reaches(major, minor) {
        let what = format!("{is}; Outrigger runs as a native sidecar, which needs 1.{MINOR}");
        out.say(Code::ServerTooOld, "API server", what, "kubectl version");
        return;
    }
    match found.tried_pod.there() {
        Some(pod) if !list(pod, "/spec/initContainers").iter().any(|it| it["restartPolicy"] == "Always") => {
            let what =
                format!("{is}, and takes native sidecars out of pods: its feature gate SidecarContainers is off");
            let next = "kubectl get --raw /metrics | grep 'name=\"SidecarContainers\"'";
            out.say(Code::NativeSidecarsOff, "API server", what, next);
        }
        Some(_) => out.ok("API server", format!("{is}, with native sidecars")),
        None => out.ok("API server", is),
    }
    nodes(found, out);
}

fn nodes(found: &Found, out: &mut Findings) {
    let nodes = match &found.nodes {
        Seen::There(nodes) => nodes,
        Seen::Missing => return,
        Seen::Unknown(why) => return out.unknown("nodes", why),
    };
    let old = |(_, version): &&(String, String)| {
        let mut parts = version.trim_start_matches('v').split('.');
        !reaches(parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    };
    let old: Vec<String> = nodes.iter().filter(old).map(|(node, version)| format!("{node} ({version})")).collect();
    if old.is_empty() {
        return out.ok("nodes", format!("{}, each with a kubelet of 1.{MINOR} or newer", many(nodes.len(), "node")));
    }
    let what = format!("kubelets without native sidecars: {}; pods with one never become ready there", named(&old));
    out.say(Code::KubeletTooOld, "nodes", what, "kubectl get nodes -o wide");
}

/// `1` and `29+` are 1.29 of somebody.
fn reaches(major: &str, minor: &str) -> bool {
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse::<u32>().unwrap_or_default()
    };
    (number(major), number(minor)) >= (1, MINOR)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::testing::*, *};

    #[test]
    fn a_server_or_a_node_without_native_sidecars_is_named() {
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("as it should be", |_| (), &[]),
            ("a vendor's minor", |it| it.server = json!({"major": "1", "minor": "29+"}), &[]),
            ("1.28", |it| it.server = json!({"major": "1", "minor": "28"}), &["server_too_old"]),
            ("no version at all", |it| it.server = json!({}), &["server_too_old"]),
            (
                "the gate is off",
                |it| it.tried_pod = Seen::There(json!({"spec": {"initContainers": [{"name": "a"}]}})),
                &["native_sidecars_off"],
            ),
            (
                "an old node",
                |it| it.nodes = Seen::There(vec![("a".into(), "v1.28.9-eks".into()), ("b".into(), "v1.31.0".into())]),
                &["kubelet_too_old"],
            ),
            ("nodes are nobody's business", |it| it.nodes = Seen::Unknown("forbidden".into()), &["not_looked"]),
        ];
        for (name, change, expected) in cases {
            let mut found = empty();
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
    }

    #[test]
    fn the_node_is_named() {
        let mut found = empty();
        found.nodes = Seen::There(vec![("old-1".into(), "v1.28.9".into()), ("b".into(), "v1.31.0".into())]);
        let told = only(&found);
        assert!(told.what.contains("old-1 (v1.28.9)") && !told.what.contains("v1.31"), "{told:?}");
    }
}
