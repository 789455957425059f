//! Sealed reasoning in the input of a response.

use crate::{
    Head,
    members::member_of,
    seals::{Change, Which, kind, list},
};

/// Items of reasoning that somebody sealed.
pub(super) fn strip(head: &Head<'_>, which: Which) -> Vec<Change> {
    if which == Which::Foreign {
        return Vec::new();
    }
    let without = list(head, "input", |item| {
        let sealed = kind(item).as_deref() == Some("reasoning") && member_of(item, "encrypted_content").is_some();
        sealed.then_some(None)
    });
    without.map(|json| ("input", Some(json))).into_iter().collect()
}
