//! Which decisions are told.

use std::{fmt, str::FromStr};

/// All, of a million.
const ALL: u32 = 1_000_000;

/// Which decisions are told. Whoever asks by a header is told in any case but the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// None.
    #[default]
    Off,
    /// Those that are asked about.
    Asked,
    /// What failed over, broke or failed, too.
    Failures,
    /// So many of a million, too.
    Share(u32),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let share = |text: &str| {
            let percent: f64 = text.strip_suffix('%')?.parse().ok()?;
            let share = percent * f64::from(ALL / 100);
            (share > 0.0 && share <= f64::from(ALL)).then_some(Self::Share((share.round() as u32).max(1)))
        };
        match text {
            "off" => Ok(Self::Off),
            "asked" => Ok(Self::Asked),
            "failures" => Ok(Self::Failures),
            "all" => Ok(Self::Share(ALL)),
            other => share(other).ok_or_else(|| "expected off, asked, failures, all, or a share such as 1%".to_owned()),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Asked => f.write_str("asked"),
            Self::Failures => f.write_str("failures"),
            Self::Share(ALL) => f.write_str("all"),
            Self::Share(share) => write!(f, "{}%", f64::from(*share) / f64::from(ALL / 100)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_said_alike() {
        for word in ["off", "asked", "failures", "all", "1%", "0.5%", "0.0001%", "99.9999%"] {
            assert_eq!(word.parse::<Which>().unwrap().to_string(), word);
        }
        assert_eq!("100%".parse::<Which>().unwrap(), Which::Share(ALL));
        assert_eq!("0.00000001%".parse::<Which>().unwrap(), Which::Share(1), "what is asked for is not nothing");
        for bad in ["", "on", "0%", "-1%", "101%", "NaN%", "inf%", "1", "%"] {
            assert!(bad.parse::<Which>().is_err(), "{bad}");
        }
    }
}
