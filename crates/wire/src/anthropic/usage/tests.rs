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
