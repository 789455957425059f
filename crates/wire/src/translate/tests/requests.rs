//! Requests.

use serde_json::json;

use super::*;

const PNG: &str = "iVBORw0KGgo=";

fn chat(rest: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"q"}}]{rest}}}"#)
}

fn message(rest: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":64,"messages":[{{"role":"user","content":"q"}}]{rest}}}"#)
}

#[test]
fn instructions_and_turns_keep_their_roles_and_their_order() {
    let body = r#"{"messages":[{"role":"developer","content":"a"},{"role":"system","content":[{"type":"text","text":"b"}]},{"role":"user","content":"q"},{"role":"assistant","content":"r"},{"role":"user","content":[{"type":"text","text":"s"},{"type":"text","text":"t"}]}]}"#;
    let (sent, losses) = to_claude(body);
    assert_eq!(sent["system"], json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]));
    assert_eq!(
        sent["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "q"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "r"}]},
            {"role": "user", "content": [{"type": "text", "text": "s"}, {"type": "text", "text": "t"}]},
        ])
    );
    assert_eq!(losses, "");
    let body = r#"{"max_tokens":9,"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"text","text":"r"},{"type":"text","text":"s"}]},{"role":"user","content":"t"}]}"#;
    let (sent, losses) = to_openai(body, &gpt());
    assert_eq!(
        sent["messages"],
        json!([
            {"role": "system", "content": "a\n\nb"},
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "rs"},
            {"role": "user", "content": "t"},
        ])
    );
    assert_eq!(losses, "");
}

/// R5: the limit arrives under the name the vendor knows, and Anthropic always gets one.
#[test]
fn the_limit_of_tokens_always_arrives() {
    assert_eq!(to_claude(&chat("")).0["max_tokens"], 64_000);
    assert_eq!(to_claude(&chat(r#","max_completion_tokens":5"#)).0["max_tokens"], 5);
    assert_eq!(to_claude(&chat(r#","max_tokens":5"#)).0["max_tokens"], 5);
    assert_eq!(to_claude(&chat(r#","max_tokens":999999"#)).0["max_tokens"], 64_000);
    let unknown = Profile { max_output: None, ..claude() };
    assert_eq!(translated(Operation::ChatCompletions, &chat(""), &unknown).0["max_tokens"], 4096);
    assert_eq!(to_openai(&message(""), &gpt()).0["max_completion_tokens"], 64);
    assert_eq!(to_openai(&message(""), &gpt()).0["max_tokens"], Value::Null);
    assert_eq!(to_openai(&message(""), &at("groq")).0["max_tokens"], 64);
}

/// R11: pictures by address and by value, from the user and from tools.
#[test]
fn pictures_arrive_from_users_and_from_tools() {
    let body = format!(
        r#"{{"messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{PNG}","detail":"low"}}}},{{"type":"image_url","image_url":{{"url":"https://x/y.png"}}}}]}}]}}"#
    );
    let (sent, losses) = to_claude(&body);
    assert_eq!(
        sent["messages"][0]["content"],
        json!([
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
        ])
    );
    assert_eq!(losses, "messages.image_url.detail");
    let picture = format!(r#"{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{PNG}"}}}}"#);
    let body = format!(
        r#"{{"max_tokens":9,"messages":[{{"role":"assistant","content":[{{"type":"tool_use","id":"t1","name":"f","input":{{}}}},{{"type":"tool_use","id":"t2","name":"f","input":{{}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t1","content":[{{"type":"text","text":"see"}},{picture}]}},{{"type":"tool_result","tool_use_id":"t2","content":"ok"}},{{"type":"text","text":"so?"}}]}}]}}"#
    );
    let (sent, _) = to_openai(&body, &gpt());
    assert_eq!(
        sent["messages"].as_array().unwrap()[1..],
        [
            json!({"role": "tool", "tool_call_id": "t1", "content": "see"}),
            json!({"role": "tool", "tool_call_id": "t2", "content": "ok"}),
            json!({"role": "user", "content": [
                {"type": "text", "text": "Returned by tool call t1:"},
                {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PNG}")}},
                {"type": "text", "text": "so?"},
            ]}),
        ]
    );
    // And a chat caller's picture in a tool's message stays in the tool's result.
    let body = r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t1","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}"#;
    let (sent, _) = to_claude(body);
    let source = json!({"type": "url", "url": "https://x/y.png"});
    assert_eq!(sent["messages"][2]["content"][0]["content"], json!([{"type": "image", "source": source}]));
}

/// R11: a picture of 20 MB is taken along, and no more than written once.
#[test]
fn a_large_picture_is_no_trouble() {
    let data = "A".repeat(20 << 20);
    let body = format!(
        r#"{{"messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}"}}}}]}}]}}"#
    );
    let (sent, _) = to_claude(&body);
    assert_eq!(sent["messages"][0]["content"][0]["source"]["data"].as_str().unwrap().len(), 20 << 20);
}

#[test]
fn documents_arrive_and_those_that_cannot_are_never_dropped_in_silence() {
    let body = r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}]}"#;
    assert_eq!(
        to_claude(body).0["messages"][0]["content"],
        json!([{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, "title": "a.pdf"}])
    );
    let file = |data: &str| {
        let body = format!(
            r#"{{"messages":[{{"role":"user","content":[{{"type":"file","file":{{"filename":"a","file_data":"{data}"}}}}]}}]}}"#
        );
        let losses =
            request(Operation::ChatCompletions, &Head::read(body.as_bytes()).unwrap(), &claude()).unwrap().losses;
        (to_claude(&body).0["messages"][0]["content"][0]["source"].clone(), losses.forbidding(false).count())
    };
    assert_eq!(file("data:text/csv;base64,YSxi").0, json!({"type": "text", "media_type": "text/plain", "data": "a,b"}));
    assert_eq!(file("JVBERi0=").0, json!({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}));
    assert_eq!(file("data:application/zip;base64,UEs=").1, 1);
    let document = |source: &str| {
        format!(
            r#"{{"max_tokens":9,"messages":[{{"role":"user","content":[{{"type":"document","title":"T","source":{source}}}]}}]}}"#
        )
    };
    let pdf = r#"{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}"#;
    assert_eq!(
        to_openai(&document(pdf), &gpt()).0["messages"][0]["content"],
        json!([{"type": "file", "file": {"filename": "T", "file_data": "data:application/pdf;base64,JVBERi0="}}])
    );
    let text = r#"{"type":"text","media_type":"text/plain","data":"words"}"#;
    let parts = json!([{"type": "text", "text": "T:\nwords"}]);
    assert_eq!(to_openai(&document(text), &gpt()).0["messages"][0]["content"], parts);
    for (source, to, name) in [
        (r#"{"type":"url","url":"https://x/y.pdf"}"#, gpt(), "messages.document.url"),
        (r#"{"type":"file","file_id":"file_1"}"#, gpt(), "messages.document.file"),
    ] {
        let body = document(source);
        let losses = request(Operation::Messages, &Head::read(body.as_bytes()).unwrap(), &to).unwrap().losses;
        let forbidding: Vec<String> = losses.forbidding(false).map(ToString::to_string).collect();
        assert_eq!(forbidding, [name]);
    }
    let (sent, losses) = to_openai(&document(r#"{"type":"url","url":"https://x/y.pdf"}"#), &at("openrouter"));
    assert_eq!((&sent["messages"][0]["content"][0]["file"]["file_data"], &*losses), (&json!("https://x/y.pdf"), ""));
}

const CHAT_TOOLS: &str = r#","tools":[{"type":"function","function":{"name":"zeta","description":"d","parameters":{"type":"object","properties":{"b":{},"a":{}}}}},{"type":"function","function":{"name":"alpha"},"cache_control":{"type":"ephemeral","ttl":"1h"}}]"#;

/// R4: the order of tools, and of what is in them, is the caller's: a prompt cache depends on it.
#[test]
fn tools_keep_their_order_and_their_schemas() {
    let (sent, losses) = to_claude(&chat(CHAT_TOOLS));
    assert_eq!(
        sent["tools"],
        json!([
            {"name": "zeta", "description": "d", "input_schema": {"type": "object", "properties": {"b": {}, "a": {}}}},
            {"name": "alpha", "input_schema": {"type": "object", "properties": {}}, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ])
    );
    let head = chat(CHAT_TOOLS);
    let bytes = request(Operation::ChatCompletions, &Head::read(head.as_bytes()).unwrap(), &claude()).unwrap().body;
    assert!(String::from_utf8_lossy(&bytes).contains(r#""properties":{"b":{},"a":{}}"#));
    assert_eq!(losses, "");
    let tools = r#","tools":[{"name":"zeta","input_schema":{"type":"object","properties":{"b":{},"a":{}}}},{"type":"custom","name":"alpha","input_schema":{"type":"object"}}]"#;
    let (sent, _) = to_openai(&message(tools), &gpt());
    let names: Vec<_> = sent["tools"].as_array().unwrap().iter().map(|tool| tool["function"]["name"].clone()).collect();
    assert_eq!(names, ["zeta", "alpha"]);
}

/// R7
#[test]
fn the_choice_of_tools_has_a_word_on_either_side() {
    let tools = r#","tools":[{"type":"function","function":{"name":"f"}}]"#;
    for (theirs, ours) in [
        (r#","tool_choice":"auto""#, json!({"type": "auto"})),
        (r#","tool_choice":"required""#, json!({"type": "any"})),
        (r#","tool_choice":"any""#, json!({"type": "any"})),
        (r#","tool_choice":"none""#, json!({"type": "none"})),
        (r#","tool_choice":{"type":"function","function":{"name":"f"}}"#, json!({"type": "tool", "name": "f"})),
        (r#","parallel_tool_calls":false"#, json!({"type": "auto", "disable_parallel_tool_use": true})),
        (
            r#","tool_choice":"required","parallel_tool_calls":false"#,
            json!({"type": "any", "disable_parallel_tool_use": true}),
        ),
        ("", Value::Null),
        (r#","parallel_tool_calls":true"#, Value::Null),
    ] {
        assert_eq!(to_claude(&chat(&format!("{tools}{theirs}"))).0["tool_choice"], ours, "{theirs}");
    }
    let tools = r#","tools":[{"name":"f","input_schema":{"type":"object"}}]"#;
    for (theirs, choice, parallel) in [
        (r#"{"type":"auto"}"#, json!("auto"), Value::Null),
        (r#"{"type":"any"}"#, json!("required"), Value::Null),
        (r#"{"type":"none"}"#, json!("none"), Value::Null),
        (r#"{"type":"tool","name":"f"}"#, json!({"type": "function", "function": {"name": "f"}}), Value::Null),
        (r#"{"type":"auto","disable_parallel_tool_use":true}"#, json!("auto"), json!(false)),
    ] {
        let (sent, _) = to_openai(&message(&format!("{tools},\"tool_choice\":{theirs}")), &gpt());
        assert_eq!((&sent["tool_choice"], &sent["parallel_tool_calls"]), (&choice, &parallel), "{theirs}");
    }
}

/// R8: what is null, empty or missing where the API allows it.
#[test]
fn null_contents_and_empty_texts_are_taken() {
    let body = r#"{"messages":[{"role":"user","content":""},{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":""}}]},{"role":"tool","tool_call_id":"t","content":""},{"role":"user","content":" "}],"stop":null,"tools":null,"temperature":null}"#;
    let (sent, losses) = to_claude(body);
    assert_eq!(
        sent["messages"],
        json!([
            {"role": "user", "content": "(empty)"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": ""}]},
        ])
    );
    assert_eq!(losses, "");
}

#[test]
fn calls_and_results_find_each_other_in_either_dialect() {
    let body = r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"let me","tool_calls":[{"id":"functions.f:0","type":"function","function":{"name":"f","arguments":"{ \"x\": 1.50 }"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{\"cut"}}]},{"role":"tool","tool_call_id":"functions.f:0","content":"1"},{"role":"tool","tool_call_id":"b","content":"2"}]}"#;
    let head = Head::read(body.as_bytes()).unwrap();
    let bytes = request(Operation::ChatCompletions, &head, &claude()).unwrap().body;
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(r#""input":{ "x": 1.50 }"#), "{text}");
    let sent: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(sent["messages"][1]["content"][1]["id"], "functions_f_0");
    assert_eq!(sent["messages"][1]["content"][2]["input"], json!({"invalid_json": "{\"cut"}));
    assert_eq!(sent["messages"].as_array().unwrap().len(), 3, "both results in one turn");
    assert_eq!(sent["messages"][2]["content"][0]["tool_use_id"], "functions_f_0");
    let body = r#"{"max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"toolu_01","name":"f","input":{ "x": 1.50 }}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01","is_error":true,"content":"no"}]}]}"#;
    let (sent, losses) = to_openai(body, &at("mistral"));
    let id = sent["messages"][0]["tool_calls"][0]["id"].as_str().unwrap();
    assert_eq!((id.len(), &sent["messages"][1]["tool_call_id"]), (9, &json!(id)));
    assert_eq!(sent["messages"][0]["tool_calls"][0]["function"]["arguments"], "{ \"x\": 1.50 }");
    assert_eq!(sent["messages"][0]["content"], Value::Null);
    assert_eq!(losses, "messages.tool_result.is_error");
}

/// R4: hints for the prompt cache stay on everything that can bear them.
#[test]
fn cache_hints_stay_where_they_are() {
    let hint = r#""cache_control":{"type":"ephemeral"}"#;
    let body = format!(
        r#"{{"{top}":{{"type":"ephemeral"}},"messages":[{{"role":"system","content":[{{"type":"text","text":"s",{hint}}}]}},{{"role":"user","content":[{{"type":"text","text":"q",{hint}}},{{"type":"image_url","image_url":{{"url":"https://x/y"}},{hint}}}]}},{{"role":"assistant","tool_calls":[{{"id":"t","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}},{{"role":"tool","tool_call_id":"t","content":[{{"type":"text","text":"r",{hint}}}]}}],"tools":[{{"type":"function","function":{{"name":"f"}},{hint}}}]}}"#,
        top = "cache_control"
    );
    let (sent, losses) = to_claude(&body);
    let hint_of =
        |place: &str| sent.pointer(place).unwrap_or_else(|| panic!("{place}: {sent}"))["cache_control"].clone();
    for place in ["", "/system/0", "/messages/0/content/0", "/messages/0/content/1", "/tools/0"] {
        assert_eq!(hint_of(place), json!({"type": "ephemeral"}), "{place}");
    }
    assert_eq!(hint_of("/messages/2/content/0/content/0"), json!({"type": "ephemeral"}));
    assert_eq!(losses, "");
    let body = format!(
        r#"{{"max_tokens":9,"system":[{{"type":"text","text":"s",{hint}}}],"messages":[{{"role":"user","content":[{{"type":"text","text":"q",{hint}}}]}}]}}"#
    );
    let (sent, losses) = to_openai(&body, &at("openrouter"));
    assert_eq!(sent["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(sent["messages"][1]["content"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(losses, "");
    let (sent, losses) = to_openai(&body, &gpt());
    assert_eq!((&sent["messages"][1]["content"], &*losses), (&json!("q"), "cache_control"));
}

#[test]
fn efforts_and_budgets_become_each_other() {
    let thinking = |rest: &str| to_claude(&chat(rest)).0["thinking"].clone();
    let budget = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    assert_eq!(thinking(r#","max_tokens":10000,"reasoning_effort":"high""#), budget(8000));
    assert_eq!(thinking(r#","max_tokens":10000,"reasoning":{"effort":"low"}"#), budget(2000));
    assert_eq!(thinking(r#","max_tokens":10000,"reasoning":{"max_tokens":3000}"#), budget(3000));
    assert_eq!(thinking(r#","max_tokens":10000,"reasoning":{"enabled":true}"#), budget(5000));
    assert_eq!(thinking(r#","max_tokens":2000,"reasoning":{"max_tokens":3000}"#), budget(1999));
    assert_eq!(thinking(r#","reasoning_effort":"none""#), Value::Null);
    assert_eq!(thinking(""), Value::Null);
    let new = Profile { model: "anthropic/claude-opus-4.8", ..claude() };
    let (sent, _, _) = translated(Operation::ChatCompletions, &chat(r#","reasoning_effort":"xhigh""#), &new);
    assert_eq!(sent["thinking"], json!({"type": "adaptive", "display": "summarized"}));
    assert_eq!(sent["output_config"], json!({"effort": "xhigh"}));
    let thinks = |to: &Profile<'_>, budget: u64| {
        let rest = format!(r#","thinking":{{"type":"enabled","budget_tokens":{budget}}}"#);
        to_openai(&message(&rest).replace("64", "10000"), to).0
    };
    assert_eq!(thinks(&gpt(), 8000)["reasoning_effort"], "high");
    // A word that newer models refuse is not made up.
    assert_eq!(thinks(&gpt(), 1024)["reasoning_effort"], "low");
    assert_eq!(thinks(&at("openrouter"), 3000)["reasoning"], json!({"max_tokens": 3000}));
    assert_eq!(thinks(&at("deepseek"), 3000)["thinking"], json!({"type": "enabled"}));
    let dull = Profile { reasoning: false, ..gpt() };
    let (sent, losses) = to_openai(&message(r#","thinking":{"type":"enabled","budget_tokens":1024}"#), &dull);
    assert_eq!((&sent["reasoning_effort"], &*losses), (&Value::Null, "thinking"));
}

/// With thinking on, Anthropic refuses sampling, forced tools, and a turn that called tools without thinking.
#[test]
fn thinking_gives_way_where_anthropic_would_refuse_it() {
    let rest = r#","max_tokens":9000,"reasoning_effort":"low","temperature":0.5"#;
    let (sent, losses) = to_claude(&chat(rest));
    assert_eq!((&sent["temperature"], &*losses), (&Value::Null, "temperature"));
    let forced = format!(r#"{CHAT_TOOLS},"reasoning_effort":"low","tool_choice":"required""#);
    let (sent, losses) = to_claude(&chat(&forced));
    assert_eq!((&sent["thinking"], &*losses), (&Value::Null, "reasoning"));
    let (sent, losses) = to_claude(&chat(r#","max_tokens":500,"reasoning_effort":"low""#));
    assert_eq!((&sent["thinking"], &*losses), (&Value::Null, "reasoning"));
    let body = r#"{"max_tokens":9000,"reasoning_effort":"low","messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":"r"}]}"#;
    let (sent, losses) = to_claude(body);
    assert_eq!((&sent["thinking"], &*losses), (&Value::Null, "reasoning"));
}

/// R2, R3: sealed reasoning reaches who sealed it, byte for byte and before what follows from it; nobody else.
#[test]
fn sealed_reasoning_reaches_its_maker_alone() {
    let details = r#"[{"type":"reasoning.text","text":"t","signature":"c2ln+/==","format":"anthropic-claude-v1","index":0},{"type":"reasoning.encrypted","data":"ZGF0YQ==","format":"anthropic-claude-v1","index":1}]"#;
    let body = |details: &str| {
        format!(
            r#"{{"max_tokens":9000,"reasoning_effort":"low","messages":[{{"role":"user","content":"q"}},{{"role":"assistant","content":"a","tool_calls":[{{"id":"t","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}],"reasoning_details":{details}}},{{"role":"tool","tool_call_id":"t","content":"r"}}]}}"#
        )
    };
    let (sent, losses) = to_claude(&body(details));
    assert_eq!(
        sent["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "t", "signature": "c2ln+/=="},
            {"type": "redacted_thinking", "data": "ZGF0YQ=="},
            {"type": "text", "text": "a"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        ])
    );
    assert_eq!((sent["thinking"]["type"].as_str(), &*losses), (Some("enabled"), ""));
    let (sent, losses) = to_claude(&body(&details.replace("anthropic-claude-v1", "openai-responses-v1")));
    let kinds: Vec<_> = sent["messages"][1]["content"].as_array().unwrap().iter().map(|b| b["type"].clone()).collect();
    assert_eq!(
        (kinds.as_slice(), &*losses),
        (&[json!("text"), json!("tool_use")][..], "reasoning, messages.reasoning")
    );
    // A Messages caller brings back what OpenRouter sealed: to OpenRouter it goes, and nowhere else.
    let body = r#"{"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"outrigger.v1.openai-responses-v1.gAAA=="},{"type":"text","text":"a"}]},{"role":"user","content":"r"}]}"#;
    let (sent, _) = to_openai(body, &at("openrouter"));
    assert_eq!(
        sent["messages"][1]["reasoning_details"],
        json!([{"type": "reasoning.text", "text": "t", "signature": "gAAA==", "format": "openai-responses-v1", "index": 0}])
    );
    let (sent, losses) = to_openai(body, &gpt());
    assert_eq!((sent["messages"][1].as_object().unwrap().len(), &*losses), (2, "messages.thinking"));
}

/// R10
#[test]
fn reasoning_content_goes_back_to_vendors_that_want_it() {
    let body = r#"{"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"outrigger.v1.."},{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}]}"#;
    let (sent, losses) = to_openai(body, &at("deepseek"));
    assert_eq!((&sent["messages"][1]["reasoning_content"], &*losses), (&json!("hm"), ""));
    let (sent, losses) = to_openai(body, &at("vllm-in-cluster"));
    assert_eq!((&sent["messages"][1]["reasoning_content"], &*losses), (&json!("hm"), ""));
    assert_eq!(to_openai(body, &gpt()).1, "messages.thinking");
}

#[test]
fn a_form_of_answer_is_asked_for_in_the_targets_own_way() {
    let schema = r#"{"type":"object","properties":{"z":{"type":"integer"},"a":{"type":"string"}},"required":["z","a"],"additionalProperties":false}"#;
    let rest = format!(
        r#","response_format":{{"type":"json_schema","json_schema":{{"name":"n","strict":true,"schema":{schema}}}}}"#
    );
    let native = json!({"format": {"type": "json_schema", "schema": serde_json::from_str::<Value>(schema).unwrap()}});
    assert_eq!(to_claude(&chat(&rest)).0["output_config"], native);
    let old = Profile { structured_outputs: false, ..claude() };
    let (sent, losses, echo) = translated(Operation::ChatCompletions, &chat(&rest), &old);
    assert_eq!(sent["tools"][0]["input_schema"], serde_json::from_str::<Value>(schema).unwrap());
    let alone = json!({"type": "tool", "name": sent["tools"][0]["name"], "disable_parallel_tool_use": true});
    assert_eq!(sent["tool_choice"], alone);
    assert!(echo.schema_tool.is_some() && losses.is_empty(), "{losses}");
    let (sent, losses) = {
        let (sent, losses, _) = translated(Operation::ChatCompletions, &chat(&format!("{rest}{CHAT_TOOLS}")), &old);
        (sent, losses)
    };
    assert!(sent["system"].as_str().unwrap().contains(schema), "{sent}");
    assert_eq!(losses, "response_format");
    let rest = format!(r#","output_config":{{"format":{{"type":"json_schema","schema":{schema}}}}}"#);
    let (sent, _) = to_openai(&message(&rest), &gpt());
    assert_eq!(sent["response_format"]["json_schema"]["strict"], true);
    assert_eq!(sent["response_format"]["json_schema"]["name"], "answer");
    let (sent, losses) = to_claude(&chat(r#","response_format":{"type":"json_object"}"#));
    assert_eq!(losses, "response_format.json_object");
    assert!(sent["system"].as_str().unwrap().contains("JSON"), "{sent}");
}

#[test]
fn sampling_and_stops_are_fitted_to_the_targets_limits() {
    let (sent, losses) = to_claude(&chat(r#","temperature":1.7,"stop":["a"," \n","b"]"#));
    assert_eq!((&sent["temperature"], &sent["stop_sequences"]), (&json!(1), &json!(["a", "b"])));
    assert_eq!(losses, "temperature.above_one, stop");
    let (sent, losses) = to_claude(&chat(r#","temperature":0.2,"top_p":0.9,"stop":"x""#));
    assert_eq!(
        (&sent["temperature"], &sent["top_p"], &sent["stop_sequences"]),
        (&json!(0.2), &Value::Null, &json!(["x"]))
    );
    assert_eq!(losses, "top_p");
    let strict = Profile { sampling: false, ..claude() };
    let (sent, losses, _) = translated(Operation::ChatCompletions, &chat(r#","temperature":0.2"#), &strict);
    assert_eq!((&sent["temperature"], &*losses), (&Value::Null, "temperature"));
    let (sent, losses) = to_openai(&message(r#","top_k":5,"stop_sequences":["1","2","3","4","5"]"#), &gpt());
    assert_eq!(sent["stop"], json!(["1", "2", "3", "4"]));
    assert_eq!(losses, "top_k, stop_sequences");
    assert_eq!(to_openai(&message(r#","top_k":5"#), &at("openrouter")).0["top_k"], 5);
}

/// Visible loss: every member without a word is named; defaults are not.
#[test]
fn what_has_no_word_is_named_and_defaults_are_not() {
    let rest = r#","seed":1,"n":2,"logit_bias":{"1":2},"x_my_own":3,"frequency_penalty":0,"store":false,"logprobs":false,"provider":{},"models":[]"#;
    assert_eq!(to_claude(&chat(rest)).1, "seed, n, logit_bias, x_my_own");
    let head = chat(rest);
    let losses = request(Operation::ChatCompletions, &Head::read(head.as_bytes()).unwrap(), &claude()).unwrap().losses;
    let labels: Vec<_> = losses.iter().map(crate::hub::Loss::label).collect();
    assert_eq!(labels, ["other"; 4], "a caller's word is never a label");
    assert_eq!(losses.forbidding(true).count(), 4);
    assert_eq!(losses.forbidding(false).count(), 0);
    let rest = r#","tools":[{"type":"web_search_20250305","name":"web_search"}],"mcp_servers":[{"a":1}],"metadata":{"user_id":"u"}"#;
    let (sent, losses) = to_openai(&message(rest), &gpt());
    assert_eq!(
        (&sent["user"], &sent["tools"], &*losses),
        (&json!("u"), &Value::Null, "tools.web_search_20250305, mcp_servers")
    );
    let thread = message(r#","thread":{"type":"create"}"#);
    let losses = request(Operation::Messages, &Head::read(thread.as_bytes()).unwrap(), &gpt()).unwrap().losses;
    assert_eq!(losses.forbidding(false).count(), 1, "a conversation kept elsewhere cannot be told");
}

#[test]
fn a_last_assistant_turn_is_continued_where_the_vendor_can() {
    let body = r#"{"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"Once "}]}"#;
    assert_eq!(to_openai(body, &gpt()).1, "prefill");
    let (sent, losses) = to_openai(body, &at("mistral"));
    assert_eq!((&sent["messages"][1]["prefix"], &*losses), (&json!(true), ""));
    assert_eq!(to_openai(body, &at("vllm")).0["continue_final_message"], true);
    let body = r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"Once "}]}"#;
    assert_eq!(to_claude(body).0["messages"][1]["content"], json!([{"type": "text", "text": "Once"}]));
}

#[test]
fn functions_of_the_old_kind_are_tools() {
    let body = r#"{"functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"},"messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"}]}"#;
    let (sent, losses) = to_claude(body);
    assert_eq!(sent["tools"][0]["name"], "f");
    assert_eq!(sent["tool_choice"], json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true}));
    assert_eq!(sent["messages"][1]["content"][0]["id"], sent["messages"][2]["content"][0]["tool_use_id"]);
    assert_eq!(losses, "");
}

/// R17: a result that names no call is the one open call's; where it may be several it is refused, with its place.
#[test]
fn a_result_without_an_id_belongs_to_the_one_open_call() {
    let call =
        |id: &str, name: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}});
    let asked = |calls: &[Value], results: &[Value]| {
        let assistant = json!({"role": "assistant", "content": null, "tool_calls": calls});
        let messages: Vec<Value> =
            [json!({"role": "user", "content": "q"}), assistant].into_iter().chain(results.iter().cloned()).collect();
        json!({"messages": messages}).to_string()
    };
    let answered = |body: String| {
        let head = Head::read(body.as_bytes()).unwrap();
        let sent = request(Operation::ChatCompletions, &head, &claude()).map_err(|error| error.to_string())?;
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        let parts = sent["messages"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|it| it["content"].as_array().cloned().unwrap_or_default());
        Ok::<_, String>(parts.filter_map(|part| Some(part["tool_use_id"].as_str()?.to_owned())).collect::<Vec<_>>())
    };
    let bare = json!({"role": "tool", "content": "r"});
    let both = [call("c1", "f"), call("c2", "g")];
    assert_eq!(answered(asked(&both[..1], std::slice::from_ref(&bare))).unwrap(), ["c1"]);
    let first = json!({"role": "tool", "tool_call_id": "c1", "content": "r"});
    assert_eq!(answered(asked(&both, &[first, bare.clone()])).unwrap(), ["c1", "c2"]);
    let named = json!({"role": "tool", "name": "g", "tool_call_id": "", "content": "r"});
    assert_eq!(answered(asked(&both, &[named, bare.clone()])).unwrap(), ["c2", "c1"]);
    assert_eq!(
        answered(asked(&both, std::slice::from_ref(&bare))).unwrap_err(),
        "`messages[2].tool_call_id`: a tool's message must name its call: 2 have no result yet"
    );
    let closed = json!({"role": "tool", "tool_call_id": "c1", "content": "r"});
    assert_eq!(
        answered(asked(&both[..1], &[closed, bare])).unwrap_err(),
        "`messages[3].tool_call_id`: a tool's message must name its call"
    );
}

#[test]
fn a_part_of_another_shape_is_refused_with_its_place() {
    let refused = |operation, body: &str| {
        let head = Head::read(body.as_bytes()).unwrap();
        request(operation, &head, &claude()).unwrap_err().to_string()
    };
    let chat = |body| refused(Operation::ChatCompletions, body);
    assert_eq!(
        chat(r#"{"messages":[{"role":"user","content":"q"},{"role":"wizard","content":"q"}]}"#),
        "`messages[1].role`: there is no role `wizard`"
    );
    assert_eq!(chat(r#"{"messages":[{"content":"q"}]}"#), "`messages[0]`: missing field `role`");
    assert_eq!(
        chat(r#"{"messages":[{"role":"tool","content":"q"}]}"#),
        "`messages[0].tool_call_id`: a tool's message must name its call"
    );
    assert_eq!(chat(r#"{"messages":[],"stop":{}}"#), "`stop`: invalid type: map, expected a list");
}

/// Groq's tiers, Mistral's choice of tools and its documents, Z.ai's switch: words of one vendor that callers send to all.
#[test]
fn words_of_single_vendors_are_taken_or_named() {
    let rest = r#","service_tier":"on_demand","safe_prompt":true,"thinking":{"type":"enabled","clear_thinking":false}"#;
    let (sent, losses) = to_claude(&chat(rest));
    assert_eq!((sent["thinking"]["type"].as_str(), &*losses), (Some("enabled"), "service_tier, safe_prompt"));
    let body = r#"{"messages":[{"role":"user","content":[{"type":"document_url","document_url":"https://x/y.pdf"},{"type":"image_url","image_url":"https://x/y.png"}]}]}"#;
    let blocks = &to_claude(body).0["messages"][0]["content"];
    assert_eq!(blocks[0], json!({"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}}));
    assert_eq!(blocks[1], json!({"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}));
}

/// Gemini wants its thought signature back with the call that it signed.
#[test]
fn what_belongs_to_a_call_comes_back_with_it() {
    let id = crate::anthropic::seal::call_id("c1", Some(r#"{"google":{"thought_signature":"AV+/="}}"#)).into_owned();
    let body = format!(
        r#"{{"max_tokens":9,"messages":[{{"role":"assistant","content":[{{"type":"tool_use","id":"{id}","name":"f","input":{{}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{id}","content":"r"}}]}}]}}"#
    );
    let (sent, _) = to_openai(&body, &at("google-ai-studio"));
    assert_eq!(sent["messages"][0]["tool_calls"][0]["id"], "c1");
    assert_eq!(
        sent["messages"][0]["tool_calls"][0]["extra_content"],
        json!({"google": {"thought_signature": "AV+/="}})
    );
    assert_eq!(sent["messages"][1]["tool_call_id"], "c1");
}

/// S13: nesting is nobody's: it is refused or passed over, and takes no stack.
#[test]
fn nesting_and_floods_of_parts_are_refused() {
    let nest = |open: &str, close: &str| format!("{}\"x\"{}", open.repeat(50_000), close.repeat(50_000));
    let thinking = nest(r#"[{"type":"thinking","thinking":"#, "}]");
    let body = format!(r#"{{"messages":[{{"role":"user","content":{thinking}}}]}}"#);
    let _ = request(Operation::ChatCompletions, &Head::read(body.as_bytes()).unwrap(), &claude());
    let results = nest(r#"[{"type":"tool_result","tool_use_id":"t","content":"#, "}]");
    let body = format!(r#"{{"max_tokens":9,"messages":[{{"role":"user","content":{results}}}]}}"#);
    let (_, losses) = to_openai(&body, &gpt());
    assert_eq!(losses, "messages.tool_result");
    let parts = format!("[{}{{}}]", "{},".repeat(15_000));
    let message = format!(r#"{{"role":"user","content":{parts}}}"#);
    let body = format!(r#"{{"messages":[{}{message}]}}"#, format!("{message},").repeat(9));
    let bad = request(Operation::ChatCompletions, &Head::read(body.as_bytes()).unwrap(), &claude()).unwrap_err();
    assert!(bad.what.contains("65536 elements in all"), "{bad}");
}

/// What a search found is text for who has no word for it; text beside it is not lost.
#[test]
fn search_results_are_told_as_text() {
    let found =
        r#"{"type":"search_result","source":"https://x","title":"T","content":[{"type":"text","text":"FOUND"}]}"#;
    let body = format!(
        r#"{{"max_tokens":9,"messages":[{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t","content":[{{"type":"text","text":"KEEP"}},{found}]}},{found}]}}]}}"#
    );
    let (sent, losses) = to_openai(&body, &gpt());
    assert_eq!(sent["messages"][0]["content"], "KEEP\nT (https://x):\nFOUND");
    assert_eq!(
        (&sent["messages"][1]["content"], &*losses),
        (&json!("T (https://x):\nFOUND"), "messages.search_result")
    );
}

/// What Anthropic refuses although chat allows it: a conversation that the assistant begins, an address as the user's id,
/// words put into a newer model's mouth, or into any that is to think.
#[test]
fn requests_are_fitted_to_what_anthropic_takes() {
    let (sent, losses) = to_claude(
        r#"{"user":"a@b.com","messages":[{"role":"assistant","content":"hi"},{"role":"user","content":"q"}]}"#,
    );
    assert_eq!((&sent["messages"][0]["role"], &*losses), (&json!("user"), "messages.first_turn"));
    let id = sent["metadata"]["user_id"].as_str().unwrap();
    assert!(id.starts_with("user_") && !id.contains('@'), "{id}");
    assert_eq!(to_claude(&chat(r#","user":"u-1""#)).0["metadata"]["user_id"], "u-1");
    let prefill = r#"{"max_tokens":9000,"reasoning_effort":"low","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"{"}]}"#;
    let (sent, losses) = to_claude(prefill);
    assert_eq!((&sent["thinking"], &*losses), (&Value::Null, "reasoning"));
    let new = Profile { model: "anthropic/claude-opus-4.8", ..claude() };
    let (sent, losses, _) = translated(Operation::ChatCompletions, prefill, &new);
    let last = sent["messages"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["role"], &*losses), (&json!("user"), "prefill"));
    // Models that adapt think in a tool loop whatever the turns before said.
    let tool_loop = r#"{"max_tokens":9000,"reasoning_effort":"low","messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":"r"}]}"#;
    let (sent, losses, _) = translated(Operation::ChatCompletions, tool_loop, &new);
    assert_eq!((&sent["thinking"]["type"], &*losses), (&json!("adaptive"), ""));
}

/// Strict tools are strict only where the schema allows it, either way.
#[test]
fn strict_tools_are_fitted() {
    let optional =
        r#"{"type":"object","properties":{"a":{"type":"integer","minimum":1}},"additionalProperties":false}"#;
    let tools = format!(r#","tools":[{{"name":"f","strict":true,"input_schema":{optional}}}]"#);
    let (sent, losses) = to_openai(&message(&tools), &gpt());
    assert_eq!((&sent["tools"][0]["function"]["strict"], &*losses), (&Value::Null, "tools.strict"));
    let tools =
        format!(r#","tools":[{{"type":"function","function":{{"name":"f","strict":true,"parameters":{optional}}}}}]"#);
    let (sent, losses) = to_claude(&chat(&tools));
    assert_eq!((&sent["tools"][0]["strict"], &*losses), (&json!(true), "tools.schema.constraints"));
    assert!(!sent["tools"][0].to_string().contains("minimum"), "{sent}");
}

/// Old functions: calls of one name keep apart, and one is made at a time.
#[test]
fn repeated_functions_keep_apart() {
    let turn = r#"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"}"#;
    let body =
        format!(r#"{{"functions":[{{"name":"f"}}],"messages":[{{"role":"user","content":"q"}},{turn},{turn}]}}"#);
    let (sent, _) = to_claude(&body);
    let id = |at: usize, key: &str| sent["messages"][at]["content"][0][key].clone();
    assert_eq!((id(1, "id"), id(2, "tool_use_id")), (json!("f"), json!("f")));
    assert_eq!((id(3, "id"), id(4, "tool_use_id")), (json!("f_2"), json!("f_2")));
    assert_eq!(sent["tool_choice"]["disable_parallel_tool_use"], true);
}

/// Who thinks by a switch refuses calls that were not thought about; what Gemini signed is Gemini's.
#[test]
fn vendors_get_only_what_they_take() {
    let body = r#"{"max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2000},"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}]}"#;
    let (sent, losses) = to_openai(body, &at("moonshotai"));
    assert_eq!((&sent["thinking"]["type"], &*losses), (&json!("disabled"), "thinking"));
    let id = crate::anthropic::seal::call_id("c1", Some(r#"{"google":{}}"#)).into_owned();
    let body = format!(
        r#"{{"max_tokens":9,"messages":[{{"role":"assistant","content":[{{"type":"tool_use","id":"{id}","name":"f","input":{{}}}}]}}]}}"#
    );
    let (sent, losses) = to_openai(&body, &gpt());
    assert_eq!(sent["messages"][0]["tool_calls"][0].get("extra_content"), None);
    assert_eq!(losses, "messages.tool_calls.extra_content");
}

/// The last of several members of one name counts, as everywhere.
#[test]
fn a_repeated_member_counts_once() {
    let body = r#"{"messages":[{"role":"user","content":"FIRST"}],"messages":[{"role":"user","content":"SECOND"}]}"#;
    assert!(!to_claude(body).0.to_string().contains("FIRST"));
}

/// R5: the caller's own limit is cut by what the model can write and by nothing else, and that is named; the window
/// bounds only a limit that nobody named.
#[test]
fn only_the_models_own_limit_cuts_the_callers() {
    let narrow = Profile { room: Some(1024), ..claude() };
    let sent = |body: &str| {
        let (sent, losses, _) = translated(Operation::ChatCompletions, body, &narrow);
        (sent["max_tokens"].clone(), losses)
    };
    assert_eq!(sent(&chat(r#","max_tokens":16000"#)), (json!(16_000), String::new()));
    assert_eq!(sent(&chat(r#","max_tokens":99999"#)), (json!(64_000), "max_tokens.above_models_own".to_owned()));
    assert_eq!(sent(&chat("")), (json!(1024), String::new()));
}

/// Nothing that forbids a target is crowded out by what does not.
#[test]
fn a_flood_of_hints_hides_no_content() {
    let odd: String = (0..40).map(|at| format!(r#"{{"type":"odd_{at}"}},"#)).collect();
    let body = format!(
        r#"{{"max_tokens":9,"messages":[{{"role":"assistant","content":[{odd}{{"type":"text","text":"x"}}]}},{{"role":"user","content":[{{"type":"image","source":{{"type":"file","file_id":"f"}}}}]}}]}}"#
    );
    let losses = request(Operation::Messages, &Head::read(body.as_bytes()).unwrap(), &gpt()).unwrap().losses;
    assert_eq!(losses.forbidding(false).count(), 1);
}
