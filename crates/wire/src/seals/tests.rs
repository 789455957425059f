use super::*;
use crate::{Operation, spoken::strip_seals};

fn stripped(operation: Operation, body: &str, which: Which) -> Vec<(&'static str, Option<String>)> {
    strip_seals(operation, &Head::read(body.as_bytes()).unwrap(), which)
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
