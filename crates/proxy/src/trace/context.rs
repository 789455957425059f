//! W3C Trace Context, level 1: <https://www.w3.org/TR/trace-context/>. Pure.

use std::fmt;

/// Names a trace: never all zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(pub [u8; 16]);

/// Names a span of it: never all zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId(pub [u8; 8]);

impl TraceId {
    /// A new one.
    pub(super) fn draw() -> Self {
        Self(fastrand::u128(1..).to_be_bytes())
    }
}

impl SpanId {
    /// A new one.
    pub(super) fn draw() -> Self {
        Self(fastrand::u64(1..).to_be_bytes())
    }
}

/// What a `traceparent` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    pub(super) sampled: bool,
}

/// Length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// Reads a `traceparent`; `None` where it breaks a rule, and then there is none. One of a later version may go on behind a dash.
pub(super) fn parse(text: &[u8]) -> Option<Context> {
    let (known, more) = text.split_at_checked(LENGTH)?;
    let version = hex::<1>(&known[..2])?[0];
    let ends = match version {
        0xff => false,
        0 => more.is_empty(),
        _ => more.first().is_none_or(|byte| *byte == b'-'),
    };
    let dashes = [2, 35, 52].iter().all(|at| known[*at] == b'-');
    let (trace, span) = (hex::<16>(&known[3..35])?, hex::<8>(&known[36..52])?);
    let flags = hex::<1>(&known[53..])?[0];
    let whole = ends && dashes && trace != [0; 16] && span != [0; 8];
    whole.then_some(Context { trace: TraceId(trace), span: SpanId(span), sampled: flags & 1 == 1 })
}

/// Lower-case digits alone.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// As a `traceparent` of version 00.
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span) = (u128::from_be_bytes(self.trace.0), u64::from_be_bytes(self.span.0));
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written_again() {
        let context = parse(GOOD.as_bytes()).unwrap();
        assert!(context.sampled);
        assert_eq!((context.trace.0[0], context.span.0[7]), (0x4b, 0xb7));
        assert_eq!(context.to_string(), GOOD);
        let unsampled = GOOD.replace("-01", "-00");
        assert_eq!(parse(unsampled.as_bytes()).unwrap().to_string(), unsampled);
    }

    /// Flags that nobody knows yet say nothing; of a later version, what is known is read.
    #[test]
    fn later_versions_and_flags_are_read_as_far_as_they_are_known() {
        let sampled = |text: &str| parse(text.as_bytes()).map(|context| context.sampled);
        assert_eq!(sampled(&GOOD.replace("-01", "-fe")), Some(false));
        assert_eq!(sampled(&GOOD.replace("-01", "-03")), Some(true));
        let later = GOOD.replacen("00-", "cc-", 1);
        assert_eq!(sampled(&later), Some(true));
        assert_eq!(sampled(&format!("{later}-what-comes")), Some(true));
        assert_eq!(sampled(&format!("{later}.what-comes")), None);
    }

    #[test]
    fn what_breaks_a_rule_is_nothing() {
        for bad in [
            String::new(),
            GOOD.to_uppercase(),
            format!("{GOOD}-01"),
            format!(" {GOOD}"),
            GOOD[..54].to_owned(),
            GOOD.replacen("00-", "ff-", 1),
            GOOD.replacen("00-", "0x-", 1),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GOOD.replace('-', "_"),
            GOOD.replace("-01", "-0g"),
            "ü".repeat(28),
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn what_is_drawn_is_never_nothing_and_never_the_same() {
        assert_ne!(TraceId::draw(), TraceId::draw());
        assert_ne!(SpanId::draw(), SpanId::draw());
    }
}
