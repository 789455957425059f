//! Headers of our own, in one table for responses and one for requests: constants, so that no request spells them out, and what each means.

use http::HeaderName;

macro_rules! headers {
    ($($name:ident = $text:literal $meaning:literal;)+) => {
        $(#[doc = $meaning] pub(crate) const $name: HeaderName = HeaderName::from_static($text);)+

        /// Each header with what it means.
        pub const ALL: &[(&str, &str)] = &[$(($text, $meaning)),+];
    };
}

headers! {
    DECISION = "x-outrigger-decision-id"
        "The id of this decision: `id` in the log line, and what `/v1/generation?id=` is asked for. On every answer to a request that was read, errors too.";
    GENERATION = "x-generation-id" "The same id under the name that OpenRouter's clients look for.";
    ROUTE = "x-outrigger-route" "The ModelRoute that the first name led to, as `namespace/name`; `direct` for a bare model.";
    PROVIDER = "x-outrigger-provider" "The ModelProvider that answered, as `namespace/name`.";
    MODEL = "x-outrigger-model" "The catalogue id of the model that answered.";
    ATTEMPTS = "x-outrigger-attempts" "Upstream calls that were made, the one that answered among them.";
    COST = "x-outrigger-cost"
        "What the request cost in US dollars, with attempts that failed and were billed; on whole answers whose price is known, and on errors that cost something.";
    DROPPED = "x-outrigger-dropped" "Parts of the request that the target's dialect has no words for, by name.";
    LOST = "x-outrigger-lost" "Parts of a whole answer that the caller's dialect has no words for, by name.";
    ESTIMATED = "x-outrigger-estimated" "`true` where a count of tokens was asked for and this is our estimate.";
    POLICY_AGE = "x-outrigger-policy-age"
        "Seconds for which policy may have changed without the sidecar's knowing; absent while it is current.";
    ERROR = "x-outrigger-error" "The stable code of an error that the sidecar answers: the same word as in the body, the log and the metric.";
}

/// What begins the name of a header by which a caller tags its request.
pub(crate) const TAG: &str = "x-outrigger-tag-";

/// Headers of ours that callers may send. No provider gets them.
pub const ASKED: &[(&str, &str)] = &[
    (
        "x-outrigger-tag-NAME",
        "A word by which the ledger can tell this request apart, such as a feature or an experiment: at most eight, names of at most 32 lower-case letters, digits and dashes, at most 64 bytes of each value.",
    ),
    (LOG_DECISION, "`true`: this request's decision is written to the decision log, unless that is off."),
];

/// By this a caller has its request's decision logged.
pub(crate) const LOG_DECISION: &str = "x-outrigger-log-decision";

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    fn spelled(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                spelled(&path, found);
            } else if !path.ends_with("headers.rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let words = text
                    .split('"')
                    .filter(|word| word.starts_with("x-outrigger-") && word.len() > 12)
                    .filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
                found.extend(words.map(|word| format!("{}: {word}", path.display())));
            }
        }
    }

    /// One that is spelled out elsewhere would be missing from the reference.
    #[test]
    fn no_header_of_ours_is_spelled_out_elsewhere() {
        let mut found = Vec::new();
        spelled(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
