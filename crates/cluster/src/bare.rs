//! Pods that are to have a sidecar and have none: those that were there before the label, or that came while the injector
//! was not asked; and how many have one, whom the control plane should hear of. Looked for now and then by the replica that
//! leads, page by page: nothing of a cluster is remembered for it but which of those without were told of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use k8s_openapi::{
    api::core::v1::{Namespace, ObjectReference, Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
    jiff::Timestamp,
};
use kube_client::{Api, Client, Error, api::ListParams};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{
    client::CALL,
    record::{Recorder, Said},
};

/// From the end of one look to the next.
const LOOK: Duration = Duration::from_secs(60);
/// Objects on one page.
const PAGE: u32 = 500;
/// A pod that is younger may be in the middle of coming.
const YOUNG: i64 = 10;
/// Which pods are looked at, and whether their containers run, which metadata does not say. Those that have ended are of no
/// interest to anybody.
const PHASES: [(&str, bool); 2] =
    [("status.phase=Running", true), ("status.phase!=Running,status.phase!=Succeeded,status.phase!=Failed", false)];
/// Pods that are remembered as told of.
const MOST: usize = 10_000;

/// Whether a pod with this metadata is to have a sidecar and has none, where its namespace's label says so.
pub type IsBare = Arc<dyn Fn(&ObjectMeta, &str, Option<&str>) -> bool + Send + Sync>;

/// Whether a pod with this metadata was given a sidecar.
pub type HasSidecar = fn(&ObjectMeta) -> bool;

/// How many pods there are of each kind, as last looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// They are to have a sidecar and have none.
    pub without: usize,
    /// They have one, and their containers run.
    pub with: usize,
}

/// Looks for them for as long as it is polled, while we lead. `label`: by which a namespace says that it has sidecars.
/// Counts go to `count`.
pub async fn look(
    client: Client,
    label: &str,
    (is_bare, has_sidecar): (IsBare, HasSidecar),
    mut leading: watch::Receiver<bool>,
    mut recorder: Recorder,
    count: watch::Sender<Counted>,
) {
    let (began, mut told) = (Instant::now(), BTreeSet::new());
    loop {
        if leading.wait_for(|leads| *leads).await.is_err() {
            return;
        }
        match all(&client, label, &is_bare, has_sidecar).await {
            Ok((found, with)) => {
                count.send_replace(Counted { without: found.len(), with });
                // Who is gone need not be remembered.
                told.retain(|uid| found.contains_key(uid));
                for (uid, meta) in found {
                    if told.len() < MOST && told.insert(uid) {
                        recorder.say(said(meta), began.elapsed());
                    }
                }
            }
            Err(why) => tracing::warn!(code = "pods_not_listed", "whether pods have no sidecar is not known: {why}"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = leading.wait_for(|leads| !*leads) => drop(count.send_replace(Counted::default())),
        }
    }
}

/// All that have none by uid, and how many have one.
async fn all(
    client: &Client,
    label: &str,
    is_bare: &IsBare,
    has_sidecar: HasSidecar,
) -> Result<(BTreeMap<String, ObjectMeta>, usize), String> {
    let mut says = BTreeMap::new();
    let params = ListParams::default().limit(PAGE).labels(label);
    pages(&Api::<Namespace>::all(client.clone()), params, |meta| {
        let said = meta.labels.and_then(|labels| labels.get(label).cloned());
        says.extend(meta.name.zip(said));
    })
    .await?;
    let (mut found, mut with) = (BTreeMap::new(), 0);
    let now = Timestamp::now().as_second();
    for (phase, runs) in PHASES {
        let params = ListParams::default().limit(PAGE).fields(phase);
        pages(&Api::<Pod>::all(client.clone()), params, |meta| {
            let old = meta.creation_timestamp.as_ref().is_some_and(|at| now - at.0.as_second() >= YOUNG);
            if !old || meta.deletion_timestamp.is_some() {
                return;
            }
            with += usize::from(runs && has_sidecar(&meta));
            let namespace = meta.namespace.clone().unwrap_or_default();
            let bare = is_bare(&meta, &namespace, says.get(&namespace).map(String::as_str));
            if let Some(uid) = meta.uid.clone().filter(|_| bare) {
                let ObjectMeta { name, namespace, uid: own, .. } = meta;
                found.insert(uid, ObjectMeta { name, namespace, uid: own, ..ObjectMeta::default() });
            }
        })
        .await?;
    }
    Ok((found, with))
}

/// The metadata of all that `params` asks for, one page after the other.
async fn pages<K>(api: &Api<K>, mut params: ListParams, mut each: impl FnMut(ObjectMeta)) -> Result<(), String>
where
    K: kube_core::Resource + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    loop {
        let page = match timeout(CALL, api.list_metadata(&params)).await {
            Ok(Ok(page)) => page,
            Ok(Err(Error::Api(status))) => {
                return Err(format!("{} {}: {}", status.code, status.reason, status.message));
            }
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err("the API server does not answer".to_owned()),
        };
        let next = page.metadata.continue_.filter(|token| !token.is_empty());
        page.items.into_iter().for_each(|item| each(item.metadata));
        match next {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(()),
        }
    }
}

fn said(meta: ObjectMeta) -> Said {
    let about = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        namespace: meta.namespace,
        name: meta.name,
        uid: meta.uid,
        ..ObjectReference::default()
    };
    let note = "it is to have a sidecar and has none: it is older than the label, or it was refused one for a reason that an \
                Event of its owner tells; create it anew, for example with kubectl rollout restart";
    Said { about, warning: true, reason: "NoSidecar".to_owned(), action: "Look", note: note.to_owned() }
}
