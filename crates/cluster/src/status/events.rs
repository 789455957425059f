//! What has become true or false, as events on the objects: pure.

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use outrigger_compile::{Kind, ObjectRef, World, change::opened};
use outrigger_crd::Status;

use super::{
    api::resource,
    judge::{NO_SIDECARS, PENDING, PROGRAMMED, said},
};
use crate::record::Said;

/// Who says it.
pub(crate) const CONTROLLER: &str = "outrigger.dev/control-plane";

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

impl From<Event> for Said {
    fn from(event: Event) -> Self {
        let Event { object: ObjectRef { kind, namespace, name }, uid, warning, reason, action, note } = event;
        let about = ObjectReference {
            api_version: resource(kind).map(|resource| resource.api_version),
            kind: Some(kind.as_str().to_owned()),
            namespace: Some(namespace),
            name: Some(name),
            uid,
            ..ObjectReference::default()
        };
        Self { about, warning, reason, action, note }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
