use super::*;

/// U3: Anthropic's input leaves the cached part out; ours has it in.
#[test]
fn the_cached_part_is_added_to_the_input() {
    let usage = read(r#"{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":5,"service_tier":"standard"}"#).unwrap();
    assert_eq!(
        (usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h, usage.output),
        (Some(60), Some(30), Some(20), None, Some(5))
    );
}

/// U3: writes for an hour cost more than those for five minutes, and are counted apart.
#[test]
fn writes_are_split_by_lifetime() {
    let usage = read(r#"{"input_tokens":10,"cache_creation_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":15},"output_tokens":5}"#).unwrap();
    assert_eq!((usage.input, usage.cache_write_5m, usage.cache_write_1h), (Some(30), Some(5), Some(15)));
    let empty = read(r#"{"input_tokens":10,"cache_creation_input_tokens":20,"cache_creation":{}}"#).unwrap();
    assert_eq!((empty.input, empty.cache_write_5m), (Some(30), Some(20)));
}

/// U2
#[test]
fn zero_is_not_missing() {
    let usage = read(r#"{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}"#).unwrap();
    assert_eq!((usage.input, usage.cache_read, usage.output, usage.cache_write_5m), (Some(0), Some(0), Some(0), None));
    assert_eq!(read(r#"{"output_tokens":null,"cache_creation":null}"#), None);
}

/// U8: what is billed are the iterations, of which the counts beside them are a part. From the AI SDK's recordings
/// (compaction, advisor, fallback) and pydantic-ai's.
#[test]
fn iterations_are_what_is_billed() {
    for (what, json, want, models) in [
        (
            "compaction",
            r#"{"input_tokens":612,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2819,"iterations":[{"input_tokens":60385,"output_tokens":522,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"type":"compaction"},{"input_tokens":612,"output_tokens":2819,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"type":"message"}]}"#,
            (60_997, 3_341, 0),
            &[None, None][..],
        ),
        (
            "advisor",
            r#"{"input_tokens":2414,"output_tokens":3200,"iterations":[{"input_tokens":1051,"output_tokens":35,"type":"message"},{"input_tokens":2728,"output_tokens":874,"type":"advisor_message","model":"claude-opus-4-7"},{"input_tokens":1363,"output_tokens":3165,"type":"message"}]}"#,
            (5_142, 4_074, 0),
            &[None, Some("claude-opus-4-7"), None],
        ),
        (
            "fallback",
            r#"{"input_tokens":412,"output_tokens":264,"iterations":[{"type":"message","model":"claude-fable-5","input_tokens":408,"output_tokens":0},{"type":"fallback_message","model":"claude-opus-4-8","input_tokens":412,"output_tokens":264}]}"#,
            (820, 264, 0),
            &[Some("claude-fable-5"), Some("claude-opus-4-8")],
        ),
        (
            "cache",
            r#"{"input_tokens":6,"output_tokens":2,"iterations":[{"input_tokens":2,"cache_creation_input_tokens":3068,"cache_creation":{"ephemeral_5m_input_tokens":68,"ephemeral_1h_input_tokens":3000},"output_tokens":1},{"input_tokens":4,"cache_read_input_tokens":6289,"output_tokens":1}]}"#,
            (9_363, 2, 6_289),
            &[None, None],
        ),
        // One call of the model that was asked: nothing is apart.
        (
            "one",
            r#"{"input_tokens":136,"iterations":[{"input_tokens":136,"output_tokens":16,"type":"message"}],"output_tokens":16}"#,
            (136, 16, 0),
            &[],
        ),
        ("none", r#"{"input_tokens":5,"output_tokens":6,"iterations":null}"#, (5, 6, 0), &[]),
        ("empty", r#"{"input_tokens":5,"output_tokens":6,"iterations":[]}"#, (5, 6, 0), &[]),
    ] {
        let usage = read(json).unwrap();
        let got = (usage.input.unwrap(), usage.output.unwrap(), usage.cache_read.unwrap_or(0));
        assert_eq!(got, want, "{what}");
        let calls = usage.bill.map(|bill| bill.calls).unwrap_or_default();
        assert_eq!(calls.iter().map(|call| call.model.as_deref()).collect::<Vec<_>>(), models, "{what}");
        if !calls.is_empty() {
            let sum = |of: fn(&Usage) -> Option<u64>| calls.iter().filter_map(|call| of(&call.usage)).sum::<u64>();
            assert_eq!((sum(|usage| usage.input), sum(|usage| usage.output)), (want.0, want.1), "{what}");
        }
    }
}

/// U8: a loop without an end is held at the bound, and nothing of it is lost.
#[test]
fn iterations_beyond_the_bound_are_added_to_the_last() {
    let list = vec![r#"{"input_tokens":2,"output_tokens":1}"#; 100].join(",");
    let usage = read(&format!(r#"{{"input_tokens":1,"output_tokens":1,"iterations":[{list}]}}"#)).unwrap();
    assert_eq!((usage.input, usage.output), (Some(200), Some(100)));
    let calls = usage.bill.unwrap().calls;
    assert_eq!(calls.len(), crate::usage::MOST_CALLS);
    assert_eq!(calls.iter().filter_map(|call| call.usage.input).sum::<u64>(), 200);
}

/// U9: fast mode and where it was computed are what Anthropic bills dearer; a committed tier is not.
#[test]
fn what_anthropic_bills_dearer_is_noted() {
    let of = |more: &str| read(&format!(r#"{{"input_tokens":1,"output_tokens":1,{more}}}"#)).unwrap().bill;
    for more in
        [r#""service_tier":"standard","inference_geo":"global","speed":"standard""#, r#""service_tier":"priority""#]
    {
        assert_eq!(of(more), None, "{more}");
    }
    assert_eq!(of(r#""service_tier":"standard","speed":"fast""#).unwrap().service, Service::Fast);
    assert_eq!(of(r#""speed":"fast","service_tier":"batch""#).unwrap().service, Service::Fast);
    assert_eq!(of(r#""service_tier":"batch""#).unwrap().service, Service::Batch);
    assert!(of(r#""inference_geo":"us""#).unwrap().in_us);
}
