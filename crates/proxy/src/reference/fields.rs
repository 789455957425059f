//! The fields of the log line `request`, one for each request.

/// Each field with what it means, in the order of the line. One that has no value is left out of the line.
pub const FIELDS: &[(&str, &str)] = &[
    ("id", "The decision's id, as in `x-outrigger-decision-id`."),
    ("operation", "What was asked for: `chat_completions`, `messages`, `embeddings` ..."),
    ("route", "The ModelRoute that the first name led to; `direct` for a bare model, `none` if nothing was decided."),
    ("workload_namespace", "Namespace of the workload that the sidecar runs beside, where a control plane knows it."),
    ("workload", "Its owner, such as a Deployment."),
    ("team", "The team that is charged, by the label that the control plane looks at."),
    ("outcome", "What the caller saw: `ok`, `error`, `broken` (after the first content) or `cancelled`."),
    ("code", "`ok`, or the error's code."),
    ("status", "The HTTP status that the caller got; 499 if it went away before there was one."),
    ("provider", "The ModelProvider that answered."),
    ("model", "The catalogue id of the model that answered."),
    ("attempts", "Upstream calls."),
    ("streamed", "Whether a stream was asked for."),
    ("duration_ms", "From the request's head to the end of its answer, in milliseconds."),
    ("first_token_ms", "From the request's head to the first content, in milliseconds."),
    ("input_tokens", "Tokens of the prompt, cached ones included."),
    ("output_tokens", "Tokens of the answer, reasoning included."),
    ("cached_tokens", "Tokens of the prompt that came from the provider's cache."),
    ("estimated", "Whether the counts are an estimate, since the upstream's never came."),
    ("cost_usd", "What it cost in US dollars, with attempts that failed and were billed; absent if no price is known."),
    ("priced_by", "Whose word the cost is: the upstream's, or the price row's by its source and date."),
    ("estimated_cost_usd", "What the price row says, where the upstream's own word was booked."),
    ("finish", "Why the answer ended, in the upstream's word."),
    ("dropped", "Parts of the request that the target's dialect had no words for."),
    ("lost", "Parts of the answer that the caller's dialect had no words for."),
    ("tried", "Every attempt, in order: where, which key, and what came of it."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_line_is_told_in_its_order() {
        let (_, rest) = include_str!("../record/line.rs").split_once("tracing::info!(").unwrap();
        let (line, _) = rest.split_once("\"request\"").unwrap();
        let written: Vec<&str> = line.lines().filter_map(|line| Some(line.trim().split_once(" = ")?.0)).collect();
        assert_eq!(FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), written);
    }
}
