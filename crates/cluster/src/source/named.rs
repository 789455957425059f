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

use super::{state::Shared, watch};
use crate::{Account, Cluster};

/// Most of them that are watched: each is a connection.
pub(crate) const MOST: usize = 1024;

/// What is known of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    /// As it was read last.
    pub(crate) read: Option<Object>,
    pub(crate) now: Now,
}

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Now {
    /// Nobody has answered yet.
    #[default]
    Asked,
    /// It is there.
    There,
    /// It was deleted.
    Gone,
    /// A list does not hold it: deleted meanwhile, unless the API server has lost more than that.
    NotListed,
    /// The API server does not let us read it.
    Withheld,
}

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

/// What to do so that we may read it, as lines to paste.
pub(crate) fn how_to_permit(object: &ObjectRef, account: &Account) -> String {
    let who = match account.service_account() {
        Some((namespace, name)) => format!("--serviceaccount={namespace}:{name}"),
        None => format!("--user={}", account.name()),
    };
    let ObjectRef { kind, namespace, name } = object;
    let (word, resource) = match kind {
        Kind::ConfigMap => ("configmap", "configmaps"),
        _ => ("secret", "secrets"),
    };
    format!(
        "{} {namespace}/{name} may not be read by {}; to permit it: \
         kubectl -n {namespace} create role outrigger-{word}-{name} --verb=get,list,watch --resource={resource} \
         --resource-name={name} && kubectl -n {namespace} create rolebinding outrigger-{word}-{name} \
         --role=outrigger-{word}-{name} {who}",
        kind.as_str(),
        account.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_paste_names_what_is_to_be_read_and_who_is_to_read_it() {
        let account = Account::of("system:serviceaccount:outrigger-system:outrigger-control-plane");
        for (kind, resource) in [(Kind::Secret, "secrets"), (Kind::ConfigMap, "configmaps")] {
            let object = ObjectRef { kind, namespace: "prod".to_owned(), name: "openai".to_owned() };
            let line = how_to_permit(&object, &account);
            for part in [
                &*format!("{} prod/openai may not be read", kind.as_str()),
                "kubectl -n prod create role",
                &format!("--verb=get,list,watch --resource={resource} --resource-name=openai"),
                "--serviceaccount=outrigger-system:outrigger-control-plane",
            ] {
                assert!(line.contains(part), "{line}");
            }
            assert!(!line.contains('\n'));
        }
    }
}
