//! `Secret`s and `ConfigMap`s, each by its name: so much of a namespace's as its providers name, and no more.
//!
//! A `Role` with `resourceNames` lets `get`, `list` and `watch` through for a list of names, and the API server holds a list
//! or a watch to it by a field selector. So each is a watch of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt as _;
use k8s_openapi::{
    NamespaceResourceScope,
    api::core::v1::{ConfigMap as CoreConfigMap, Secret as CoreSecret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube_client::Api;
use kube_core::Resource;
use kube_runtime::watcher::{Config, Event};
use outrigger_compile::{Kind, ObjectRef, manifest::Object};
use outrigger_crd::{ConfigMap, Secret, secret::Hidden};
use serde::de::DeserializeOwned;
use tokio::task::AbortHandle;

use super::{
    known::{MOST, Now},
    state::Shared,
    watch,
};
use crate::Cluster;

/// The watches that there are.
#[derive(Debug, Default)]
pub(crate) struct Watches(BTreeMap<ObjectRef, AbortHandle>);

impl Watches {
    /// Begins and ends watches, so that those of `wanted` are watched. `retry`: how long one that is withheld is left alone.
    pub(crate) fn follow(
        &mut self,
        wanted: &BTreeSet<ObjectRef>,
        cluster: &Cluster,
        shared: &Arc<Shared>,
        retry: Duration,
    ) {
        self.0.retain(|name, task| {
            let keep = wanted.contains(name);
            if !keep {
                task.abort();
            }
            keep
        });
        for name in wanted {
            if !self.0.contains_key(name) && self.0.len() < MOST {
                let (object, cluster, shared) = (name.clone(), cluster.clone(), shared.clone());
                let task = match name.kind {
                    Kind::ConfigMap => tokio::spawn(watch(object, cluster, shared, retry, config_map)),
                    _ => tokio::spawn(watch(object, cluster, shared, retry, secret)),
                };
                self.0.insert(name.clone(), task.abort_handle());
            }
        }
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        self.0.values().for_each(AbortHandle::abort);
    }
}

async fn watch<K>(name: ObjectRef, cluster: Cluster, shared: Arc<Shared>, retry: Duration, plain: impl Fn(K) -> Object)
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let api = Api::<K>::namespaced(cluster.client.clone(), &name.namespace);
    loop {
        let config = Config::default().fields(&format!("metadata.name={}", name.name));
        let mut events = std::pin::pin!(watch::events(api.clone(), config, false));
        let mut listed = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Init) => listed = false,
                Ok(Event::InitApply(found) | Event::Apply(found)) => {
                    listed = true;
                    shared.named(&name, Now::There, Some(plain(found)));
                }
                Ok(Event::InitDone) if listed => {}
                Ok(Event::InitDone) => shared.named(&name, Now::NotListed, None),
                Ok(Event::Delete(_)) => shared.named(&name, Now::Gone, None),
                Err(error) if matches!(watch::code(&error), Some(401 | 403)) => {
                    shared.named(&name, Now::Withheld, None);
                    break;
                }
                // Another try is made, after a pause.
                Err(error) => tracing::debug!(%error, object = %name, "a watch failed"),
            }
        }
        // Not all of them at one time.
        tokio::time::sleep(retry + retry.mul_f64(fastrand::f64() / 10.0)).await;
    }
}

/// What of a `Secret` is kept.
pub(crate) fn secret(found: CoreSecret) -> Object {
    let CoreSecret { metadata, data, type_, string_data: _, immutable: _ } = found;
    Object::Secret(Secret {
        metadata: named(metadata),
        type_,
        data: Hidden(data.unwrap_or_default()),
        string_data: Hidden::default(),
    })
}

/// What of a `ConfigMap` is kept.
pub(crate) fn config_map(found: CoreConfigMap) -> Object {
    let CoreConfigMap { metadata, data, binary_data, immutable: _ } = found;
    let (data, binary_data) = (Hidden(data.unwrap_or_default()), Hidden(binary_data.unwrap_or_default()));
    Object::ConfigMap(ConfigMap { metadata: named(metadata), data, binary_data })
}

fn named(metadata: ObjectMeta) -> ObjectMeta {
    let ObjectMeta { name, namespace, .. } = metadata;
    ObjectMeta { name, namespace, ..ObjectMeta::default() }
}
