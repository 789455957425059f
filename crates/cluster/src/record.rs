//! What is said of an object once, as an `Event` of the cluster: how many there may be is pure, and bounded.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event as Body},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube_client::{Api, Client, api::PostParams};
use tokio::sync::mpsc;

use crate::{client::CALL, text::bounded};

/// Events that wait to be sent.
const WAITING: usize = 256;
/// Events of one object in a row, and after how long there is one more.
const OBJECT: (u32, Duration) = (10, Duration::from_secs(60));
/// Of all objects together.
const ALL: (u32, Duration) = (100, Duration::from_millis(200));
/// Objects whose events are counted.
const OBJECTS: usize = 4096;
/// Longest note that an API server takes.
const NOTE: usize = 1000;

/// Something that is said of an object once.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The object; its namespace is the event's.
    pub about: ObjectReference,
    /// Whether something is wrong.
    pub warning: bool,
    /// In one word, for programs: `Rejected`.
    pub reason: String,
    /// What was done that brought it out.
    pub action: &'static str,
    /// For people.
    pub note: String,
}

/// Of whom it is said: kind, namespace and name.
type Key = (String, String, String);

/// How many events there may be.
#[derive(Debug)]
struct Limit {
    objects: BTreeMap<Key, Bucket>,
    all: Bucket,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u32,
    counted: Duration,
}

impl Bucket {
    fn take(&mut self, (most, each): (u32, Duration), now: Duration) -> bool {
        let more = now.saturating_sub(self.counted).as_nanos() / each.as_nanos();
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(more).min(most);
        self.counted = if self.left == most { now } else { self.counted + each.saturating_mul(more) };
        let one = self.left > 0;
        self.left -= u32::from(one);
        one
    }
}

impl Limit {
    fn new() -> Self {
        Self { objects: BTreeMap::new(), all: Bucket { left: ALL.0, counted: Duration::ZERO } }
    }

    /// Whether one more may be said of `object`; `now` since any one moment.
    fn allows(&mut self, object: &Key, now: Duration) -> bool {
        let (most, each) = OBJECT;
        if !self.objects.contains_key(object) {
            if self.objects.len() >= OBJECTS {
                // Those of which nothing was said for so long have all they ever have.
                self.objects.retain(|_, bucket| now.saturating_sub(bucket.counted) < each * most);
            }
            if self.objects.len() >= OBJECTS {
                return false;
            }
            self.objects.insert(object.clone(), Bucket { left: most, counted: now });
        }
        let own = self.objects.get_mut(object).is_some_and(|bucket| bucket.take(OBJECT, now));
        own && self.all.take(ALL, now)
    }
}

/// Where events go.
#[derive(Debug)]
pub struct Recorder {
    limit: Limit,
    queue: mpsc::Sender<Said>,
}

impl Recorder {
    /// Sends one after the other, in a task that ends with it. `controller`: who says it; `instance`: which replica of it.
    pub fn new(client: Client, controller: &'static str, instance: String) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Said>(WAITING);
        tokio::spawn(async move {
            while let Some(said) = waiting.recv().await {
                let (_, namespace, name) = key(&said.about);
                let api = Api::<Body>::namespaced(client.clone(), &namespace);
                let body = body(&said, controller, &instance, Timestamp::now());
                match tokio::time::timeout(CALL, api.create(&PostParams::default(), &body)).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => tracing::warn!(code = "event_not_sent", namespace, name, %error),
                    Err(_) => tracing::warn!(code = "event_not_sent", namespace, name, "it took too long"),
                }
            }
        });
        Self { limit: Limit::new(), queue }
    }

    /// Says it, if not too much was said of late: then it is in the log alone. `now` since any one moment.
    pub fn say(&mut self, said: Said, now: Duration) {
        let object = key(&said.about);
        let (kind, namespace, name) = &object;
        tracing::info!(kind, namespace, name, reason = said.reason, "{}", said.note);
        if self.limit.allows(&object, now) {
            let _ = self.queue.try_send(said);
        }
    }
}

/// A pod without a name is one of those that its owner makes; an event about nothing by name is about the namespace.
fn key(about: &ObjectReference) -> Key {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    (text(&about.kind), text(&about.namespace), text(&about.name))
}

fn body(said: &Said, controller: &str, instance: &str, now: Timestamp) -> Body {
    let Said { about, warning, reason, action, note } = said;
    let (_, namespace, name) = key(about);
    // Room for the time within the 253 characters of a name.
    let beginning = name.get(..name.floor_char_boundary(200)).unwrap_or_default().trim_end_matches(['.', '-']);
    let beginning = if beginning.is_empty() { "outrigger" } else { beginning };
    Body {
        action: Some((*action).to_owned()),
        event_time: Some(MicroTime(now)),
        metadata: ObjectMeta {
            name: Some(format!("{beginning}.{:x}", now.as_nanosecond())),
            namespace: Some(namespace),
            ..ObjectMeta::default()
        },
        note: Some(bounded(note.clone(), NOTE)),
        reason: Some(reason.clone()),
        regarding: Some(about.clone()),
        reporting_controller: Some(controller.to_owned()),
        reporting_instance: Some(bounded(instance.to_owned(), 128)),
        type_: Some(if *warning { "Warning" } else { "Normal" }.to_owned()),
        ..Body::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
