//! Reasoning that somebody sealed, in a prompt on its way to somebody else: taken out, since a seal that cannot be
//! verified makes the whole request fail (R3).

use memchr::memmem;
use outrigger_route::Target;
use outrigger_wire::{edit::Edits, hub::Losses, seals, spoken};

use super::context::Context;
use crate::crossing;

/// Takes out of the caller's own dialect what `target` cannot verify. Costs nothing where nothing is sealed.
pub(super) fn strip(cx: &Context<'_>, target: &Target, edits: &mut Edits<'_>, losses: &mut Losses) {
    if !cx.reading.sealed {
        return;
    }
    let issuer = crossing::issuer(&cx.published.snapshot, cx.plan, &cx.reading.ask);
    let keep = issuer.is_some_and(|issuer| crossing::verifies(target, issuer));
    // The normal case: who sealed it gets it back as it stands.
    if keep && memmem::find(&cx.taken.body, seals::OURS.as_bytes()).is_none() {
        return;
    }
    let which = if keep { seals::Which::Foreign } else { seals::Which::All };
    for (key, json) in spoken::strip_seals(cx.taken.operation, &cx.reading.head, which) {
        match json {
            Some(json) => edits.set(key, json),
            None => edits.remove(key),
        };
        losses.hint("messages.reasoning");
    }
}
