//! `Secret`s, each by its name: so much of a namespace's secrets as its providers name, and no more.
//!
//! A `Role` with `resourceNames` lets `get`, `list` and `watch` through for a list of names, and the API server holds a list
//! or a watch to it by a field selector. So each is a watch of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt as _;
use k8s_openapi::{api::core::v1::Secret as Core, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube_client::Api;
use kube_runtime::watcher::{Config, Event};
use outrigger_crd::{Secret, secret::Hidden};
use tokio::task::AbortHandle;

use super::{state::Shared, watch};
use crate::{Account, Cluster};

/// Most `Secret`s that are watched: each is a connection.
pub(crate) const MOST: usize = 1024;

/// Namespace and name.
pub(crate) type Name = (String, String);

/// What is known of one `Secret`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    /// As it was read last.
    pub(crate) read: Option<Secret>,
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
pub(crate) struct Watches(BTreeMap<Name, AbortHandle>);

impl Watches {
    /// Begins and ends watches, so that those of `wanted` are watched. `retry`: how long one that is withheld is left alone.
    pub(crate) fn follow(&mut self, wanted: &BTreeSet<Name>, cluster: &Cluster, shared: &Arc<Shared>, retry: Duration) {
        self.0.retain(|name, task| {
            let keep = wanted.contains(name);
            if !keep {
                task.abort();
            }
            keep
        });
        for name in wanted {
            if !self.0.contains_key(name) && self.0.len() < MOST {
                let task = tokio::spawn(watch(name.clone(), cluster.clone(), shared.clone(), retry));
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

async fn watch(name: Name, cluster: Cluster, shared: Arc<Shared>, retry: Duration) {
    let api = Api::<Core>::namespaced(cluster.client.clone(), &name.0);
    loop {
        let config = Config::default().fields(&format!("metadata.name={}", name.1));
        let mut events = std::pin::pin!(watch::events(api.clone(), config, false));
        let mut listed = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Init) => listed = false,
                Ok(Event::InitApply(found) | Event::Apply(found)) => {
                    listed = true;
                    shared.secret(&name, Now::There, Some(plain(found)));
                }
                Ok(Event::InitDone) if listed => {}
                Ok(Event::InitDone) => shared.secret(&name, Now::NotListed, None),
                Ok(Event::Delete(_)) => shared.secret(&name, Now::Gone, None),
                Err(error) if matches!(watch::code(&error), Some(401 | 403)) => {
                    shared.secret(&name, Now::Withheld, None);
                    break;
                }
                // Another try is made, after a pause.
                Err(error) => tracing::debug!(%error, namespace = name.0, secret = name.1, "a watch failed"),
            }
        }
        // Not all of them at one time.
        tokio::time::sleep(retry + retry.mul_f64(fastrand::f64() / 10.0)).await;
    }
}

/// What of it is kept.
pub(crate) fn plain(found: Core) -> Secret {
    let Core { metadata, data, type_, string_data: _, immutable: _ } = found;
    let ObjectMeta { name, namespace, .. } = metadata;
    Secret {
        metadata: ObjectMeta { name, namespace, ..ObjectMeta::default() },
        type_,
        data: Hidden(data.unwrap_or_default()),
        string_data: Hidden::default(),
    }
}

/// What to do so that we may read it, as lines to paste.
pub(crate) fn how_to_permit((namespace, name): &Name, account: &Account) -> String {
    let who = match account.service_account() {
        Some((namespace, name)) => format!("--serviceaccount={namespace}:{name}"),
        None => format!("--user={}", account.name()),
    };
    format!(
        "Secret {namespace}/{name} may not be read by {}; to permit it: \
         kubectl -n {namespace} create role outrigger-secret-{name} --verb=get,list,watch --resource=secrets \
         --resource-name={name} && kubectl -n {namespace} create rolebinding outrigger-secret-{name} \
         --role=outrigger-secret-{name} {who}",
        account.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_paste_names_the_secret_and_who_is_to_read_it() {
        let account = Account::of("system:serviceaccount:outrigger-system:outrigger-control-plane");
        let line = how_to_permit(&("prod".to_owned(), "openai".to_owned()), &account);
        for part in [
            "kubectl -n prod create role",
            "--verb=get,list,watch --resource=secrets --resource-name=openai",
            "--serviceaccount=outrigger-system:outrigger-control-plane",
        ] {
            assert!(line.contains(part), "{line}");
        }
        assert!(!line.contains('\n'));
    }
}
