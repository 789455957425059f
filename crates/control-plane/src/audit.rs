//! What became of policy, one line of the log for each edit: for whoever has to say later what was changed, when, by whose hand,
//! and what that let through or stopped. By the replica that leads, so that there is one line and not as many as replicas.
//!
//! Edits that come together are one line: what each of them opened alone nobody could be asked for.

use std::{collections::BTreeMap, sync::Arc};

use outrigger_catalog::Catalog;
use outrigger_cluster::Observed;
use outrigger_compile::{
    Kind, ObjectRef, World,
    change::{Change, Edited, How, change},
};
use tokio::sync::watch;

use crate::{
    fleet::Fleet,
    outlook,
    source::{self, Worlds},
    webhook::{closes, opens},
};

/// Most edits, and most of what they open or close, in one line; how many more there are is said.
const LISTED: usize = 16;

/// Whose edits are told.
pub(crate) struct Edits {
    pub(crate) worlds: Worlds,
    /// By whose hand objects are what they are; `None`: nobody says.
    pub(crate) observed: Option<watch::Receiver<Arc<Vec<Observed>>>>,
    /// Whether it is ours to tell; `None`: nobody else does.
    pub(crate) leading: Option<watch::Receiver<bool>>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) fleet: Arc<Fleet>,
}

/// Tells every edit from now on. What is there at first was told when it came.
pub(crate) async fn follow(mut edits: Edits) {
    let mut before = edits.worlds.borrow_and_update().clone();
    while let Some(after) = source::next(&mut edits.worlds).await {
        let Some(before) = before.replace(after.clone()) else { continue };
        if edits.leading.as_ref().is_some_and(|leading| !*leading.borrow()) {
            continue;
        }
        let hands = edits.observed.as_ref().map(|observed| observed.borrow().clone()).unwrap_or_default();
        let (catalog, fleet) = (edits.catalog.clone(), edits.fleet.clone());
        let compiling = tokio::task::spawn_blocking(move || compare(&before, &after, &catalog, &fleet));
        match compiling.await {
            Ok(change) if change.is_nothing() => {}
            Ok(change) => tell(&change, &hands),
            // A bug of ours: what is served does not depend on it.
            Err(error) => {
                tracing::error!(code = "change_not_compiled", %error, "what an edit means could not be found out")
            }
        }
    }
}

fn compare(before: &World, after: &World, catalog: &Catalog, fleet: &Fleet) -> Change {
    change(before, after, catalog, &outlook::readers(fleet))
}

fn tell(change: &Change, hands: &[Observed]) {
    let widened = change.widened.iter().map(|it| format!("{} opens: {}", it.policy, it.says.join("; ")));
    tracing::info!(
        code = "policy_changed",
        edits = edits(&change.edited, hands),
        opened = phrases(widened.chain(change.opened.iter().map(opens))),
        closed = phrases(change.closed.iter().map(closes)),
        broken = change.broken.len(),
        mended = change.mended.len(),
        "policy was edited"
    );
}

/// What was edited: `ModelRoute shop/r changed (generation 4, by kubectl-edit)`.
fn edits(edited: &[Edited], hands: &[Observed]) -> Option<String> {
    let hands: BTreeMap<&ObjectRef, &Observed> = hands.iter().map(|it| (&it.object, it)).collect();
    let one = |Edited { object, how }: &Edited| {
        let word = match how {
            How::Added => "added",
            How::Changed => "changed",
            How::Removed => "removed",
        };
        // Of what is gone, and of a Secret or a Namespace, nobody says by whom.
        match hands.get(object).filter(|_| *how != How::Removed) {
            None => format!("{object} {word}"),
            Some(it) if it.manager.is_empty() => format!("{object} {word} (generation {})", it.generation),
            Some(it) => format!("{object} {word} (generation {}, by {})", it.generation, it.manager),
        }
    };
    // What policy says before what it names.
    let is_policy = |it: &&Edited| matches!(it.object.kind, Kind::ModelPolicy | Kind::ModelRoute | Kind::ModelProvider);
    let (first, last): (Vec<&Edited>, Vec<&Edited>) = edited.iter().partition(is_policy);
    phrases(first.into_iter().chain(last).map(one))
}

/// The first of them in one line, and how many more there are.
fn phrases(all: impl Iterator<Item = String>) -> Option<String> {
    let mut all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(LISTED);
    all.truncate(LISTED);
    if more > 0 {
        all.push(format!("{more} more"));
    }
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use outrigger_crd::Status;

    use super::*;

    fn object(kind: Kind, name: &str) -> ObjectRef {
        ObjectRef { kind, namespace: "shop".to_owned(), name: name.to_owned() }
    }

    fn seen(name: &str, manager: &str) -> Observed {
        Observed {
            object: object(Kind::ModelRoute, name),
            uid: String::new(),
            generation: 4,
            version: String::new(),
            manager: manager.to_owned(),
            status: Status::default(),
        }
    }

    #[test]
    fn an_edit_says_what_and_by_whose_hand() {
        let edited = [
            Edited { object: object(Kind::Secret, "k"), how: How::Changed },
            Edited { object: object(Kind::ModelRoute, "r"), how: How::Changed },
            Edited { object: object(Kind::ModelRoute, "gone"), how: How::Removed },
            Edited { object: object(Kind::ModelRoute, "s"), how: How::Added },
        ];
        let hands = [seen("r", "kubectl-edit"), seen("s", ""), seen("gone", "helm")];
        assert_eq!(
            edits(&edited, &hands).unwrap(),
            "ModelRoute shop/r changed (generation 4, by kubectl-edit); ModelRoute shop/gone removed; \
             ModelRoute shop/s added (generation 4); Secret shop/k changed"
        );
    }

    /// At the bound: what is not listed is counted.
    #[test]
    fn a_line_has_a_bound() {
        let many = |count: usize| phrases((0..count).map(|at| at.to_string()));
        assert_eq!(many(0), None);
        assert!(many(LISTED).unwrap().ends_with("; 15"));
        assert!(many(LISTED + 1).unwrap().ends_with("; 15; 1 more"));
    }
}
