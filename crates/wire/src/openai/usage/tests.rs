use super::*;

/// U2: what a vendor did not say is not zero, and zero is not unsaid.
#[test]
fn zero_is_not_missing() {
    let zero =
        read(r#"{"prompt_tokens":0,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":0}}"#).unwrap();
    assert_eq!((zero.input, zero.output, zero.cache_read, zero.reasoning), (Some(0), Some(0), Some(0), None));
    let unsaid = read(r#"{"prompt_tokens":5,"completion_tokens":null,"prompt_tokens_details":null}"#).unwrap();
    assert_eq!((unsaid.input, unsaid.output, unsaid.cache_read), (Some(5), None, None));
    for nothing in ["{}", "null", "[]", "7", r#"{"prompt_tokens":null}"#] {
        assert_eq!(read(nothing), None, "{nothing}");
    }
}

/// U3: the same facts under each vendor's names.
#[test]
fn every_vendors_names_are_read() {
    let chat = read(r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":30,"audio_tokens":10,"cache_write_tokens":5},"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":4,"accepted_prediction_tokens":0}}"#).unwrap();
    assert_eq!(
        (chat.input, chat.cache_read, chat.cache_write_5m, chat.input_audio),
        (Some(100), Some(30), Some(5), Some(10))
    );
    assert_eq!((chat.output, chat.reasoning, chat.output_audio), (Some(50), Some(20), Some(4)));
    let responses = read(r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":30},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":20},"total_tokens":150}"#).unwrap();
    assert_eq!(
        (responses.input, responses.cache_read, responses.output, responses.reasoning),
        (Some(100), Some(30), Some(50), Some(20))
    );
    let deepseek = read(
        r#"{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}"#,
    )
    .unwrap();
    assert_eq!((deepseek.input, deepseek.cache_read), (Some(100), Some(64)));
    let images =
        read(r#"{"input_tokens":50,"input_tokens_details":{"image_tokens":40,"text_tokens":10},"output_tokens":1000}"#)
            .unwrap();
    assert_eq!((images.input, images.input_image, images.output), (Some(50), Some(40), Some(1000)));
    let total_only = read(r#"{"total_tokens":9}"#).unwrap();
    assert_eq!((total_only.input, total_only.output), (Some(9), None));
}

/// U3: a count of the wrong type does not hide the others.
#[test]
fn a_count_that_is_no_whole_number_spoils_no_other() {
    let usage = read(r#"{"prompt_tokens":12.0,"completion_tokens":7,"total_tokens":"19","prompt_cache_hit_tokens":-1,"completion_tokens_details":{"reasoning_tokens":1.5}}"#).unwrap();
    assert_eq!((usage.input, usage.output, usage.cache_read, usage.reasoning), (Some(12), Some(7), None, None));
}
