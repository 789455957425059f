//! The `SidecarProfile`s of a cluster, as last read.

use std::{collections::BTreeMap, fmt, pin::pin, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use futures_util::StreamExt as _;
use kube_client::{
    Api, Client,
    core::{ApiResource, DynamicObject},
};
use kube_runtime::watcher::{Config, Event};
use outrigger_crd::{SidecarProfile, SidecarProfileSpec, told};
use tokio::sync::watch;

use crate::source::watch as watches;

/// A pause before a watch that cannot be streamed is begun anew.
const AGAIN: Duration = Duration::from_secs(1);

/// By namespace and name.
type Map = BTreeMap<(String, String), Arc<SidecarProfileSpec>>;

/// The profiles. Cheap to clone.
#[derive(Clone)]
pub struct Profiles {
    all: Arc<ArcSwap<Map>>,
    asked: Arc<watch::Sender<bool>>,
}

impl Profiles {
    /// Those of the cluster, followed in a task that ends with the last of its clones.
    pub fn follow(client: Client) -> Self {
        let profiles = Self { all: Arc::default(), asked: Arc::new(watch::channel(false).0) };
        let (all, asked) = (Arc::downgrade(&profiles.all), Arc::downgrade(&profiles.asked));
        let followed = profiles.clone();
        tokio::spawn(async move {
            let gone = async {
                while all.strong_count() > 1 && asked.strong_count() > 1 {
                    tokio::time::sleep(AGAIN).await;
                }
            };
            tokio::select! {
                () = follow(&followed, client) => {}
                () = gone => {}
            }
        });
        profiles
    }

    /// The profile of this name.
    pub fn get(&self, namespace: &str, name: &str) -> Option<SidecarProfileSpec> {
        let all = self.all.load();
        all.get(&(namespace.to_owned(), name.to_owned())).map(|found| (**found).clone())
    }

    /// Whether the API server has said which there are, or that it does not say.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }
}

async fn follow(profiles: &Profiles, client: Client) {
    let api = Api::<DynamicObject>::all_with(client, &ApiResource::erase::<SidecarProfile>(&()));
    let mut streaming = true;
    loop {
        let mut events = pin!(watches::events(api.clone(), Config::default(), streaming));
        let (mut known, mut listing) = ((**profiles.all.load()).clone(), None);
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    apply(&mut known, &mut listing, event);
                    if listing.is_none() {
                        profiles.all.store(Arc::new(known.clone()));
                        profiles.asked.send_replace(true);
                    }
                }
                Err(error) if streaming && watches::refuses_streaming(&error) => {
                    streaming = false;
                    break;
                }
                // What was known is held. Where the kind is not there, or may not be read, everybody has the defaults.
                Err(error) => {
                    tracing::warn!(code = "watch_failed", kind = "SidecarProfile", %error);
                    profiles.asked.send_replace(true);
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Takes in what a watch tells. `listing`: what was listed so far, while something is.
fn apply(known: &mut Map, listing: &mut Option<Map>, event: Event<DynamicObject>) {
    match event {
        Event::Init => *listing = Some(Map::new()),
        Event::InitApply(object) => {
            let listed = listing.get_or_insert_default();
            take(listed, known, object);
        }
        Event::InitDone => *known = listing.take().unwrap_or_default(),
        Event::Apply(object) => {
            let before = known.clone();
            take(known, &before, object);
        }
        Event::Delete(object) => drop(known.remove(&key(&object))),
    }
}

/// One that cannot be read goes on as it was.
fn take(into: &mut Map, before: &Map, object: DynamicObject) {
    let key = key(&object);
    let spec = object.data.get("spec").cloned().unwrap_or_else(|| serde_json::json!({}));
    match told::read(spec) {
        Ok(spec) => drop(into.insert(key, Arc::new(spec))),
        Err(error) => {
            let (namespace, name) = (&key.0, &key.1);
            tracing::error!(code = "profile_unreadable", namespace, name, %error, "it goes on as it was");
            if let Some(held) = before.get(&key) {
                into.insert(key, held.clone());
            }
        }
    }
}

fn key(object: &DynamicObject) -> (String, String) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    (text(&object.metadata.namespace), text(&object.metadata.name))
}

impl fmt::Debug for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiles").field("known", &self.all.load().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(name: &str, spec: serde_json::Value) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "outrigger.dev/v1alpha1", "kind": "SidecarProfile",
            "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
        }))
        .unwrap()
    }

    fn drains(known: &Map) -> Vec<String> {
        let drain = |spec: &SidecarProfileSpec| spec.drain.as_ref().map_or("-", |drain| &drain.0).to_owned();
        known.iter().map(|((_, name), spec)| format!("{name} {}", drain(spec))).collect()
    }

    #[test]
    fn one_that_cannot_be_read_goes_on_as_it_was() {
        let (mut known, mut listing) = (Map::new(), None);
        let mut tell = |event| apply(&mut known, &mut listing, event);
        tell(Event::Apply(object("a", json!({"drain": "10s"}))));
        tell(Event::Apply(object("a", json!({"drian": "20s"}))));
        tell(Event::Apply(object("never", json!({"drian": "20s"}))));
        assert_eq!(drains(&known), ["a 10s"]);
        let mut tell = |event| apply(&mut known, &mut listing, event);
        tell(Event::Init);
        tell(Event::InitApply(object("a", json!({"ports": {"listen": "x"}}))));
        tell(Event::InitApply(object("b", json!({}))));
        tell(Event::InitDone);
        assert_eq!(drains(&known), ["a 10s", "b -"]);
        apply(&mut known, &mut listing, Event::Delete(object("a", json!({}))));
        assert_eq!(drains(&known), ["b -"]);
    }
}
