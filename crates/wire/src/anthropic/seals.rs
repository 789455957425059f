//! Sealed reasoning in Messages.

use super::seal::is_ours;
use crate::{
    Head,
    members::{elements, member_of, string},
    seals::{Change, Which, kind, list, with_member},
};

/// What `which` names goes, and with it the thinking that could not go on without.
pub(super) fn strip(head: &Head<'_>, which: Which) -> Vec<Change> {
    let rewritten = list(head, "messages", |message| {
        let content = member_of(message, "content").filter(|content| content.starts_with('['))?;
        let stays = |block: &&str| !goes(block, which);
        if elements(content).all(|block| stays(&block)) {
            return None;
        }
        let kept: Vec<&str> = elements(content).filter(stays).collect();
        // A turn of nothing but reasoning goes as a whole: an empty one is refused.
        Some((!kept.is_empty()).then(|| with_member(message, "content", &format!("[{}]", kept.join(",")))))
    });
    let Some(rewritten) = rewritten else { return Vec::new() };
    // With a budget to think, the turn whose tools have returned has to begin with its thinking.
    let budget = head.present("thinking").and_then(|raw| member_of(raw, "type")) == Some("\"enabled\"");
    let thoughtless = budget && waits_for_tools(&rewritten);
    let mut changes = vec![("messages", Some(rewritten))];
    if thoughtless {
        changes.push(("thinking", None));
    }
    changes
}

/// Whether a block of reasoning has to go.
fn goes(block: &str, which: Which) -> bool {
    let sealed_by_us = |key: &str| member_of(block, key).and_then(string).is_some_and(|seal| is_ours(&seal));
    match (kind(block).as_deref(), which) {
        (Some("thinking" | "redacted_thinking"), Which::All) => true,
        (Some("thinking"), Which::Foreign) => sealed_by_us("signature"),
        (Some("redacted_thinking"), Which::Foreign) => sealed_by_us("data"),
        _ => false,
    }
}

fn waits_for_tools(messages: &str) -> bool {
    let last = elements(messages).last();
    let content = last.and_then(|message| member_of(message, "content")).filter(|content| content.starts_with('['));
    content.is_some_and(|content| elements(content).any(|block| kind(block).as_deref() == Some("tool_result")))
}
