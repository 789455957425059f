//! What of an object is kept: pure.

use std::collections::BTreeMap;

use outrigger_crd::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use outrigger_inject::{CONTAINER, DISABLED, ENABLED, INJECT};
use serde::Deserialize as _;
use serde_json::Value;

use super::super::{
    clock,
    found::{Books, Sidecar, Workload},
};

/// A pod that is younger may be in the middle of coming.
const YOUNG: u64 = 10;

/// `ca.crt` of ConfigMaps, by namespace.
pub(super) fn by_namespace(maps: &[Value]) -> BTreeMap<String, String> {
    let one = |map: &Value| {
        let namespace = map["metadata"]["namespace"].as_str()?.to_owned();
        Some((namespace, map["data"]["ca.crt"].as_str().unwrap_or_default().to_owned()))
    };
    maps.iter().filter_map(one).collect()
}

/// What namespaces say about sidecars; of one that is being deleted nothing counts any more.
pub(super) fn labelled(namespaces: &[Value]) -> BTreeMap<String, String> {
    let one = |it: &Value| {
        let metadata = &it["metadata"];
        if metadata["deletionTimestamp"].is_string() {
            return None;
        }
        Some((metadata["name"].as_str()?.to_owned(), metadata["labels"][INJECT].as_str()?.to_owned()))
    };
    namespaces.iter().filter_map(one).collect()
}

/// What of a pod counts; `None`: it neither has a sidecar nor is to have one. `says`: the word of its namespace.
pub(super) fn workload(pod: &Value, says: Option<&str>, system: &str, now: u64) -> Option<Workload> {
    let meta = ObjectMeta::deserialize(&pod["metadata"]).ok()?;
    let namespace = meta.namespace.clone().unwrap_or_default();
    if meta.deletion_timestamp.is_some() {
        return None;
    }
    let sidecar = sidecar(pod);
    let born = pod["metadata"]["creationTimestamp"].as_str().and_then(clock::seconds).unwrap_or_default();
    let is_old = now.saturating_sub(born) >= YOUNG;
    let bare = sidecar.is_none() && is_old && outrigger_inject::is_bare(&meta, &namespace, says, system);
    let words = [&meta.labels, &meta.annotations].map(|all| all.as_ref().and_then(|all| all.get(INJECT)));
    let own = words.into_iter().flatten().next();
    let misspelt = own.filter(|word| ![ENABLED, DISABLED].contains(&word.as_str())).cloned();
    // Where no node has taken it, it is not the sidecar's fault.
    let scheduled = pod["spec"]["nodeName"].is_string();
    let sidecar = sidecar.filter(|_| scheduled);
    let counts = bare || misspelt.is_some() || sidecar.is_some();
    counts.then(|| Workload { namespace, name: meta.name.unwrap_or_default(), bare, misspelt, sidecar })
}

fn sidecar(pod: &Value) -> Option<Sidecar> {
    let of = |place: &str| pod.pointer(place).and_then(Value::as_array).into_iter().flatten();
    let container = of("/spec/initContainers").find(|it| it["name"] == CONTAINER)?;
    let ports = container["ports"].as_array().into_iter().flatten();
    let probe =
        ports.into_iter().find(|it| it["name"] == "outrigger-probe").and_then(|it| it["containerPort"].as_u64());
    Some(Sidecar {
        image: container["image"].as_str().unwrap_or_default().to_owned(),
        ready: of("/status/initContainerStatuses").any(|it| it["name"] == CONTAINER && it["ready"] == true),
        probe: probe.and_then(|port| u16::try_from(port).ok()),
        books: books(pod, container),
    })
}

/// Where a sidecar keeps what it has to tell, by its variables and the volume that is mounted there.
fn books(pod: &Value, container: &Value) -> Books {
    let list = |of: &Value| of.as_array().cloned().unwrap_or_default();
    let variables = list(&container["env"]);
    let variable = |name: &str| variables.iter().find(|it| it["name"] == name)?["value"].as_str();
    if variable("OUTRIGGER_LEDGER").is_none() {
        return Books::Nothing;
    }
    let spool = variable("OUTRIGGER_SPOOL").unwrap_or_default();
    let mounts = list(&container["volumeMounts"]);
    let mount = mounts.iter().find(|it| {
        let place = it["mountPath"].as_str().map(|place| place.trim_end_matches('/'));
        place.and_then(|place| spool.strip_prefix(place)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let volumes = list(&pod["spec"]["volumes"]);
    let volume = mount.and_then(|mount| volumes.iter().find(|it| it["name"] == mount["name"]));
    match volume {
        Some(volume) if volume["emptyDir"]["medium"] != "Memory" => Books::OnDisk,
        _ => Books::InMemory,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn of(metadata: Value, spec: Value, says: Option<&str>) -> Option<Workload> {
        let mut pod = json!({
            "metadata": {"name": "p", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec,
            "status": {"initContainerStatuses": [{"name": "outrigger", "ready": true}]},
        });
        pod["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        workload(&pod, says, "outrigger-system", NOW)
    }

    #[test]
    fn who_is_to_have_a_sidecar_and_has_none() {
        let bare = |metadata: Value, says: Option<&str>| of(metadata, json!({}), says).is_some_and(|it| it.bare);
        assert!(!bare(json!({}), None));
        assert!(bare(json!({}), Some("enabled")));
        assert!(!bare(json!({"labels": {INJECT: "disabled"}}), Some("enabled")));
        assert!(!bare(json!({"namespace": "kube-system"}), Some("enabled")));
        assert!(!bare(json!({"creationTimestamp": "2027-01-15T07:59:55Z"}), Some("enabled")), "five seconds old");
        assert!(!bare(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), Some("enabled")), "it goes");
        let word = of(json!({"labels": {INJECT: "true"}}), json!({}), None).unwrap();
        assert_eq!((word.bare, word.misspelt.as_deref()), (false, Some("true")));
    }

    #[test]
    fn a_sidecar_is_seen_where_a_node_has_taken_the_pod() {
        let container =
            json!({"name": "outrigger", "image": "a:1", "ports": [{"name": "outrigger-probe", "containerPort": 4121}]});
        let with =
            |node: Value| of(json!({}), json!({"nodeName": node, "initContainers": [container]}), Some("enabled"));
        let expected = Sidecar { image: "a:1".to_owned(), ready: true, probe: Some(4121), books: Books::Nothing };
        assert_eq!(with(json!("n")).unwrap().sidecar, Some(expected));
        assert_eq!(with(Value::Null), None, "nor is it without one");
    }

    #[test]
    fn where_a_sidecar_keeps_what_it_has_to_tell_is_seen() {
        let of = |spool: &str, volume: Value| {
            let env = json!([{"name": "OUTRIGGER_LEDGER", "value": "https://l"}, {"name": "OUTRIGGER_SPOOL", "value": spool}]);
            let container = json!({"env": env, "volumeMounts": [{"name": "v", "mountPath": "/var/spool/outrigger"}]});
            let mut volume = volume;
            volume["name"] = json!("v");
            books(&json!({"spec": {"volumes": [volume]}}), &container)
        };
        let disk = json!({"emptyDir": {"sizeLimit": "96Mi"}});
        assert_eq!(of("/var/spool/outrigger/spool", disk.clone()), Books::OnDisk);
        assert_eq!(of("/var/spool/outrigger2", disk.clone()), Books::InMemory, "no volume is mounted there");
        assert_eq!(of("/var/spool/outrigger/spool", json!({"emptyDir": {"medium": "Memory"}})), Books::InMemory);
        assert_eq!(books(&json!({}), &json!({"env": []})), Books::Nothing);
    }

    #[test]
    fn bundles_and_words_by_namespace() {
        let maps =
            [json!({"metadata": {"namespace": "a"}, "data": {"ca.crt": "x"}}), json!({"metadata": {"namespace": "b"}})];
        assert_eq!(by_namespace(&maps), [("a".to_owned(), "x".to_owned()), ("b".to_owned(), String::new())].into());
        let namespaces = [
            json!({"metadata": {"name": "a", "labels": {INJECT: "enabled"}}}),
            json!({"metadata": {"name": "b"}}),
            json!({
                "metadata": {"name": "c", "labels": {INJECT: "enabled"}, "deletionTimestamp": "2026-01-01T00:00:00Z"},
            }),
        ];
        assert_eq!(labelled(&namespaces), [("a".to_owned(), "enabled".to_owned())].into());
    }
}
