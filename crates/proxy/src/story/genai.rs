//! What is counted by the names of OpenTelemetry's conventions.

use super::Stage;

/// The series of the convention whose counts and sums say something, without what all have.
fn counted(stage: &Stage) -> Vec<String> {
    let all = r#"gen_ai_operation_name="chat",gen_ai_provider_name="x_ai",gen_ai_request_model="ns/r""#;
    let page = stage.page();
    let lines = page.lines().filter(|line| line.starts_with("gen_ai_") && !line.contains("_bucket"));
    let mut lines: Vec<String> = lines.map(|line| line.replace(all, "..").replace("gen_ai_client_", "")).collect();
    lines.sort();
    lines
}

/// An answer is counted once, however many were asked for it, and by names of policy alone.
#[tokio::test(start_paused = true)]
async fn a_request_is_an_operation_of_who_answered() {
    let (stage, at) =
        (Stage::new("a: 503 after 1s | xai: used after 2s", |_| {}), r#"server_address="xai",server_port="80""#);
    stage.ask(false).await;
    let of = format!(r#"{{..,gen_ai_response_model="m",{at}"#);
    assert_eq!(
        counted(&stage),
        [
            format!("operation_duration_seconds_count{of}}} 1"),
            format!("operation_duration_seconds_sum{of}}} 3"),
            format!(r#"token_usage_count{of},gen_ai_token_type="input"}} 1"#),
            format!(r#"token_usage_count{of},gen_ai_token_type="output"}} 1"#),
            format!(r#"token_usage_sum{of},gen_ai_token_type="input"}} 11"#),
            format!(r#"token_usage_sum{of},gen_ai_token_type="output"}} 7"#),
        ]
    );
}

/// A stream says when it began; where it broke its tokens are an estimate, which is counted nowhere.
#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_has_a_first_chunk_and_no_tokens() {
    let stage = Stage::new("xai: hi@2s cut", |_| {});
    stage.ask(true).await;
    let of = r#"{..,gen_ai_response_model="m",server_address="xai",server_port="80""#;
    assert_eq!(
        counted(&stage),
        [
            format!(r#"operation_duration_seconds_count{of},error_type="connection_reset"}} 1"#),
            format!(r#"operation_duration_seconds_sum{of},error_type="connection_reset"}} 2.05"#),
            format!("operation_time_to_first_chunk_seconds_count{of}}} 1"),
            format!("operation_time_to_first_chunk_seconds_sum{of}}} 2"),
        ]
    );
}

/// Who did not answer is no model of an answer.
#[tokio::test(start_paused = true)]
async fn what_nobody_answered_is_an_error_of_who_was_asked_last() {
    let stage = Stage::new("a: 503 | xai: refuse", |route| route.failover.attempts = 2);
    stage.ask(false).await;
    let counted = counted(&stage);
    assert_eq!(counted.len(), 2, "{counted:?}");
    let error = r#"{..,server_address="xai",server_port="80",error_type="all_attempts_failed"} 1"#;
    assert_eq!(counted[0], format!("operation_duration_seconds_count{error}"));
}

/// The boundaries are those that the convention advises.
#[tokio::test(start_paused = true)]
async fn buckets_are_the_conventions() {
    let stage = Stage::new("a: used", |_| {});
    stage.ask(false).await;
    let page = stage.page();
    let bounds = |name: &str| -> Vec<String> {
        let lines = page.lines().filter(|line| line.starts_with(&format!("{name}_bucket")) && !line.contains("output"));
        lines.filter_map(|line| Some(line.split_once("le=\"")?.1.split('"').next()?.to_owned())).collect()
    };
    let doubled = |first: f64, by: f64, count: i32| -> Vec<String> {
        let bounds = (0..count).map(|at| format!("{}", (first * by.powi(at) * 1e4).round() / 1e4));
        bounds.chain(["+Inf".to_owned()]).collect()
    };
    assert_eq!(bounds("gen_ai_client_operation_duration_seconds"), doubled(0.01, 2.0, 14));
    assert_eq!(bounds("gen_ai_client_token_usage"), doubled(1.0, 4.0, 14));
}
