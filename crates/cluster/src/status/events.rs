//! What has become true or false, as events on the objects: which, and how many, is pure.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event as Body},
    apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube_client::{Api, Client, api::PostParams};
use outrigger_compile::{Kind, ObjectRef, World};
use outrigger_crd::Status;
use tokio::sync::mpsc;

use super::{
    api::resource,
    judge::{NO_SIDECARS, PENDING, PROGRAMMED, bounded, said},
    widened::opened,
};
use crate::client::CALL;

/// Who says it.
const CONTROLLER: &str = "outrigger.dev/control-plane";
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) object: ObjectRef,
    pub(crate) uid: Option<String>,
    pub(crate) warning: bool,
    /// `Rejected`
    pub(crate) reason: String,
    /// What was done that brought it out: the condition that is judged, or the edit.
    pub(crate) action: &'static str,
    pub(crate) note: String,
}

/// What of a change of status is worth an event: that something is wrong, that it is no more, and that sidecars run it. On
/// the way there, and where there are no sidecars, nothing has happened yet.
pub(crate) fn transitions(object: &ObjectRef, uid: &str, before: &Status, after: &Status) -> Vec<Event> {
    let before = &before.conditions[..];
    let event = |new: &Condition| {
        let old = said(before, &new.type_);
        let same = old.is_some_and(|old| old.status == new.status && old.reason == new.reason);
        let on_the_way = [PENDING, NO_SIDECARS].contains(&new.reason.as_str());
        let never_otherwise = old.is_none() && new.status == "True" && new.type_ != PROGRAMMED;
        (!same && !on_the_way && !never_otherwise).then(|| Event {
            object: object.clone(),
            uid: Some(uid.to_owned()),
            warning: new.status != "True",
            reason: new.reason.clone(),
            action: "Judge",
            note: new.message.clone(),
        })
    };
    after.conditions.iter().filter_map(event).collect()
}

/// What policies of `old` have forbidden and those of `new` do not.
pub(crate) fn widenings(old: &World, new: &World) -> Vec<Event> {
    let mut events = Vec::new();
    for before in &old.policies {
        let (object, uid) = (ObjectRef::new(Kind::ModelPolicy, &before.metadata), before.metadata.uid.clone());
        // It is there, and what it forbids is not known: everything is.
        if new.unreadable.iter().any(|unread| unread.object == object) {
            continue;
        }
        let after = new
            .policies
            .iter()
            .find(|after| ObjectRef::new(Kind::ModelPolicy, &after.metadata) == object && after.metadata.uid == uid);
        let said = opened(&before.spec, after.map(|after| &after.spec));
        if !said.is_empty() {
            let (reason, action) = if after.is_some() { ("Widened", "Edit") } else { ("Deleted", "Delete") };
            let note = said.join("; ");
            events.push(Event { object, uid, warning: true, reason: reason.to_owned(), action, note });
        }
    }
    events
}

/// How many events there may be.
#[derive(Debug)]
pub(crate) struct Limit {
    objects: BTreeMap<ObjectRef, Bucket>,
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
    pub(crate) fn new() -> Self {
        Self { objects: BTreeMap::new(), all: Bucket { left: ALL.0, counted: Duration::ZERO } }
    }

    /// Whether one more may be said of `object`; `now` since any one moment.
    pub(crate) fn allows(&mut self, object: &ObjectRef, now: Duration) -> bool {
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
pub(crate) struct Recorder {
    limit: Limit,
    queue: mpsc::Sender<Event>,
}

impl Recorder {
    /// Sends one after the other, in a task that ends with it. `instance`: which replica this is.
    pub(crate) fn new(client: Client, instance: String) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Event>(WAITING);
        tokio::spawn(async move {
            while let Some(event) = waiting.recv().await {
                let api = Api::<Body>::namespaced(client.clone(), &event.object.namespace);
                let body = body(&event, &instance, Timestamp::now());
                match tokio::time::timeout(CALL, api.create(&PostParams::default(), &body)).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => tracing::warn!(code = "event_not_sent", object = %event.object, %error),
                    Err(_) => tracing::warn!(code = "event_not_sent", object = %event.object, "it took too long"),
                }
            }
        });
        Self { limit: Limit::new(), queue }
    }

    /// Says it, if not too much was said of late: then it is in the log alone.
    pub(crate) fn say(&mut self, events: Vec<Event>, now: Duration) {
        for event in events {
            let Event { object, uid: _, warning: _, reason, action: _, note } = &event;
            tracing::info!(%object, reason, "{note}");
            if self.limit.allows(object, now) {
                let _ = self.queue.try_send(event);
            }
        }
    }
}

fn body(event: &Event, instance: &str, now: Timestamp) -> Body {
    let Event { object, uid, warning, reason, action, note } = event;
    let ObjectRef { kind, namespace, name } = object;
    let regarding = ObjectReference {
        api_version: resource(*kind).map_or_else(|| Some("v1".to_owned()), |resource| Some(resource.api_version)),
        kind: Some(kind.as_str().to_owned()),
        namespace: Some(namespace.clone()),
        name: Some(name.clone()),
        uid: uid.clone(),
        ..ObjectReference::default()
    };
    // Room for the time within the 253 characters of a name.
    let beginning = name.get(..name.floor_char_boundary(200)).unwrap_or_default().trim_end_matches(['.', '-']);
    Body {
        action: Some((*action).to_owned()),
        event_time: Some(MicroTime(now)),
        metadata: ObjectMeta {
            name: Some(format!("{beginning}.{:x}", now.as_nanosecond())),
            namespace: Some(namespace.clone()),
            ..ObjectMeta::default()
        },
        note: Some(bounded(note.clone(), NOTE)),
        reason: Some(reason.clone()),
        regarding: Some(regarding),
        reporting_controller: Some(CONTROLLER.to_owned()),
        reporting_instance: Some(bounded(instance.to_owned(), 128)),
        type_: Some(if *warning { "Warning" } else { "Normal" }.to_owned()),
        ..Body::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
