//! Which keys the policy of a pod uses, as the control plane has left it for a start without one. Whatever is wrong with that,
//! the pod starts.

use outrigger_api::{
    bootstrap::{self, INDEX, MAPS},
    v1,
};
use outrigger_cluster::file::{Files, Unread};
use outrigger_crd::k8s_openapi::api::core::v1::Pod;
use outrigger_inject::{SecretKey, Secrets};
use prost::Message as _;

/// The account of a pod that names none.
const ACCOUNT: &str = "default";

/// Looks it up.
pub(super) async fn look(files: &Files, namespace: &str, pod: &Pod) -> Secrets {
    let [map, ..] = MAPS;
    match files.get(namespace, map, INDEX).await {
        Ok(Some(index)) => of(&index, namespace, pod),
        Ok(None) => unknown(
            "the control plane has left no policy for this namespace yet; a pod that is created once there is a ConfigMap \
             outrigger-bootstrap has them",
        ),
        Err(Unread::Denied) => unknown(
            "the injector may not look up which; set injector.bootstrapSecrets.enabled in the values of the chart",
        ),
        Err(Unread::Unsaid) => {
            unknown("the API server did not say in time which; a pod that is created anew may have them")
        }
    }
}

/// What the index says of `pod`. It may be anybody's who may write ConfigMaps: names are all that is taken of it.
fn of(index: &[u8], namespace: &str, pod: &Pod) -> Secrets {
    let read = bootstrap::unpack(index).ok().and_then(|index| v1::BootstrapIndex::decode(&*index).ok());
    let Some(index) = read else {
        return unknown(
            "what the control plane has left for this namespace cannot be read; it is the control plane's to write",
        );
    };
    let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref());
    let labels = pod.metadata.labels.as_ref();
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
    let account = account.filter(|it| !it.is_empty()).unwrap_or(ACCOUNT);
    match bootstrap::find(&index, namespace, account, label) {
        Ok(stored) => {
            let (keys, beyond) = bootstrap::keys(&index, stored);
            let key = |it: &v1::BootstrapKey| SecretKey { secret: it.secret.clone(), key: it.key.clone() };
            Secrets::Known { keys: keys.into_iter().map(key).collect(), beyond }
        }
        Err(why) => Secrets::Unknown(format!("what the control plane has left has nothing for this pod: {why}")),
    }
}

fn unknown(why: &str) -> Secrets {
    Secrets::Unknown(why.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use outrigger_api::v1::{BootstrapIndex, BootstrapKey, BootstrapStored, bootstrap_requirement::Requires};
    use serde_json::json;

    use super::*;

    fn key(secret: &str) -> BootstrapKey {
        let (provider, name, key) = (format!("shop/{secret}"), "main".to_owned(), "key".to_owned());
        BootstrapKey { provider, name, weight: 1, secret: secret.to_owned(), key }
    }

    /// One view for all, one for `app=web`, one for the account `batch`.
    fn index() -> BootstrapIndex {
        let selecting = |key: &str, accounts: Option<&[String]>, label: Option<&str>| {
            let labels = label.map(|label| (label, outrigger_route::selector::Requires::Is("web")));
            bootstrap::selecting(key.to_owned(), accounts, labels)
        };
        let stored = |objects: &[u32], keys: &[u32]| BootstrapStored {
            file: "view-0.gz".to_owned(),
            objects: objects.to_vec(),
            keys: keys.to_vec(),
        };
        BootstrapIndex {
            namespace: "shop".to_owned(),
            objects: vec![
                selecting("route/shop/all", None, None),
                selecting("route/shop/web", None, Some("app")),
                selecting("route/shop/batch", Some(&["batch".to_owned()]), None),
            ],
            views: vec![stored(&[0], &[0]), stored(&[0, 1], &[0, 1]), stored(&[0, 2], &[])],
            keys: vec![key("a"), key("b"), key("unused")],
        }
    }

    fn told(index: &BootstrapIndex, namespace: &str, pod: &serde_json::Value) -> Result<Vec<String>, String> {
        let packed = bootstrap::index(index).unwrap();
        match of(&packed.bytes, namespace, &serde_json::from_value(pod.clone()).unwrap()) {
            Secrets::Known { keys, beyond: _ } => Ok(keys.into_iter().map(|it| it.secret).collect()),
            Secrets::Unknown(why) => Err(why),
        }
    }

    /// Of exactly the objects that select it: what its view does not name it does not mount.
    #[test]
    fn a_pod_mounts_what_its_own_view_names() {
        let pod = |labels: serde_json::Value, account: &str| {
            let spec = json!({"containers": [], "serviceAccountName": account});
            json!({"metadata": {"labels": labels}, "spec": spec})
        };
        assert_eq!(told(&index(), "shop", &json!({"spec": {"containers": []}})).unwrap(), ["a"]);
        assert_eq!(told(&index(), "shop", &pod(json!({"app": "web"}), "default")).unwrap(), ["a", "b"]);
        assert_eq!(told(&index(), "shop", &pod(json!({"app": "other"}), "")).unwrap(), ["a"]);
        assert_eq!(told(&index(), "shop", &pod(json!({}), "batch")).unwrap(), [""; 0]);
        // Nothing was left for both at once.
        assert!(told(&index(), "shop", &pod(json!({"app": "web"}), "batch")).unwrap_err().contains("3 objects"));
    }

    /// What is not surely for it is nothing for it, and says why.
    #[test]
    fn an_index_that_means_nothing_mounts_nothing() {
        let pod = json!({"spec": {"containers": []}});
        assert!(told(&index(), "other", &pod).unwrap_err().contains("\"shop\""));
        let mut unknown = index();
        unknown.objects[1].labels[0].requires = None::<Requires>;
        assert!(told(&unknown, "shop", &pod).unwrap_err().contains("does not know"));
        let pod: Pod = serde_json::from_value(pod).unwrap();
        for bytes in [&b"no gzip"[..], &[], &vec![0; bootstrap::FILE + 1]] {
            assert!(matches!(of(bytes, "shop", &pod), Secrets::Unknown(why) if why.contains("cannot be read")));
        }
    }

    /// Crates that must not know each other mount and read as many.
    #[test]
    fn as_many_are_mounted_as_are_read() {
        assert_eq!(outrigger_inject::MOST_KEYS, bootstrap::KEYS);
    }
}
