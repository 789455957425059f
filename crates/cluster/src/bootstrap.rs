//! What pods start with while no control plane can be asked: in ConfigMaps of their namespaces, written by the replica that
//! leads. What is in them is for whoever knows policy to say.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use k8s_openapi::api::core::v1::ObjectReference;
use tokio::{sync::watch, time::Instant};

pub use crate::spread::Content;
use crate::{
    Cluster,
    record::{Recorder, Said},
    spread::{self, Kind, Pace, Report, Wanted},
    status::events::CONTROLLER,
};

/// How many ConfigMaps a namespace may have.
pub const MAPS: usize = 4;

/// At most 16 writes a second, and one of a map in 10 seconds: an edit of a policy over all namespaces is one write in each.
const PACE: Pace = Pace { batch: 16, pause: Duration::from_secs(1), rest: Duration::from_secs(10) };

/// What a namespace should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// In its ConfigMaps. One that is empty is not made.
    pub maps: [Arc<Content>; MAPS],
    /// What is not in them that should be, in a sentence.
    pub missing: Option<String>,
}

/// What all of them should hold.
pub type All = Arc<BTreeMap<String, Left>>;

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Namespaces that have such a map, whether they should or not; `None`: nobody knows yet.
    pub there: Option<BTreeSet<String>>,
    /// Namespaces whose first map is as it should be.
    pub written: usize,
    /// Namespaces that refuse one.
    pub refused: usize,
}

/// Writes what is to be `left`, in ConfigMaps of these names, whenever we lead. `instance`: which replica this is. It happens
/// in tasks of its own.
pub fn follow(
    cluster: &Cluster,
    names: [&'static str; MAPS],
    instance: String,
    leading: &watch::Receiver<bool>,
    left: &watch::Receiver<Option<All>>,
) -> watch::Receiver<Standing> {
    let reports = names.iter().enumerate().map(|(at, name)| {
        let kind = Kind {
            name,
            manager: "outrigger.dev/bootstrap",
            ours: |key| key.ends_with(".gz"),
            pace: PACE,
            refused: ("bootstrap_refused", "its pods have nothing to start with while no control plane can be asked"),
            unheard: "bootstraps_unheard",
        };
        let (report, reports) = watch::channel(Report::default());
        tokio::spawn(spread::run(cluster.clone(), kind, part(left.clone(), at), leading.clone(), report));
        reports
    });
    let reports: Vec<watch::Receiver<Report>> = reports.collect();
    tokio::spawn(say(Recorder::new(cluster.client(), CONTROLLER, instance), left.clone(), leading.clone()));
    let (send, standing) = watch::channel(Standing::default());
    tokio::spawn(stand(reports, send));
    standing
}

/// The map at this place of each namespace.
fn part(mut left: watch::Receiver<Option<All>>, at: usize) -> watch::Receiver<Wanted> {
    let (send, wanted) = watch::channel(Wanted::default());
    tokio::spawn(async move {
        loop {
            if let Some(left) = left.borrow_and_update().clone() {
                let maps = left.iter().map(|(namespace, left)| (namespace.clone(), left.maps[at].clone())).collect();
                send.send_replace(Wanted { of: Some("bootstrap".into()), maps: Arc::new(maps) });
            }
            tokio::select! {
                changed = left.changed() => if changed.is_err() { return },
                () = send.closed() => return,
            }
        }
    });
    wanted
}

/// Says of each namespace what is missing, once, and that it is no more.
async fn say(mut recorder: Recorder, mut left: watch::Receiver<Option<All>>, leading: watch::Receiver<bool>) {
    let (began, mut said) = (Instant::now(), BTreeMap::new());
    loop {
        let now = left.borrow_and_update().clone().filter(|_| *leading.borrow()).unwrap_or_default();
        let missing: BTreeMap<String, String> =
            now.iter().filter_map(|(namespace, left)| Some((namespace.clone(), left.missing.clone()?))).collect();
        news(&said, &missing).into_iter().for_each(|said| recorder.say(said, began.elapsed()));
        said = missing;
        if left.changed().await.is_err() {
            return;
        }
    }
}

fn news(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Said> {
    let event = |namespace: &String, warning: bool, reason: &str, note: String| Said {
        about: ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Namespace".to_owned()),
            // Events of a namespace stand in it: its own people see them.
            namespace: Some(namespace.clone()),
            name: Some(namespace.clone()),
            ..ObjectReference::default()
        },
        warning,
        reason: reason.to_owned(),
        action: "Bootstrap",
        note,
    };
    let missing = now.iter().filter(|(namespace, why)| before.get(*namespace) != Some(*why));
    let whole = before.keys().filter(|namespace| !now.contains_key(*namespace));
    missing
        .map(|(namespace, why)| event(namespace, true, "BootstrapIncomplete", why.clone()))
        .chain(whole.map(|namespace| {
            let note = "every workload that is known here has a policy to start with".to_owned();
            event(namespace, false, "BootstrapComplete", note)
        }))
        .collect()
}

async fn stand(mut reports: Vec<watch::Receiver<Report>>, send: watch::Sender<Standing>) {
    loop {
        let now: Vec<Report> = reports.iter_mut().map(|it| it.borrow_and_update().clone()).collect();
        let refused: BTreeSet<&String> = now.iter().flat_map(|it| it.named.iter().map(|(name, _)| name)).collect();
        let most = now.iter().map(|it| it.refused).max().unwrap_or_default();
        let standing = Standing {
            there: now.iter().all(|it| it.heard).then(|| now.iter().flat_map(|it| it.there.clone()).collect()),
            written: now.first().map_or(0, |it| it.written),
            refused: most.max(refused.len()),
        };
        send.send_if_modified(|before| {
            let news = *before != standing;
            *before = standing;
            news
        });
        let changed = futures_util::future::select_all(reports.iter_mut().map(|it| Box::pin(it.changed())));
        tokio::select! {
            (changed, ..) = changed => if changed.is_err() { return },
            () = send.closed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_once_and_so_is_its_end() {
        let told = |before: &[(&str, &str)], now: &[(&str, &str)]| -> Vec<String> {
            let map = |list: &[(&str, &str)]| list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            let events = news(&map(before), &map(now)).into_iter();
            events.map(|it| format!("{} {} {}", it.about.name.unwrap(), it.reason, it.warning)).collect()
        };
        assert_eq!(told(&[], &[("a", "one")]), ["a BootstrapIncomplete true"]);
        assert_eq!(told(&[("a", "one")], &[("a", "one")]), [""; 0]);
        assert_eq!(told(&[("a", "one")], &[("a", "two")]), ["a BootstrapIncomplete true"]);
        assert_eq!(told(&[("a", "one")], &[]), ["a BootstrapComplete false"]);
    }
}
