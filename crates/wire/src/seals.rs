//! Taking sealed reasoning out of a prompt that stays in its dialect. Only the messages that hold some are written anew;
//! every other byte stays.

use crate::{
    Head, Operation,
    anthropic::seal::is_ours,
    edit::quote,
    request::{elements, member_of, members_of, string},
};

/// Which seals go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that this router wrote for a vendor of another dialect: nobody of this one can verify them.
    Foreign,
    /// All: the target is not the one that sealed them.
    All,
}

/// What a seal of ours contains: a search for it spares most prompts a closer look.
pub const OURS: &str = crate::anthropic::seal::PREFIX;

/// What to change at the top level of `head`: each member's name with its new JSON text, or `None` to remove it.
pub fn strip(operation: Operation, head: &Head<'_>, which: Which) -> Vec<(&'static str, Option<String>)> {
    match operation {
        Operation::Messages | Operation::CountTokens => messages(head, which),
        // A chat caller's seals say in `format` whose they are; a router upstream sorts them out itself.
        Operation::ChatCompletions if which == Which::All => {
            list(head, "messages", chat_message).map(|json| ("messages", Some(json))).into_iter().collect()
        }
        Operation::Responses if which == Which::All => list(head, "input", |item| {
            let sealed = kind(item).as_deref() == Some("reasoning") && member_of(item, "encrypted_content").is_some();
            sealed.then_some(None)
        })
        .map(|json| ("input", Some(json)))
        .into_iter()
        .collect(),
        _ => Vec::new(),
    }
}

/// A chat message without sealed reasoning, if it has some: `reasoning_details`, and what Gemini signed with a call.
fn chat_message(message: &str) -> Option<Option<String>> {
    let details = message.contains("\"reasoning_details\"");
    let extra = message.contains("\"extra_content\"");
    (details || extra).then(|| {
        Some(rewrite(message, |name, raw| match name {
            "reasoning_details" => None,
            "tool_calls" if extra => {
                let calls: Vec<String> = elements(raw).map(|call| without_member(call, "extra_content")).collect();
                Some(format!("[{}]", calls.join(",")))
            }
            _ => Some(raw.to_owned()),
        }))
    })
}

fn messages(head: &Head<'_>, which: Which) -> Vec<(&'static str, Option<String>)> {
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

fn kind(raw: &str) -> Option<std::borrow::Cow<'_, str>> {
    member_of(raw, "type").and_then(string)
}

/// The array `key` with the elements that `change` names changed (`Some(Some(json))`) or left out (`Some(None)`); `None`
/// if it names none.
fn list(head: &Head<'_>, key: &str, change: impl Fn(&str) -> Option<Option<String>>) -> Option<String> {
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

fn without_member(object: &str, key: &str) -> String {
    rewrite(object, |name, raw| (name != key).then(|| raw.to_owned()))
}

fn with_member(object: &str, key: &str, json: &str) -> String {
    rewrite(object, |name, raw| Some(if name == key { json.to_owned() } else { raw.to_owned() }))
}

fn rewrite(object: &str, value: impl Fn(&str, &str) -> Option<String>) -> String {
    let members: Vec<String> = members_of(object)
        .iter()
        .filter_map(|member| Some(format!("{}:{}", quote(&member.key), value(&member.key, member.raw)?)))
        .collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(operation: Operation, body: &str, which: Which) -> Vec<(&'static str, Option<String>)> {
        strip(operation, &Head::read(body.as_bytes()).unwrap(), which)
    }

    const TURNS: &str = r#"{"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"q"},{"content":[{"type":"thinking","thinking":"t","signature":"c2ln"},{"type":"redacted_thinking","data":"ZA=="},{"type":"tool_use","id":"t","name":"f","input":{ }}],"role":"assistant"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}]}"#;

    /// R3: the seals go, and with them the thinking that could not go on without.
    #[test]
    fn sealed_thoughts_go_and_the_rest_stays_as_it_was() {
        let changes = stripped(Operation::Messages, TURNS, Which::All);
        let messages = r#"[{"role":"user","content":"q"},{"content":[{"type":"tool_use","id":"t","name":"f","input":{ }}],"role":"assistant"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}]"#;
        assert_eq!(changes, [("messages", Some(messages.to_owned())), ("thinking", None)]);
    }

    /// R2, R3: for the one who sealed them they stay, but for those that another dialect's vendor wrote.
    #[test]
    fn only_our_own_seals_go_for_the_one_who_sealed_the_others() {
        assert_eq!(stripped(Operation::Messages, TURNS, Which::Foreign), []);
        let ours = TURNS.replace("c2ln", "outrigger.v1.deepseek.");
        let changes = stripped(Operation::Messages, &ours, Which::Foreign);
        let messages = changes[0].1.as_deref().unwrap();
        assert!(messages.contains("redacted_thinking") && !messages.contains("outrigger.v1"), "{messages}");
    }

    #[test]
    fn a_turn_of_nothing_but_thoughts_goes_as_a_whole() {
        let body = r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"s"}]},{"role":"user","content":"r"}]}"#;
        let changes = stripped(Operation::Messages, body, Which::All);
        let messages = r#"[{"role":"user","content":"q"},{"role":"user","content":"r"}]"#;
        assert_eq!(changes, [("messages", Some(messages.to_owned()))]);
    }

    /// R3
    #[test]
    fn details_and_encrypted_items_go_from_the_other_surfaces() {
        let chat = r#"{"messages":[{"role":"assistant","reasoning_details":[{"signature":"s"}],"content":"a"}]}"#;
        let without = r#"[{"role":"assistant","content":"a"}]"#;
        assert_eq!(stripped(Operation::ChatCompletions, chat, Which::All), [("messages", Some(without.to_owned()))]);
        assert_eq!(stripped(Operation::ChatCompletions, chat, Which::Foreign), []);
        let responses = r#"{"input":[{"type":"reasoning","encrypted_content":"e"},{"role":"user","content":"q"}]}"#;
        let without = r#"[{"role":"user","content":"q"}]"#;
        assert_eq!(stripped(Operation::Responses, responses, Which::All), [("input", Some(without.to_owned()))]);
    }
}
