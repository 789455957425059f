use super::*;
use crate::{Operation, Peek, spoken};

fn whole(body: &str) -> Usage {
    spoken::answer(Operation::Responses, body.as_bytes()).unwrap().usage.unwrap()
}

/// The items that the AI SDK and pydantic-ai recorded of OpenAI, Azure and xAI, shortened.
const ITEMS: &str = r#"[
    {"id":"rs_1","type":"reasoning","summary":[]},
    {"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"a"}},
    {"id":"ws_2","type":"web_search_call","status":"completed","action":{"type":"open_page","url":"https://a.test"}},
    {"id":"ws_3","type":"web_search_call","status":"completed","action":{"type":"find_in_page","pattern":"b"}},
    {"arguments":"{}","call_id":"","name":"web_search","type":"web_search_call","id":"fc_1","status":"completed"},
    {"id":"fs_1","type":"file_search_call","status":"completed","queries":["a"],"results":null},
    {"id":"ci_1","type":"code_interpreter_call","status":"completed","container_id":"cntr_1","code":""},
    {"id":"ci_2","type":"code_interpreter_call","status":"completed","container_id":"cntr_1","code":""},
    {"type":"x_search_call","name":"x_semantic_search","id":"fc_2","status":"completed"},
    {"id":"ig_1","type":"image_generation_call","status":"completed","result":"aGk="},
    {"id":"fc_3","type":"function_call","name":"web_search_call","arguments":"{}"},
    {"id":"msg_1","type":"message","content":[{"type":"output_text","text":"a \"web_search_call\""}]}
]"#;

const WANT: [(Tool, u64); 5] = [
    (Tool::WebSearch, 2),
    (Tool::XSearch, 1),
    (Tool::FileSearch, 1),
    (Tool::CodeInterpreter, 1),
    (Tool::ImageGeneration, 1),
];

/// U10: items that the vendor's tools left are counted, whole or streamed; a search is one, what follows it is none.
#[test]
fn items_of_hosted_tools_are_counted() {
    let response = format!(
        r#"{{"status":"completed","output":{ITEMS},"usage":{{"input_tokens":9,"output_tokens":2,"total_tokens":11}}}}"#
    );
    let tools = |usage: Usage| usage.bill.unwrap().tools().collect::<Vec<_>>();
    assert_eq!(tools(whole(&response)), WANT);
    let event = format!(r#"{{"type":"response.completed","response":{response}}}"#);
    let peek = Peek::event(Operation::Responses, None, event.as_bytes());
    assert_eq!(tools(peek.usage.unwrap()), WANT);
}

/// U10: where the vendor counts itself, its items are not counted once more.
#[test]
fn what_the_vendor_counts_itself_is_counted_once() {
    let response = format!(
        r#"{{"status":"completed","output":{ITEMS},"usage":{{"input_tokens":9,"output_tokens":2,"server_side_tool_usage_details":{{"web_search_calls":1}}}}}}"#
    );
    assert_eq!(whole(&response).bill.unwrap().tools().collect::<Vec<_>>(), [(Tool::WebSearch, 1)]);
}

/// U10: a picture is paid by the tokens of the model that made it.
#[test]
fn pictures_are_a_call_of_the_model_that_made_them() {
    let response = r#"{"status":"completed","tools":[{"type":"image_generation","model":"gpt-image-1-mini"}],"output":[{"type":"image_generation_call","status":"completed"}],"usage":{"input_tokens":100,"output_tokens":20,"total_tokens":120},"tool_usage":{"image_gen":{"input_tokens":30,"input_tokens_details":{"image_tokens":0,"text_tokens":30},"output_tokens":272,"output_tokens_details":{"image_tokens":272,"text_tokens":0},"total_tokens":302},"web_search":{"num_requests":0}}}"#;
    let usage = whole(response);
    assert_eq!((usage.input, usage.output, usage.output_image), (Some(130), Some(292), Some(272)));
    let bill = usage.bill.unwrap();
    assert_eq!(bill.tools().count(), 0);
    let calls: Vec<_> =
        bill.calls.iter().map(|call| (call.model.as_deref(), call.usage.input, call.usage.output)).collect();
    assert_eq!(calls, [(None, Some(100), Some(20)), (Some("gpt-image-1-mini"), Some(30), Some(272))]);
    let none = r#"{"status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":2},"tool_usage":{"image_gen":{"input_tokens":0,"output_tokens":0,"total_tokens":0}}}"#;
    assert_eq!(whole(none).bill, None);
}

/// U9: the tier stands beside the usage.
#[test]
fn the_tier_of_a_response_is_read() {
    let response = r#"{"status":"completed","service_tier":"flex","usage":{"input_tokens":1,"output_tokens":2}}"#;
    assert_eq!(whole(response).bill.unwrap().service.as_str(), Some("flex"));
    let event = format!(r#"{{"type":"response.completed","response":{response}}}"#);
    let peek = Peek::event(Operation::Responses, None, event.as_bytes());
    assert_eq!(peek.usage.unwrap().bill.unwrap().service.as_str(), Some("flex"));
}

/// U12: a response that fails says what it used.
#[test]
fn a_failed_response_says_what_it_used() {
    let response = r#"{"status":"failed","error":{"code":"server_error","message":"x"},"usage":{"input_tokens":7,"output_tokens":2}}"#;
    let failure = spoken::answer(Operation::Responses, response.as_bytes()).unwrap_err();
    assert_eq!(failure.billed.unwrap().input, Some(7));
    let event = format!(r#"{{"type":"response.failed","response":{response}}}"#);
    assert_eq!(Peek::event(Operation::Responses, None, event.as_bytes()).usage.unwrap().input, Some(7));
}
