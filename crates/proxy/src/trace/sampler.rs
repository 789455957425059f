//! Which requests are told, decided at their head: the samplers of OpenTelemetry by their words. Pure.

use std::str::FromStr;

use super::context::TraceId;

/// A sampler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// The caller's decision counts, where it has made one.
    follows: bool,
    /// Of the others so many are told, in 2^63rds.
    bound: u64,
    /// Nothing is told, not even what failed.
    off: bool,
}

/// All of them.
const ALL: u64 = 1 << 63;

impl Sampler {
    /// `word` as in `OTEL_TRACES_SAMPLER`, `argument` as in `OTEL_TRACES_SAMPLER_ARG`. Nothing is `parentbased_always_on`, and a
    /// ratio that is not said is 1, as the specification has it.
    ///
    /// # Errors
    ///
    /// A word that is none of its, or a ratio outside 0..=1.
    pub fn read(word: &str, argument: &str) -> Result<Self, String> {
        let ratio = || match argument.trim() {
            "" => Ok(ALL),
            text => match f64::from_str(text) {
                Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok((ratio * ALL as f64) as u64),
                _ => Err(format!("`{text}` is no ratio from 0 to 1")),
            },
        };
        let sampler = |follows, bound| Self { follows, bound, off: false };
        match word.trim() {
            "" | "parentbased_always_on" => Ok(sampler(true, ALL)),
            "parentbased_always_off" => Ok(sampler(true, 0)),
            "parentbased_traceidratio" => Ok(sampler(true, ratio()?)),
            "always_on" => Ok(sampler(false, ALL)),
            "traceidratio" => Ok(sampler(false, ratio()?)),
            "always_off" => Ok(Self { follows: false, bound: 0, off: true }),
            other => Err(format!(
                "`{other}` is no sampler; write always_on, always_off, traceidratio, parentbased_always_on, \
                 parentbased_always_off or parentbased_traceidratio"
            )),
        }
    }

    /// Whether a request of `trace` is told. `parent`: what its caller has decided. A ratio is taken of the last half of the trace's
    /// name, as the SDKs of Go and Python do: all that have one ratio choose the same traces.
    pub(super) fn samples(self, trace: TraceId, parent: Option<bool>) -> bool {
        match parent.filter(|_| self.follows) {
            Some(sampled) => sampled,
            None => {
                let TraceId([.., a, b, c, d, e, f, g, h]) = trace;
                u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.bound
            }
        }
    }

    /// Whether anything is ever told.
    pub(super) fn is_off(self) -> bool {
        self.off
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(word: &str, argument: &str) -> Sampler {
        Sampler::read(word, argument).unwrap()
    }

    #[test]
    fn each_word_decides_by_the_parent_or_alone() {
        let trace = TraceId([7; 16]);
        for (word, alone, below_a_no, below_a_yes) in [
            ("", true, false, true),
            ("always_on", true, true, true),
            ("always_off", false, false, false),
            ("traceidratio", true, true, true),
            ("parentbased_always_on", true, false, true),
            ("parentbased_always_off", false, false, true),
            ("parentbased_traceidratio", true, false, true),
        ] {
            let decided = [None, Some(false), Some(true)].map(|parent| sampler(word, "").samples(trace, parent));
            assert_eq!(decided, [alone, below_a_no, below_a_yes], "{word}");
        }
        assert!(sampler("always_off", "").is_off() && !sampler("parentbased_always_off", "").is_off());
    }

    #[test]
    fn a_ratio_of_traces_is_told() {
        let told = |ratio: &str| {
            let sampler = sampler("traceidratio", ratio);
            (0..1_000_u64)
                .filter(|at| {
                    let [a, b, c, d, e, f, g, h] = (at * (u64::MAX / 1_000)).to_be_bytes();
                    sampler.samples(TraceId([0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d, e, f, g, h]), None)
                })
                .count()
        };
        assert_eq!(["0", "0.25", "1"].map(told), [0, 251, 1_000]);
        let highest = TraceId([0xff; 16]);
        assert!(sampler("traceidratio", "1").samples(highest, None), "1 is all");
    }

    #[test]
    fn what_is_no_sampler_is_refused() {
        for (word, argument) in [("jaeger_remote", ""), ("traceidratio", "2"), ("traceidratio", "NaN"), ("ON", "")] {
            assert!(Sampler::read(word, argument).is_err(), "{word} {argument}");
        }
    }
}
