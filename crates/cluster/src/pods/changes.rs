//! What has become of pods, for whoever has streams of them open.

use std::{collections::HashMap, sync::Mutex};

use tokio::sync::Notify;

use super::Uid;
use crate::lock::lock;

/// Most pods that are told one by one; beyond that it is said that any may have changed.
const MOST: usize = 10_000;

/// What has become of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is no more.
    Gone,
    /// Its labels, its owner or its team may be others.
    Altered,
}

/// Pods that have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// These.
    Some(HashMap<Uid, Change>),
    /// Any of them may have.
    Any,
}

/// What nobody has been told yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    all: Mutex<All>,
    news: Notify,
}

#[derive(Debug, Default)]
struct All {
    some: HashMap<Uid, Change>,
    any: bool,
}

impl Pending {
    pub(super) fn push(&self, changes: impl IntoIterator<Item = (Uid, Change)>) {
        let mut all = lock(&self.all);
        for (uid, change) in changes {
            if !all.any {
                // What is gone stays gone: a uid never comes back.
                let known = all.some.entry(uid).or_insert(change);
                *known = if *known == Change::Gone { Change::Gone } else { change };
            }
            if all.some.len() > MOST {
                *all = All { some: HashMap::new(), any: true };
            }
        }
        let news = all.any || !all.some.is_empty();
        drop(all);
        if news {
            self.news.notify_one();
        }
    }

    pub(super) fn push_any(&self) {
        *lock(&self.all) = All { some: HashMap::new(), any: true };
        self.news.notify_one();
    }

    /// What has changed since it was asked last; waits until something has.
    pub(super) async fn next(&self) -> Changed {
        loop {
            match std::mem::take(&mut *lock(&self.all)) {
                All { any: true, .. } => return Changed::Any,
                All { some, .. } if !some.is_empty() => return Changed::Some(some),
                All { .. } => {}
            }
            self.news.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn changes_of_one_pod_are_one_and_the_last_is_its_end() {
        let pending = Pending::default();
        pending.push([("a".into(), Change::Altered), ("b".into(), Change::Gone)]);
        pending.push([("a".into(), Change::Gone), ("b".into(), Change::Altered), ("c".into(), Change::Altered)]);
        let of = |uid: &str, change| (Uid::from(uid), change);
        let wanted = [of("a", Change::Gone), of("b", Change::Gone), of("c", Change::Altered)].into();
        assert_eq!(pending.next().await, Changed::Some(wanted));
        let none = tokio::time::timeout(std::time::Duration::from_millis(10), pending.next()).await;
        assert!(none.is_err());
    }

    #[tokio::test]
    async fn more_than_can_be_told_are_any() {
        let pending = Pending::default();
        let many = |count: usize| (0..count).map(|at| (at.to_string().into(), Change::Altered));
        pending.push(many(MOST));
        assert!(matches!(pending.next().await, Changed::Some(some) if some.len() == MOST));
        pending.push(many(MOST + 1));
        pending.push(many(3));
        assert_eq!(pending.next().await, Changed::Any);
        pending.push(many(1));
        assert!(matches!(pending.next().await, Changed::Some(some) if some.len() == 1));
        pending.push_any();
        assert_eq!(pending.next().await, Changed::Any);
    }
}
