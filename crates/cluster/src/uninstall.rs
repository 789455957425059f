//! What an installation has made at run time, removed: by its names, which are fixed, so that nothing else can be met.
//!
//! It runs when all else is gone. What still runs of a control plane has no rights by then, but may have had them a moment
//! ago: so nothing counts as gone until it was looked for twice.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result, bail};
use futures_util::{StreamExt as _, stream};
use k8s_openapi::{
    api::{
        coordination::v1::Lease,
        core::v1::{ConfigMap, Secret},
    },
    serde::de::DeserializeOwned,
};
use kube_client::{
    Api, Client, Error,
    api::{DeleteParams, ListParams},
};
use kube_core::Resource;
use tokio::time::{Instant, timeout};

use crate::{Cluster, authority, client::CALL, lease};

/// What is written beside sidecars, in whatever namespace: the bundle, and what they start with.
pub const CONFIG_MAPS: [&str; 5] =
    [authority::NAME, "outrigger-bootstrap", "outrigger-bootstrap-1", "outrigger-bootstrap-2", "outrigger-bootstrap-3"];
/// Calls under way at one time.
const AT_ONCE: usize = 8;
/// Objects that one answer lists.
const PAGE: u32 = 500;
/// How long after nothing was there it is looked again.
const QUIET: Duration = Duration::from_secs(1);

/// Removes Secrets and Leases of our own namespace, and the ConfigMaps of every namespace. `secrets`: more of them. Answers
/// what was removed, as `secret/outrigger-system/outrigger-ca`; a second time that is nothing.
///
/// # Errors
///
/// If something is still there after `within`, with what the API server said last.
pub async fn uninstall(cluster: &Cluster, secrets: &[String], within: Duration) -> Result<BTreeSet<String>> {
    let deadline = Instant::now() + within;
    let mut removed = BTreeSet::new();
    let mut quiet = false;
    let mut last = None;
    while Instant::now() < deadline {
        match once(cluster, secrets).await {
            Ok(more) if more.is_empty() && quiet => return Ok(removed),
            Ok(more) => {
                quiet = more.is_empty();
                removed.extend(more);
            }
            Err(error) => {
                quiet = false;
                last = Some(error);
            }
        }
        tokio::time::sleep(QUIET).await;
    }
    match last {
        Some(error) => Err(error.context(format!("not everything is removed after {within:?}"))),
        None => bail!("after {within:?} there is still something made anew: does a control plane run?"),
    }
}

async fn once(cluster: &Cluster, secrets: &[String]) -> Result<BTreeSet<String>> {
    let (client, own) = (cluster.client(), cluster.namespace());
    let mut removed = BTreeSet::new();
    for name in [authority::NAME, authority::INJECTOR].into_iter().chain(secrets.iter().map(String::as_str)) {
        removed.extend(remove::<Secret>(&client, own, name).await?);
    }
    for name in [lease::CONTROL_PLANE, lease::INJECTOR] {
        removed.extend(remove::<Lease>(&client, own, name).await?);
    }
    for name in CONFIG_MAPS {
        let namespaces = namespaces_with(&client, name).await?;
        let removing = stream::iter(namespaces.iter().map(|it| remove::<ConfigMap>(&client, it, name)));
        let mut removing = removing.buffer_unordered(AT_ONCE);
        while let Some(gone) = removing.next().await {
            removed.extend(gone?);
        }
    }
    Ok(removed)
}

/// Where there is a ConfigMap of this name. Asked for by that name, so that nothing else has to be allowed.
async fn namespaces_with(client: &Client, name: &str) -> Result<BTreeSet<String>> {
    let api = Api::<ConfigMap>::all(client.clone());
    let mut found = BTreeSet::new();
    let mut params = ListParams::default().fields(&format!("metadata.name={name}")).limit(PAGE);
    loop {
        let page = timeout(CALL, api.list_metadata(&params)).await.context("the API server does not answer")?;
        let page = page.with_context(|| format!("cannot list configmaps named {name}"))?;
        // Twice the same name in one namespace cannot be, but a namespace that is being deleted is gone by itself.
        found.extend(page.items.into_iter().filter_map(|item| item.metadata.namespace));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(found),
        }
    }
}

/// Removes one, if it is there.
async fn remove<K>(client: &Client, namespace: &str, name: &str) -> Result<Option<String>>
where
    K: Resource<DynamicType = (), Scope = kube_core::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let api = Api::<K>::namespaced(client.clone(), namespace);
    let what = format!("{}/{namespace}/{name}", K::kind(&()).to_lowercase());
    match timeout(CALL, api.delete(name, &DeleteParams::default())).await.context("the API server does not answer")? {
        Ok(_) => Ok(Some(what)),
        Err(Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot delete {what}")),
    }
}
