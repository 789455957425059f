//! The bundle, into every namespace that has sidecars: by the replica that leads, where it is not there as it should be.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::ConfigMap;
use kube_client::{
    Api, Client,
    api::{Patch, PatchParams},
};
use kube_runtime::{WatchStreamExt as _, watcher};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    Known, NAME,
    book::{Book, Refused, Report},
    document::BUNDLE,
};
use crate::{Cluster, client::CALL};

/// Whose fields they are.
const MANAGER: &str = "outrigger.dev/ca";
/// Writes under way at one time: each costs the API server some milliseconds.
const AT_ONCE: usize = 4;
/// Writes between two looks at whether we still lead.
const BATCH: usize = 64;
/// How often it is looked whether something is due, whatever happens.
const LOOK: Duration = Duration::from_secs(15);
/// How long whoever has begun to lead waits to hear what is there, before it writes without.
const UNHEARD: Duration = Duration::from_secs(10);
/// How long it takes to know which namespaces have sidecars: nothing follows from their bundles before.
const WARM: Duration = Duration::from_secs(60);

/// Writes the bundles whenever we lead, for as long as it is polled and anybody may lead.
pub(super) async fn run(
    cluster: Cluster,
    mut known: watch::Receiver<Known>,
    mut leading: watch::Receiver<bool>,
    mut namespaces: watch::Receiver<BTreeSet<String>>,
    report: watch::Sender<Report>,
) {
    while leading.wait_for(|leads| *leads).await.is_ok() {
        lead(&cluster.client(), &mut known, &mut leading, &mut namespaces, &report).await;
        // Another's business from here on: its words are the ones that count.
        report.send_replace(Report::default());
    }
}

/// For as long as we lead.
async fn lead(
    client: &Client,
    known: &mut watch::Receiver<Known>,
    leading: &mut watch::Receiver<bool>,
    namespaces: &mut watch::Receiver<BTreeSet<String>>,
    report: &watch::Sender<Report>,
) {
    // One watch of this one name in all namespaces: less than looking once a minute, and sooner.
    let config = watcher::Config::default().fields(&format!("metadata.name={NAME}"));
    let mut there = pin!(watcher(Api::<ConfigMap>::all(client.clone()), config).default_backoff());
    let (began, mut heard, mut book, mut complained) = (Instant::now(), false, Book::default(), false);
    loop {
        book.want(known.borrow_and_update().bundle());
        let wanted = namespaces.borrow_and_update().clone();
        let mut more = false;
        if heard || began.elapsed() >= UNHEARD {
            let due = book.due(&wanted, SystemTime::now(), BATCH);
            more = due.len() == BATCH;
            write_all(client, &mut book, due).await;
        }
        let mut now = book.report(&wanted);
        now.spread.complete &= began.elapsed() >= WARM;
        report.send_if_modified(|before| {
            let news = *before != now;
            *before = now;
            news
        });
        let wait = if more {
            Duration::ZERO
        } else if heard {
            LOOK
        } else {
            UNHEARD
        };
        tokio::select! {
            biased;
            lost = leading.wait_for(|leads| !*leads) => return drop(lost),
            Some(event) = there.next() => {
                complained = match &event {
                    Ok(_) => false,
                    Err(error) if !complained => {
                        tracing::warn!(code = "bundles_unheard", %error, "what bundles there are cannot be heard");
                        true
                    }
                    Err(_) => true,
                };
                heard |= matches!(event, Ok(watcher::Event::InitDone));
                hear(&mut book, event);
            }
            changed = known.changed() => if changed.is_err() { return },
            changed = namespaces.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn hear(book: &mut Book, event: watcher::Result<watcher::Event<ConfigMap>>) {
    let mut note = |map: &ConfigMap, there: bool| {
        let bundle = map.data.as_ref().and_then(|data| data.get(BUNDLE)).filter(|_| there);
        if let Some(namespace) = &map.metadata.namespace {
            // One without a bundle is as one that is not as it should be.
            book.note(namespace, bundle.map(String::as_str).or(there.then_some("")));
        }
    };
    match event {
        Ok(watcher::Event::Apply(map) | watcher::Event::InitApply(map)) => note(&map, true),
        Ok(watcher::Event::Delete(map)) => note(&map, false),
        Ok(watcher::Event::Init) => book.forget(),
        Ok(watcher::Event::InitDone) | Err(_) => {}
    }
}

async fn write_all(client: &Client, book: &mut Book, namespaces: Vec<String>) {
    let Some(bundle) = book.wanted().cloned() else { return };
    let write = |namespace: String| async {
        let written = write(client, &namespace, &bundle).await;
        (namespace, written)
    };
    let mut writing = stream::iter(namespaces).map(write).buffer_unordered(AT_ONCE);
    while let Some((namespace, written)) = writing.next().await {
        let why = written.clone().err();
        if book.wrote(&namespace, &bundle, written, SystemTime::now()) {
            match why {
                Some(Refused::Because(why)) => tracing::error!(
                    code = "bundle_refused",
                    namespace,
                    "its sidecars do not know the control plane: the ConfigMap {NAME} cannot be written: {why}"
                ),
                Some(Refused::Gone) => tracing::debug!(namespace, "it has gone, or goes"),
                None => tracing::info!(namespace, "the ConfigMap {NAME} can be written again"),
            }
        }
    }
}

async fn write(client: &Client, namespace: &str, bundle: &Arc<str>) -> Result<(), Refused> {
    let api = Api::<ConfigMap>::namespaced(client.clone(), namespace);
    let map = serde_json::json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "labels": {"app.kubernetes.io/managed-by": "outrigger"}},
        "data": {BUNDLE: &**bundle},
    });
    let params = PatchParams::apply(MANAGER).force();
    match timeout(CALL, api.patch(NAME, &params, &Patch::Apply(&map))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Refused::of(&error)),
        Err(_) => Err(Refused::Because("the API server does not answer".to_owned())),
    }
}
