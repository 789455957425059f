use crate::{Catalog, Rejected};

const GOOD: &str = r#"{"format":1,"as_of":"2026-05-21","made_from":["hand"],"counts":{"providers":2,"models":2,"offers":2},
"providers":[
{"slug":"openai","name":"OpenAI","dialects":["chat_completions"],"base_url":"https://api.openai.com/v1","auth":"bearer","env":["OPENAI_API_KEY"]},
{"slug":"groq","name":"Groq","dialects":["chat_completions"],"auth":"header:api-key"}
],
"models":[
{"id":"openai/gpt-4o-mini","name":"GPT-4o mini","released":"2024-07-18","context":128000,"in":["text"],"out":["text"],"can":["tools"]},
{"id":"meta-llama/llama-3.1-8b","name":"Llama","in":["text"],"out":["text"]}
],
"offers":[
{"provider":"openai","model":"openai/gpt-4o-mini","upstream":"gpt-4o-mini","prices":{"source":"models.dev","as_of":"2026-05-21","input":"0.15","output":"0.6","tiers":[{"above":1000,"input":"0.3","output":"1"},{"above":2000,"input":"0.4","output":"1"}]}},
{"provider":"groq","model":"meta-llama/llama-3.1-8b","upstream":"llama-8b","source":"litellm"}
]
}
"#;

/// U6: replaces the first `old` of the good file and expects a refusal that says `says`.
#[track_caller]
fn check(old: &str, new: &str, says: &str) {
    assert!(GOOD.contains(old), "{old}");
    let Rejected { problems } = Catalog::parse(GOOD.replacen(old, new, 1).as_bytes()).unwrap_err();
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(all.iter().any(|problem| problem.contains(says)), "{says:?} not in {all:#?}");
}

#[test]
fn the_file_the_others_are_made_from_is_good() {
    let catalog = Catalog::parse(GOOD.as_bytes()).unwrap();
    assert_eq!(catalog.offers().len(), 2);
    let llama = catalog.offer("groq", "llama-8b").unwrap();
    assert_eq!((llama.prices.as_ref(), llama.deprecated), (None, false));
    // What the row leaves out is the model's own.
    assert_eq!(catalog.offer("openai", "gpt-4o-mini").unwrap().context_length, Some(128_000));
}

/// U6
#[test]
fn bad_prices_are_refused_with_the_row_named() {
    let row = "offers[0] openai gpt-4o-mini";
    check("\"0.15\"", "\"-0.15\"", &format!("{row}: \"-0.15\" is negative"));
    check("\"0.15\"", "0.15", &format!("{row}: invalid type: floating point `0.15`"));
    check("\"0.15\"", "\"1e-7\"", &format!("{row}: \"1e-7\" is not a plain decimal number"));
    check("\"0.15\"", "\"NaN\"", &format!("{row}: \"NaN\" is not a plain decimal number"));
    check("\"0.15\"", "\"0.0000000001\"", "more than nine decimals");
    check("\"0.15\"", "\"10000.01\"", &format!("{row}: prices.input is 10000.01 USD"));
    check("\"output\":\"0.6\"", "\"output\":\"0.6\",\"request\":\"1001\"", "prices.request is above the cap");
    check("\"0.4\"", "\"20000\"", &format!("{row}: prices.tiers[1].input"));
    check("\"input\":\"0.15\",", "", &format!("{row}: missing field `input`"));
    check("\"input\":\"0.15\"", "\"inptu\":\"0.15\"", &format!("{row}: unknown field `inptu`"));
    check("\"source\":\"models.dev\",", "", &format!("{row}: missing field `source`"));
    check("\"models.dev\"", "\"hearsay\"", &format!("{row}: prices.source \"hearsay\" is not known"));
    check("\"models.dev\"", "\"policy\"", &format!("{row}: prices.source \"policy\" is not known"));
    check("\"models.dev\",\"as_of\":\"2026-05-21\"", "\"models.dev\",\"as_of\":\"May\"", "prices.as_of \"May\"");
    check("\"above\":2000", "\"above\":1000", &format!("{row}: prices.tiers are not ascending"));
    check("\"above\":1000", "\"above\":0", &format!("{row}: prices.tiers: a tier above 0"));
    check("\"above\":1000", "\"above\":-1", &format!("{row}: invalid value"));
}

/// U9, U10: rows of tiers of service and of tools are held to the same.
#[test]
fn bad_tiers_of_service_and_fees_are_refused_with_the_row_named() {
    let row = "offers[0] openai gpt-4o-mini";
    let with = |more: &str| format!("\"output\":\"0.6\",{more}");
    let refused = |more: &str, says: &str| check("\"output\":\"0.6\"", &with(more), &format!("{row}: {says}"));
    let dated = r#""source":"docs","as_of":"2026-05-21""#;
    let tiers = r#""tiers":[{"above":0,"input":"1","output":"1"}]"#;
    refused(&format!(r#""services":[{{"name":"slow",{dated},{tiers}}}]"#), "prices.services: \"slow\"");
    refused(
        &format!(r#""services":[{{"name":"flex",{dated},{tiers}}},{{"name":"flex",{dated},{tiers}}}]"#),
        "prices.services: \"flex\"",
    );
    refused(&format!(r#""services":[{{"name":"flex",{dated},"tiers":[]}}]"#), "prices.services \"flex\": tiers");
    refused(
        &format!(r#""services":[{{"name":"flex",{dated},"tiers":[{{"above":1,"input":"1","output":"1"}}]}}]"#),
        "prices.services \"flex\": tiers",
    );
    refused(
        &format!(r#""services":[{{"name":"flex",{dated},"tiers":[{{"above":0,"input":"10001","output":"1"}}]}}]"#),
        "prices.tiers[2].input",
    );
    refused(&format!(r#""fees":[{{"tool":"telepathy","each":"0.01",{dated}}}]"#), "prices.fees: \"telepathy\"");
    refused(&format!(r#""fees":[{{"tool":"web_search","each":"10",{dated}}}]"#), "prices.fees \"web_search\"");
    refused(&format!(r#""fees":[{{"tool":"web_search","each":"0",{dated}}}]"#), "prices.fees \"web_search\"");
    refused(
        r#""fees":[{"tool":"web_search","each":"0.01","source":"hearsay","as_of":"2026-05-21"}]"#,
        "prices.fees: source",
    );
    refused(r#""fees":[{"tool":"web_search","each":"0.01","source":"docs","as_of":"May"}]"#, "prices.fees: as_of");
    refused(r#""fees":[{"tool":"web_search","each":"0.01"}]"#, "missing field");
    refused(r#""heard":"10001""#, "prices.heard is 10001 USD");
    refused(r#""in_us_percent":90"#, "prices.in_us_percent");
}

/// U6
#[test]
fn rows_that_do_not_fit_together_are_refused() {
    check("\"slug\":\"groq\"", "\"slug\":\"grok\"", "offers[1] groq llama-8b: no provider \"groq\"");
    check("\"slug\":\"groq\"", "\"slug\":\"openai\"", "providers[1] openai: slug occurs twice");
    check(
        "\"id\":\"meta-llama/llama-3.1-8b\"",
        "\"id\":\"openai/gpt-4o-mini\"",
        "models[1] openai/gpt-4o-mini: id occurs twice",
    );
    check(
        "\"model\":\"meta-llama/llama-3.1-8b\"",
        "\"model\":\"meta/x\"",
        "offers[1] groq llama-8b: no model \"meta/x\"",
    );
    check(
        "\"provider\":\"groq\",\"model\":\"meta-llama/llama-3.1-8b\",\"upstream\":\"llama-8b\"",
        "\"provider\":\"openai\",\"model\":\"meta-llama/llama-3.1-8b\",\"upstream\":\"gpt-4o-mini\"",
        "offers[1] openai gpt-4o-mini: this provider has the upstream name twice",
    );
    check("\"source\":\"litellm\"", "\"deprecated\":true", "offers[1] groq llama-8b: has no source");
    check("\"source\":\"litellm\"", "\"source\":\"policy\"", "offers[1] groq llama-8b: source \"policy\"");
    check("\"upstream\":\"llama-8b\"", "\"upstream\":\"\"", "upstream name is empty");
}

/// U6
#[test]
fn fields_of_the_wrong_shape_are_refused_with_the_row_named() {
    check(
        "\"context\":128000",
        "\"context\":\"128000\"",
        "models[0] openai/gpt-4o-mini: invalid type: string \"128000\"",
    );
    check("\"context\":128000", "\"context\":0", "models[0] openai/gpt-4o-mini: context and max_output must not be 0");
    check("\"context\":128000", "\"context\":-1", "models[0] openai/gpt-4o-mini: invalid value");
    check("\"context\":128000", "\"context\":99999999999", "models[0] openai/gpt-4o-mini: invalid value");
    check("\"in\":[\"text\"]", "\"in\":[]", "models[0] openai/gpt-4o-mini: in and out must not be empty");
    check("\"in\":[\"text\"]", "\"in\":[\"smell\"]", "models[0] openai/gpt-4o-mini: unknown variant `smell`");
    check("[\"tools\"]", "[\"magic\"]", "models[0] openai/gpt-4o-mini: unknown capability \"magic\"");
    check("2024-07-18", "2024-13-18", "models[0] openai/gpt-4o-mini: \"2024-13-18\" is not an ISO date");
    check("\"id\":\"openai/gpt-4o-mini\"", "\"id\":\"gpt 4o\"", "models[0] gpt 4o: id must be author/slug");
    check("\"slug\":\"groq\"", "\"slug\":\"Groq Inc\"", "providers[1] Groq Inc: slug must be");
    check("\"header:api-key\"", "\"magic\"", "providers[1] groq: auth \"magic\"");
    check("\"header:api-key\"", "\"header:Bad Name\"", "providers[1] groq: auth \"header:Bad Name\"");
    check("\"https://api.openai.com/v1\"", "\"api.openai.com\"", "providers[0] openai: base_url");
    check("\"https://api.openai.com/v1\"", "\"https://${HOST}/v1\"", "providers[0] openai: base_url");
    check("OPENAI_API_KEY", "openai key", "providers[0] openai: env names");
    check("\"dialects\":[\"chat_completions\"]", "\"dialects\":[]", "providers[0] openai: name and dialects");
    check("{\"slug\":\"groq\"", "7,{\"slug\":\"groq\"", "providers[1]: invalid type: integer `7`");
}

/// U6: a file that is not whole is no file.
#[test]
fn a_file_cut_short_at_any_byte_is_refused() {
    let end = GOOD.trim_end().len();
    for cut in 0..end {
        assert!(Catalog::parse(&GOOD.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
}

/// U6
#[test]
fn a_bad_head_is_refused() {
    check("\"format\":1", "\"format\":2", "format: is 2, this build reads 1");
    check("\"offers\":2", "\"offers\":3", "counts: promises");
    check("\"as_of\":\"2026-05-21\"", "\"as_of\":\"yesterday\"", "as_of: \"yesterday\"");
    check("[\"hand\"]", "[]", "made_from: names no source");
    check("\"format\":1", "\"fromat\":1", "file: unknown field `fromat`");
    for bytes in [&b""[..], b"null", b"[]", b"{}", b"\xff\xfe", b"<html>404</html>"] {
        assert!(Catalog::parse(bytes).is_err(), "{bytes:?}");
    }
    let empty = r#"{"format":1,"as_of":"2026-05-21","made_from":["x"],"counts":{"providers":0,"models":0,"offers":0},"providers":[],"models":[],"offers":[]}"#;
    assert!(Catalog::parse(empty.as_bytes()).is_err());
}

/// U6: whoever mends the file sees all of it at once.
#[test]
fn every_problem_is_listed() {
    let bad = GOOD.replace("\"0.15\"", "\"-1\"").replace("128000", "\"many\"").replace("header:api-key", "magic");
    let rejected = Catalog::parse(bad.as_bytes()).unwrap_err();
    let paths: Vec<&str> = rejected.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["providers[1] groq", "models[0] openai/gpt-4o-mini", "offers[0] openai gpt-4o-mini"],);
    assert!(rejected.to_string().contains("3 problem(s)"));
}
