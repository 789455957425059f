//! How long a control plane that has no time asks to be left alone.

use std::time::Duration;

use tonic::metadata::MetadataMap;

/// Where gRPC has it, in milliseconds.
const NAME: &str = "grpc-retry-pushback-ms";
/// No longer, whatever is asked for: a sidecar with an old policy must not stay away for a slip of the pen.
const LONGEST: Duration = Duration::from_secs(60);

/// What is asked for with the end of a call. A negative number asks that nobody come again, which is no wish that a sidecar
/// can follow: it is none, and so is what cannot be read.
pub(super) fn told(metadata: &MetadataMap) -> Option<Duration> {
    let millis = metadata.get(NAME)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_millis(millis).min(LONGEST))
}

/// How long to wait where `wait` would be without being told: what is told at least, and more by up to half of it, since
/// all who are told the same at one moment would be back at one moment. `draw` is in 0..1.
pub(super) fn wait(wait: Duration, told: Option<Duration>, draw: f64) -> Duration {
    told.map_or(wait, |told| told + wait.max(told.mul_f64(draw / 2.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_a_wish_and_no_longer_than_a_minute() {
        let of = |value: &'static str| {
            let mut metadata = MetadataMap::new();
            metadata.insert(NAME, value.parse().unwrap());
            told(&metadata).map(|told| told.as_millis())
        };
        assert_eq!((of("0"), of("10000"), of("3600000")), (Some(0), Some(10_000), Some(60_000)));
        assert_eq!((of("-1"), of("soon"), of(""), of("99999999999999999999999")), (None, None, None, None));
        assert_eq!(told(&MetadataMap::new()), None);
    }

    #[test]
    fn what_is_told_is_waited_at_least_and_not_by_all_alike() {
        let seconds = Duration::from_secs;
        assert_eq!(wait(seconds(3), None, 0.9), seconds(3));
        assert_eq!(wait(Duration::ZERO, Some(seconds(10)), 0.0), seconds(10));
        assert_eq!(wait(Duration::ZERO, Some(seconds(10)), 1.0), seconds(15));
        // Who has failed often waits as long on top.
        assert_eq!(wait(seconds(14), Some(seconds(10)), 0.5), seconds(24));
    }
}
