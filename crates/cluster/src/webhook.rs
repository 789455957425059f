//! How an API server knows one of our webhooks: the `caBundle` of its configuration, kept by the replica that leads.
//!
//! Whoever installs the configuration (`helm upgrade`, `kubectl apply`) does not know the authority, and takes the bundle
//! away each time; it is put back as soon as the watch tells. What is to be written is pure ([`due`]).

use std::{convert::Infallible, fmt::Debug, pin::pin, time::Duration};

use futures_util::StreamExt as _;
use k8s_openapi::ByteString;
/// Re-exported: the kinds that [`keep`] keeps.
pub use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use kube_client::{
    Api, Client, Error,
    api::{Patch, PatchParams},
};
use kube_core::Resource;
use kube_runtime::watcher::{Config, Event};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use crate::{Cluster, authority::Known, client::CALL, source::watch as watches};

/// How often it is looked whether something is due, whatever happens.
const LOOK: Duration = Duration::from_secs(30);
/// How long a write that failed is left alone.
const AGAIN: Duration = Duration::from_secs(5);
/// An annotation that begins so has somebody else put the bundle in.
const INJECTED: &str = "cert-manager.io/inject-";

/// A kind whose entries have a `caBundle` each.
pub trait Configuration: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static {
    /// The name of each entry, with the bundle that stands there.
    fn entries(&self) -> Vec<(&str, Option<&ByteString>)>;
}

impl Configuration for ValidatingWebhookConfiguration {
    fn entries(&self) -> Vec<(&str, Option<&ByteString>)> {
        let entries = self.webhooks.iter().flatten();
        entries.map(|it| (it.name.as_str(), it.client_config.ca_bundle.as_ref())).collect()
    }
}

impl Configuration for MutatingWebhookConfiguration {
    fn entries(&self) -> Vec<(&str, Option<&ByteString>)> {
        let entries = self.webhooks.iter().flatten();
        entries.map(|it| (it.name.as_str(), it.client_config.ca_bundle.as_ref())).collect()
    }
}

/// Keeps the bundle in every entry of the configuration called `name` while we lead, for as long as it is polled. `known`:
/// the authorities by which the webhook is known: all that count, so that an API server takes any replica's certificate
/// while they change. That the configuration is not there is fine: it is waited for.
pub async fn keep<K: Configuration>(
    cluster: &Cluster,
    name: String,
    mut known: watch::Receiver<Known>,
    mut leading: watch::Receiver<bool>,
) -> Infallible {
    let mut keeper = Keeper::<K> { client: cluster.client(), name, there: None, complaint: None };
    loop {
        if leading.wait_for(|leads| *leads).await.is_err() {
            // Nobody leads any more: the process is on its way out.
            return std::future::pending().await;
        }
        keeper.lead(&mut known, &mut leading).await;
    }
}

struct Keeper<K> {
    client: Client,
    name: String,
    there: Option<K>,
    /// The last complaint, so that the same is not made twice a minute.
    complaint: Option<String>,
}

impl<K: Configuration> Keeper<K> {
    /// For as long as we lead.
    async fn lead(&mut self, known: &mut watch::Receiver<Known>, leading: &mut watch::Receiver<bool>) {
        let api = Api::<K>::all(self.client.clone());
        let config = Config::default().fields(&format!("metadata.name={}", self.name));
        let mut events = pin!(watches::events(api.clone(), config, false));
        self.there = None;
        loop {
            let bundle = known.borrow_and_update().bundle();
            let wait = match bundle {
                Some(bundle) => self.act(&api, &bundle).await,
                None => LOOK,
            };
            tokio::select! {
                Some(event) = events.next() => self.hear(event),
                Ok(()) = known.changed() => {}
                changed = leading.changed() => if changed.is_err() || !*leading.borrow() { return },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn hear(&mut self, event: kube_runtime::watcher::Result<Event<K>>) {
        match event {
            Ok(Event::Apply(it) | Event::InitApply(it)) => self.there = Some(it),
            Ok(Event::Delete(_) | Event::Init) => self.there = None,
            Ok(Event::InitDone) => {}
            Err(error) => {
                let why = match watches::code(&error) {
                    Some(401 | 403) => "we may not list and watch it: give the ClusterRole of the chart".to_owned(),
                    _ => error.to_string(),
                };
                self.complain(why);
            }
        }
    }

    /// Does what is due; answers when to look again.
    async fn act(&mut self, api: &Api<K>, bundle: &str) -> Duration {
        let Some(patch) = self.there.as_ref().and_then(|there| due(there, bundle)) else { return LOOK };
        let params = PatchParams::default();
        match timeout(CALL, api.patch(&self.name, &params, &Patch::Strategic(&patch))).await {
            Ok(Ok(written)) => {
                tracing::info!(configuration = self.name, "its caBundle is ours now");
                (self.there, self.complaint) = (Some(written), None);
                LOOK
            }
            // The watch brings what it is now, or that it is gone.
            Ok(Err(Error::Api(status))) if matches!(status.code, 404 | 409) => AGAIN,
            Ok(Err(Error::Api(status))) => {
                self.complain(format!("{} {}: {}", status.code, status.reason, status.message));
                AGAIN
            }
            Ok(Err(error)) => {
                self.complain(error.to_string());
                AGAIN
            }
            Err(_) => {
                self.complain("the API server does not answer".to_owned());
                AGAIN
            }
        }
    }

    fn complain(&mut self, why: String) {
        if self.complaint.as_ref() != Some(&why) {
            tracing::warn!(
                code = "webhook_bundle_refused",
                configuration = self.name,
                "the API server may not know our webhook: its {} cannot be seen to: {why}",
                K::kind(&())
            );
            self.complaint = Some(why);
        }
    }
}

/// The patch that puts `bundle` where it is not, of this version of the configuration alone. `None`: it is everywhere, or
/// somebody else's to put there.
fn due<K: Configuration>(there: &K, bundle: &str) -> Option<Value> {
    let metadata = there.meta();
    if metadata.annotations.iter().flatten().any(|(key, _)| key.starts_with(INJECTED)) {
        return None;
    }
    let wanted = ByteString(bundle.as_bytes().to_vec());
    let entries: Vec<Value> = there
        .entries()
        .into_iter()
        .filter(|(_, has)| *has != Some(&wanted))
        .map(|(name, _)| json!({"name": name, "clientConfig": {"caBundle": wanted}}))
        .collect();
    let version = metadata.resource_version.as_deref();
    (!entries.is_empty()).then(|| json!({"metadata": {"resourceVersion": version}, "webhooks": entries}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(metadata: Value, bundles: [Value; 2]) -> MutatingWebhookConfiguration {
        let [first, second] = bundles;
        let entry = |name: &str, bundle: &Value| {
            let config = json!({"service": {"name": "s", "namespace": "n"}, "caBundle": bundle});
            json!({"name": name, "clientConfig": config, "sideEffects": "None", "admissionReviewVersions": ["v1"]})
        };
        serde_json::from_value(json!({"metadata": metadata, "webhooks": [entry("a", &first), entry("b", &second)]}))
            .unwrap()
    }

    #[test]
    fn what_is_missing_or_old_is_written_and_nothing_else() {
        let plain = json!({"name": "outrigger-injector", "resourceVersion": "7"});
        // `b25l` is `one`.
        let of = |bundles| due(&configuration(plain.clone(), bundles), "one");
        assert_eq!(of([json!("b25l"), json!("b25l")]), None);
        let entry = |name: &str| json!({"name": name, "clientConfig": {"caBundle": "b25l"}});
        let version = json!({"resourceVersion": "7"});
        assert_eq!(
            of([json!("b25l"), Value::Null]),
            Some(json!({"metadata": version, "webhooks": [entry("b")]})),
            "the other is left alone"
        );
        let both = of([json!("dHdv"), json!("")]).unwrap();
        assert_eq!(both["webhooks"], json!([entry("a"), entry("b")]));
    }

    #[test]
    fn what_cert_manager_injects_is_its_own() {
        for key in ["cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret"] {
            let there = configuration(json!({"annotations": {key: "a/b"}}), [Value::Null, Value::Null]);
            assert_eq!(due(&there, "one"), None);
        }
        let there = configuration(json!({"annotations": {"meta.helm.sh/release": "x"}}), [Value::Null, Value::Null]);
        assert!(due(&there, "one").is_some());
    }

    #[test]
    fn a_configuration_without_entries_is_left_alone() {
        assert_eq!(due(&ValidatingWebhookConfiguration::default(), "one"), None);
    }
}
