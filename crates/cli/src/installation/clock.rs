//! Times as Kubernetes writes them.

use outrigger_crd::k8s_openapi::jiff::Timestamp;

/// Seconds since 1970 of `2026-01-02T03:04:05Z`; `None`: it is no time, or before.
pub(super) fn seconds(text: &str) -> Option<u64> {
    text.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.as_second()).ok())
}

/// The other way round, to the day: nobody plans by the second.
pub(super) fn day(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map_or_else(|| "the end of all days".to_owned(), |at| at.to_string().chars().take(10).collect())
}
