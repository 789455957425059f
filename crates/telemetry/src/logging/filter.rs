//! Which lines are written, as people say it. What means nothing is an error: a log that is silent because of a slip is
//! noticed when it is needed (H21).

use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// Longest list of directives, in bytes, as in a `SidecarProfile`.
const LONGEST: usize = 256;

/// A level, or directives such as `info,outrigger_proxy=debug`.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(pub(super) Targets);

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("longer than {LONGEST} bytes"));
        }
        let mut targets = Targets::new();
        for directive in text.split(',').map(str::trim) {
            targets = match directive.split_once('=') {
                None => targets.with_default(level(directive)?),
                Some((target, of)) => targets.with_target(named(target)?, level(of)?),
            };
        }
        Ok(Self(targets))
    }
}

/// A word alone is a level and never a name: a misspelt one would else be the name of a target that says nothing.
fn level(text: &str) -> Result<LevelFilter, String> {
    let words = ["off", "error", "warn", "info", "debug", "trace"];
    let known = words.into_iter().find(|word| word.eq_ignore_ascii_case(text));
    known
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| format!("{text:?} is no level: write off, error, warn, info, debug or trace, or TARGET=LEVEL"))
}

fn named(target: &str) -> Result<&str, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-');
    match !target.is_empty() && target.bytes().all(plain) {
        true => Ok(target),
        false => Err(format!("{target:?} is no target: write the name of a module, such as outrigger_proxy")),
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_of_everything_or_of_a_target() {
        let writes = |text: &str, target: &str, level| text.parse::<Filter>().unwrap().0.would_enable(target, &level);
        assert!(writes("info", "any", Level::INFO) && !writes("info", "any", Level::DEBUG));
        assert!(writes("WARN,outrigger_proxy=debug", "outrigger_proxy::serve", Level::DEBUG));
        assert!(!writes("info,kube_runtime=off", "kube_runtime::watcher", Level::ERROR));
        assert!(!writes("off", "any", Level::ERROR));
    }

    /// H21.
    #[test]
    fn a_bad_directive_is_an_error() {
        let long = format!("info,{}=debug", "x".repeat(LONGEST));
        for text in [
            "",
            "inof",
            "info,",
            "outrigger_proxy",
            "a=inof",
            "=info",
            "a b=info",
            "a=info=b",
            "info;debug",
            "[x]=info",
            "9",
            &long,
        ] {
            assert!(text.parse::<Filter>().is_err(), "{text}");
        }
        assert!("a=inof".parse::<Filter>().unwrap_err().contains("off, error, warn, info, debug or trace"));
    }
}
