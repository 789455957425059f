//! ConfigMaps of one name, in every namespace that should have one: by the replica that leads, where it is not there as it
//! should be.
//!
//! What is to be written, and when, is pure ([`book`]); this does it. Nothing is written that is there already, writes are
//! few at a time, and a namespace that refuses is left alone for a while and stops nobody.

mod book;
mod content;
#[cfg(test)]
mod tests;

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use book::Report;
pub(crate) use book::{Pace, Wanted};
pub use content::Content;
use content::Heard;
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

use crate::{Cluster, client::CALL};
use book::{Book, Due, Refused};

/// Writes under way at one time: each costs the API server some milliseconds.
const AT_ONCE: usize = 4;
/// How often it is looked whether something is due, whatever happens.
const LOOK: Duration = Duration::from_secs(15);
/// How long whoever has begun to lead waits to hear what is there, before it writes without.
const UNHEARD: Duration = Duration::from_secs(10);
/// How long it takes to know which namespaces have sidecars: nothing follows from their maps before.
const WARM: Duration = Duration::from_secs(60);
/// Maps that a listing tells at one time. Each may be some 1.3 MB on its way.
const LISTED: u32 = 32;

/// Which ConfigMaps, and how they are spoken of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Their name.
    pub(crate) name: &'static str,
    /// Whose fields they are.
    pub(crate) manager: &'static str,
    /// Whether a key of theirs is ours to judge; others in the map are somebody else's.
    pub(crate) ours: fn(&str) -> bool,
    /// How fast they are written.
    pub(crate) pace: Pace,
    /// Code of the log line about one that cannot be written, and what follows from that for its namespace.
    pub(crate) refused: (&'static str, &'static str),
    /// Code of the log line that nothing is heard of what is there.
    pub(crate) unheard: &'static str,
}

/// Writes the maps whenever we lead, for as long as it is polled and anybody may lead.
pub(crate) async fn run(
    cluster: Cluster,
    kind: Kind,
    mut wanted: watch::Receiver<Wanted>,
    mut leading: watch::Receiver<bool>,
    report: watch::Sender<Report>,
) {
    while leading.wait_for(|leads| *leads).await.is_ok() {
        lead(&cluster.client(), &kind, &mut wanted, &mut leading, &report).await;
        // Another's business from here on: its words are the ones that count.
        report.send_replace(Report::default());
    }
}

/// For as long as we lead.
async fn lead(
    client: &Client,
    kind: &Kind,
    wanted: &mut watch::Receiver<Wanted>,
    leading: &mut watch::Receiver<bool>,
    report: &watch::Sender<Report>,
) {
    // One watch of this one name in all namespaces: less than looking once a minute, and sooner.
    let config = watcher::Config::default().fields(&format!("metadata.name={}", kind.name)).page_size(LISTED);
    let mut there = pin!(watcher(Api::<ConfigMap>::all(client.clone()), config).default_backoff());
    let (began, mut heard, mut book, mut complained) = (Instant::now(), false, Book::new(kind.pace), false);
    loop {
        book.want(wanted.borrow_and_update().clone());
        let mut soon = LOOK;
        if heard || began.elapsed() >= UNHEARD {
            let due = book.due(SystemTime::now());
            let any = !due.is_empty();
            write_all(client, kind, &mut book, due).await;
            soon = if any { kind.pace.pause } else { book.next(SystemTime::now()).unwrap_or(LOOK).min(LOOK) };
        }
        let mut now = book.report();
        now.complete &= began.elapsed() >= WARM;
        now.heard = heard;
        report.send_if_modified(|before| {
            let news = *before != now;
            *before = now;
            news
        });
        let wait = if heard { soon } else { UNHEARD };
        tokio::select! {
            biased;
            lost = leading.wait_for(|leads| !*leads) => return drop(lost),
            Some(event) = there.next() => {
                complained = match &event {
                    Ok(_) => false,
                    Err(error) if !complained => {
                        tracing::warn!(code = kind.unheard, %error, "what ConfigMaps {} there are cannot be heard", kind.name);
                        true
                    }
                    Err(_) => true,
                };
                heard |= matches!(event, Ok(watcher::Event::InitDone));
                hear(kind, &mut book, event);
            }
            changed = wanted.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn hear(kind: &Kind, book: &mut Book, event: watcher::Result<watcher::Event<ConfigMap>>) {
    let mut note = |map: &ConfigMap, there: bool| {
        if let Some(namespace) = &map.metadata.namespace {
            book.note(namespace, there.then(|| Heard::of(map, kind.ours)));
        }
    };
    match event {
        Ok(watcher::Event::Apply(map) | watcher::Event::InitApply(map)) => note(&map, true),
        Ok(watcher::Event::Delete(map)) => note(&map, false),
        Ok(watcher::Event::Init) => book.forget(),
        Ok(watcher::Event::InitDone) | Err(_) => {}
    }
}

async fn write_all(client: &Client, kind: &Kind, book: &mut Book, due: Vec<Due>) {
    let write = |Due { namespace, content }: Due| async {
        let written = write(client, kind, &namespace, &content).await;
        (namespace, content, written)
    };
    let mut writing = stream::iter(due).map(write).buffer_unordered(AT_ONCE);
    let name = kind.name;
    while let Some((namespace, content, written)) = writing.next().await {
        let why = written.clone().err();
        if book.wrote(&namespace, &content, written, SystemTime::now()) {
            match why {
                Some(Refused::Because(why)) => {
                    let (code, follows) = kind.refused;
                    tracing::error!(code, namespace, "{follows}: the ConfigMap {name} cannot be written: {why}");
                }
                Some(Refused::Gone) => tracing::debug!(namespace, "it has gone, or goes"),
                None => tracing::info!(namespace, "the ConfigMap {name} can be written again"),
            }
        }
    }
}

async fn write(client: &Client, kind: &Kind, namespace: &str, content: &Arc<Content>) -> Result<(), Refused> {
    let api = Api::<ConfigMap>::namespaced(client.clone(), namespace);
    let mut map = serde_json::json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": kind.name, "labels": {"app.kubernetes.io/managed-by": "outrigger"}},
    });
    content.fill(&mut map);
    let params = PatchParams::apply(kind.manager).force();
    match timeout(CALL, api.patch(kind.name, &params, &Patch::Apply(&map))).await {
        Ok(Ok(there)) if Heard::of(&there, kind.ours).is(content) => Ok(()),
        Ok(Ok(_)) => Err(Refused::Because("somebody else keeps entries of their own in it: remove these".to_owned())),
        Ok(Err(error)) => Err(Refused::of(&error)),
        Err(_) => Err(Refused::Because("the API server does not answer".to_owned())),
    }
}
