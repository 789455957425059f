//! Taking sealed reasoning out of a prompt that stays in its dialect. Only the messages that hold some are written anew;
//! every other byte stays.

use crate::{
    Head,
    json::quote,
    members::{elements, member_of, members_of, string},
};

/// Which seals go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that this router wrote for a vendor of another dialect: nobody of this one can verify them.
    Foreign,
    /// All: the target is not the one that sealed them.
    All,
}

/// What a seal of ours begins with: a search for it spares most prompts a closer look.
pub const OURS: &str = "outrigger.v1.";

/// A member of the top level with its new JSON text, or `None` to remove it.
pub type Change = (&'static str, Option<String>);

/// The `type` of an item or a block.
pub(crate) fn kind(raw: &str) -> Option<std::borrow::Cow<'_, str>> {
    member_of(raw, "type").and_then(string)
}

/// The array `key` with the elements that `change` names changed (`Some(Some(json))`) or left out (`Some(None)`); `None`
/// if it names none.
pub(crate) fn list(head: &Head<'_>, key: &str, change: impl Fn(&str) -> Option<Option<String>>) -> Option<String> {
    let raw = head.present(key).filter(|raw| raw.starts_with('['))?;
    let mut out = String::with_capacity(raw.len());
    let mut changed = false;
    out.push('[');
    for element in elements(raw) {
        let new = change(element);
        changed |= new.is_some();
        let text = match &new {
            None => element,
            Some(Some(json)) => json,
            Some(None) => continue,
        };
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(text);
    }
    out.push(']');
    changed.then_some(out)
}

/// The object without a member.
pub(crate) fn without_member(object: &str, key: &str) -> String {
    rewrite(object, |name, raw| (name != key).then(|| raw.to_owned()))
}

/// The object with another value of a member.
pub(crate) fn with_member(object: &str, key: &str, json: &str) -> String {
    rewrite(object, |name, raw| Some(if name == key { json.to_owned() } else { raw.to_owned() }))
}

/// The object with what `value` makes of each member; `None` leaves it out.
pub(crate) fn rewrite(object: &str, value: impl Fn(&str, &str) -> Option<String>) -> String {
    let members: Vec<String> = members_of(object)
        .iter()
        .filter_map(|member| Some(format!("{}:{}", quote(&member.key), value(&member.key, member.raw)?)))
        .collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests;
