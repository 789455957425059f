//! Requests of other dialects as the Messages that a proxy would have been sent, so that their usage counts too.

use serde_json::{Map, Value, json};

/// The body as one that `crates/tokens` reads; unchanged if it is one.
pub(super) fn convert(body: Value) -> Value {
    if body.get("contents").is_some() {
        gemini(&body)
    } else if body.get("toolConfig").is_some()
        || body.get("outputConfig").is_some()
        || body.get("additionalModelRequestFields").is_some()
        || converse(&body)
    {
        messages(&body)
    } else if body.get("message").is_some() {
        cohere(&body)
    } else if let Some(text) = body.get("inputText").or_else(|| body.get("texts")) {
        json!({"input": text})
    } else {
        body
    }
}

/// Converse has blocks without a type.
fn converse(body: &Value) -> bool {
    let untyped = |block: &Value| block.is_object() && block.get("type").is_none();
    list(&body["messages"]).iter().any(|message| list(&message["content"]).iter().any(untyped))
}

fn messages(body: &Value) -> Value {
    let turns = list(&body["messages"]).iter().map(|message| {
        let content: Vec<Value> = list(&message["content"]).iter().map(block).collect();
        json!({"role": message["role"], "content": content})
    });
    let tools = list(&body["toolConfig"]["tools"]).iter().filter(|tool| tool.get("toolSpec").is_some()).map(|tool| {
        let spec = &tool["toolSpec"];
        json!({"name": spec["name"], "description": spec["description"], "input_schema": spec["inputSchema"]["json"]})
    });
    let system: Vec<Value> = list(&body["system"]).iter().map(block).collect();
    let mut out = Map::new();
    if !system.is_empty() {
        out.insert("system".into(), system.into());
    }
    out.insert("messages".into(), turns.collect());
    out.insert("tools".into(), tools.collect());
    let schema = body.pointer("/outputConfig/textFormat/structure/jsonSchema/schema").and_then(Value::as_str);
    if let Some(schema) = schema.and_then(|it| serde_json::from_str::<Value>(it).ok()) {
        out.insert("response_format".into(), json!({"json_schema": {"schema": schema}}));
    }
    let extra = &body["additionalModelRequestFields"];
    if let Some(thinking) = extra.get("thinking") {
        out.insert("thinking".into(), thinking.clone());
    }
    if body.pointer("/toolConfig/toolChoice").is_some_and(|it| it.get("auto").is_none()) {
        out.insert("tool_choice".into(), "required".into());
    }
    out.into()
}

/// A block of Converse. What has no counterpart stays as it is, and is then unknown.
fn block(block: &Value) -> Value {
    if let Some(call) = block.get("toolUse") {
        json!({"type": "tool_use", "name": call["name"], "input": call["input"]})
    } else if let Some(result) = block.get("toolResult") {
        let content: Vec<Value> = list(&result["content"])
            .iter()
            .map(|it| it.get("json").map_or_else(|| self::block(it), |it| json!(it.to_string())))
            .collect();
        json!({"type": "tool_result", "content": content})
    } else if let Some(data) = block.pointer("/image/source/bytes") {
        json!({"type": "image", "source": {"data": data}})
    } else if block.get("cachePoint").is_some() {
        json!({"type": "text", "text": ""})
    } else if let Some(text) = block.pointer("/guardContent/text/text") {
        json!({"type": "text", "text": text})
    } else {
        block.clone()
    }
}

fn gemini(body: &Value) -> Value {
    let turns = list(&body["contents"]).iter().map(|content| {
        let parts: Vec<Value> = list(&content["parts"]).iter().map(part).collect();
        json!({"role": content["role"], "content": parts})
    });
    let mut out = Map::new();
    let system = body.get("systemInstruction").or_else(|| body.get("system_instruction"));
    if let Some(system) = system.filter(|it| !list(&it["parts"]).is_empty()) {
        out.insert("system".into(), list(&system["parts"]).iter().map(part).collect());
    }
    out.insert("messages".into(), turns.collect());
    out.insert("tools".into(), list(&body["tools"]).iter().flat_map(functions).collect());
    if let Some(cached) = body.get("cachedContent") {
        out.insert("container".into(), cached.clone());
    }
    let config = &body["generationConfig"];
    if body.pointer("/toolConfig/functionCallingConfig/mode").is_some_and(|mode| mode == "ANY") {
        out.insert("tool_choice".into(), "required".into());
    }
    let schema = ["responseJsonSchema", "responseSchema", "response_json_schema", "response_schema"];
    if let Some(schema) = schema.iter().find_map(|key| config.get(key)) {
        out.insert("response_format".into(), json!({"json_schema": {"schema": schema}}));
    }
    out.into()
}

fn functions(tool: &Value) -> Vec<Value> {
    let Some(functions) = tool.get("functionDeclarations").or_else(|| tool.get("function_declarations")) else {
        return vec![json!({"type": "hosted"})];
    };
    let schema = ["parameters", "parametersJsonSchema", "parameters_json_schema"];
    let function = |it: &Value| {
        let parameters = schema.iter().find_map(|key| it.get(key));
        json!({"name": it["name"], "description": it["description"], "parameters": parameters})
    };
    list(functions).iter().map(function).collect()
}

fn part(part: &Value) -> Value {
    // A signature brings back what was thought before, and a result may hold files: both of any length.
    let unknown = ["/thoughtSignature", "/thought_signature", "/functionResponse/parts", "/function_response/parts"];
    if unknown.iter().any(|place| part.pointer(place).is_some()) {
        return json!({"type": "file"});
    }
    let data = part.get("inlineData").or_else(|| part.get("inline_data"));
    if let Some(text) = part.get("text") {
        json!({"type": "text", "text": text})
    } else if let Some(call) = part.get("functionCall").or_else(|| part.get("function_call")) {
        json!({"type": "tool_use", "name": call["name"], "input": call["args"]})
    } else if let Some(result) = part.get("functionResponse").or_else(|| part.get("function_response")) {
        json!({"type": "tool_result", "content": result["response"].to_string()})
    } else if let Some(file) = data.filter(|it| it.to_string().contains("image/")) {
        json!({"type": "image", "source": {"data": file["data"]}})
    } else {
        json!({"type": "file"})
    }
}

/// Cohere's first chat: one message, with those before it aside.
fn cohere(body: &Value) -> Value {
    let mut turns: Vec<Value> =
        list(&body["chat_history"]).iter().map(|turn| json!({"role": "user", "content": turn["message"]})).collect();
    turns.push(json!({"role": "user", "content": body["message"]}));
    json!({"messages": turns})
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
