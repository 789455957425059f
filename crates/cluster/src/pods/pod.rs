//! What is known of a pod, and how it is read from its metadata.

use std::{collections::BTreeMap, fmt, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// A pod's own name for all time: no other pod ever has it.
pub type Uid = Arc<str>;

/// What the injector says of a pod: an annotation, and its value.
const INJECTED: (&str, &str) = ("outrigger.dev/status", "injected");
/// Set on the pods of a Deployment; its ReplicaSets are named after it.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// A pod, as the API server tells it: the few parts of its metadata that say whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Its own name for all time.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name, which a later pod may have again.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Kind and name of the object that controls it.
    pub controller: Option<(String, String)>,
    /// Whether it has a sidecar, as the injector says in an annotation.
    pub injected: bool,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its own name for all time.
    pub uid: Uid,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its labels.
    pub labels: Labels,
    /// What it belongs to: `Deployment/web`.
    pub owner: Arc<str>,
    /// Who is charged: a label of the pod, else of its namespace.
    pub team: Option<Box<str>>,
}

/// Labels as one text, which the pods of a Deployment share: a map is five times as large.
#[derive(Clone, PartialEq, Eq)]
pub struct Labels(pub(super) Arc<str>);

impl Meta {
    /// From an object's metadata; `None` of one without a name, which is none of an API server.
    pub(super) fn of(meta: ObjectMeta) -> Option<Self> {
        let ObjectMeta { uid, namespace, name, labels, annotations, owner_references, .. } = meta;
        let controller = owner_references.unwrap_or_default().into_iter().find(|owner| owner.controller == Some(true));
        Some(Self {
            uid: uid.filter(|uid| !uid.is_empty())?,
            namespace: namespace?,
            name: name?,
            labels: labels.unwrap_or_default(),
            controller: controller.map(|owner| (owner.kind, owner.name)),
            injected: annotations.is_some_and(|all| all.get(INJECTED.0).is_some_and(|said| said == INJECTED.1)),
        })
    }

    /// What it belongs to. A ReplicaSet that is named after the hash of its pods' template is a Deployment's: nobody has
    /// to be asked for it, and so the control plane needs no right to read ReplicaSets.
    pub(super) fn owner(&self) -> String {
        let Some((kind, name)) = &self.controller else { return format!("Pod/{}", self.name) };
        let hash = self.labels.get(TEMPLATE_HASH).filter(|hash| kind == "ReplicaSet" && !hash.is_empty());
        let deployment = hash.and_then(|hash| name.strip_suffix(hash.as_str())?.strip_suffix('-'));
        match deployment.filter(|deployment| !deployment.is_empty()) {
            Some(deployment) => format!("Deployment/{deployment}"),
            None => format!("{kind}/{name}"),
        }
    }
}

impl Labels {
    /// Of a map.
    pub fn of(labels: &BTreeMap<String, String>) -> Self {
        Self(Self::text(labels).into())
    }

    /// As one text. No label of an API server holds what separates them here; one that did is none.
    pub(super) fn text(labels: &BTreeMap<String, String>) -> String {
        let mut text = String::new();
        for (key, value) in labels {
            if !key.contains(['=', '\n']) && !value.contains('\n') {
                text.extend([key.as_str(), "=", value.as_str(), "\n"]);
            }
        }
        text
    }

    /// Key and value of each, in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once('='))
    }

    /// The value of one.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find_map(|(found, value)| (found == key).then_some(value))
    }

    /// All of them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(labels: &[(&str, &str)], controller: Option<(&str, &str)>) -> Meta {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let controller = controller.map(|(kind, name)| (kind.to_owned(), name.to_owned()));
        Meta { uid: "u".into(), namespace: "demo".into(), name: "web-0".into(), labels, controller, injected: false }
    }

    #[test]
    fn the_owner_is_what_people_wrote() {
        let hash = [(TEMPLATE_HASH, "5d9c")];
        for (labels, controller, owner) in [
            (&hash[..], Some(("ReplicaSet", "web-5d9c")), "Deployment/web"),
            (&hash, Some(("ReplicaSet", "web-front-5d9c")), "Deployment/web-front"),
            // One that somebody has made by hand, and names that only look like one of a Deployment.
            (&hash, Some(("ReplicaSet", "web")), "ReplicaSet/web"),
            (&hash, Some(("ReplicaSet", "web5d9c")), "ReplicaSet/web5d9c"),
            (&hash, Some(("ReplicaSet", "-5d9c")), "ReplicaSet/-5d9c"),
            (&[(TEMPLATE_HASH, "")], Some(("ReplicaSet", "web-")), "ReplicaSet/web-"),
            (&[], Some(("ReplicaSet", "web-5d9c")), "ReplicaSet/web-5d9c"),
            (&hash, Some(("StatefulSet", "web-5d9c")), "StatefulSet/web-5d9c"),
            (&[], Some(("Job", "backup-28")), "Job/backup-28"),
            (&[], None, "Pod/web-0"),
        ] {
            assert_eq!(meta(labels, controller).owner(), owner);
        }
    }

    #[test]
    fn labels_come_back_as_they_were() {
        let labels = meta(&[("app", "web"), ("empty", ""), ("example.com/a", "b.c_d-e")], None).labels;
        let text = Labels(Labels::text(&labels).into());
        assert_eq!(text.to_map(), labels);
        assert_eq!((text.get("app"), text.get("empty"), text.get("ap")), (Some("web"), Some(""), None));
        assert_eq!(format!("{text:?}"), r#"{"app": "web", "empty": "", "example.com/a": "b.c_d-e"}"#);
        // A label can make no other.
        let forged = BTreeMap::from([("a".to_owned(), "b\nteam=admin".to_owned())]);
        assert_eq!(Labels(Labels::text(&forged).into()).to_map(), BTreeMap::new());
    }

    #[test]
    fn only_the_controller_owns() {
        let owner = |kind: &str, controller| k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference {
            kind: kind.to_owned(),
            name: "x".to_owned(),
            controller,
            ..Default::default()
        };
        let of = |owners| {
            let named = |text: &str| Some(text.to_owned());
            let (uid, namespace, name) = (named("u"), named("demo"), named("p"));
            Meta::of(ObjectMeta { uid, namespace, name, owner_references: Some(owners), ..ObjectMeta::default() })
        };
        let found = of(vec![owner("Config", None), owner("Other", Some(false)), owner("Job", Some(true))]).unwrap();
        assert_eq!(found.owner(), "Job/x");
        assert_eq!(of(vec![owner("Config", None)]).unwrap().owner(), "Pod/p");
        assert_eq!(Meta::of(ObjectMeta::default()), None);
    }
}
