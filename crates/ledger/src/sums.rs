//! What is summed up.

use serde::Serialize;

/// Fields that are summed up, each a column of the roll-ups.
macro_rules! measures {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Sums. Money is in nano-dollars, times are in milliseconds.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
        pub struct Sums {
            $($(#[doc = $doc])+ pub $name: i128,)+
        }

        /// One entry's part of them, as it is written to the store.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) struct Delta {
            $(pub(crate) $name: i64,)+
        }

        /// The names, in order.
        pub(crate) const MEASURES: &[&str] = &[$(stringify!($name)),+];

        impl Sums {
            /// In the order of [`MEASURES`].
            pub(crate) fn from_values(values: &[i128]) -> Self {
                let mut values = values.iter().copied();
                Self { $($name: values.next().unwrap_or(0),)+ }
            }

            /// Adds.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }

            /// Adds a part.
            pub(crate) fn add_delta(&mut self, other: &Delta) {
                $(self.$name += i128::from(other.$name);)+
            }
        }

        impl Delta {
            /// In the order of [`MEASURES`].
            pub(crate) fn values(&self) -> [i64; MEASURES.len()] {
                [$(self.$name),+]
            }

            /// Adds. `None`: more than fits.
            #[must_use]
            pub(crate) fn plus(self, other: Self) -> Option<Self> {
                Some(Self { $($name: self.$name.checked_add(other.$name)?,)+ })
            }

            /// What takes it away again.
            #[must_use]
            pub(crate) fn negated(self) -> Self {
                Self { $($name: self.$name.saturating_neg(),)+ }
            }
        }
    };
}

measures! {
    /// Requests that ended, each counted at the attempt whose answer the caller got, else at its last one; and requests of
    /// which is known that they began.
    requests,
    /// Attempts that were sent.
    attempts,
    /// Requests that were saved: an attempt failed for which its provider is to blame, and another one then served it.
    saved,
    /// Attempts whose tokens were counted here, because the provider never said.
    estimated,
    /// Attempts of which the price list priced a part: the true cost is higher.
    partial,
    /// Booked cost, in nano-dollars.
    nano,
    /// The part of it that rests on tokens counted here, in nano-dollars.
    nano_estimated,
    /// What the price list makes of it, where that is known, in nano-dollars.
    nano_list,
    /// Tokens of prompts, with the next five.
    input,
    /// Read from a provider's cache.
    cache_read,
    /// Written to it for five minutes.
    cache_write_5m,
    /// Written to it for an hour.
    cache_write_1h,
    /// Audio of `input`.
    input_audio,
    /// Images of `input`.
    input_image,
    /// Tokens of answers, with the next three.
    output,
    /// Reasoning of `output`.
    reasoning,
    /// Audio of `output`.
    output_audio,
    /// Images of `output`.
    output_image,
    /// From the heads of requests to the ends of answers, in milliseconds.
    took_ms,
    /// From the heads of requests to first tokens, in milliseconds.
    first_token_ms,
    /// Requests that had a first token.
    first_tokens,
}

/// Whether a column is money, of which a sum may be larger than the store's largest number.
pub(crate) fn is_money(name: &str) -> bool {
    name.starts_with("nano")
}

/// Whose word a cost is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The provider stated it.
    Upstream,
    /// The price list's.
    Catalog,
    /// A price in the provider's object.
    Policy,
    /// Something was answered, or tokens were used, and nobody knows a price: the cost is not zero, it is not known.
    Unpriced,
    /// The attempt was sent and nobody knows what became of it: it may have been billed.
    Unknown,
    /// There is nothing to be billed: no attempt, no connection, or an error without usage.
    Unbilled,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Upstream, Self::Catalog, Self::Policy, Self::Unpriced, Self::Unknown, Self::Unbilled];

    /// Its word in the store and in questions.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Catalog => "catalog",
            Self::Policy => "policy",
            Self::Unpriced => "unpriced",
            Self::Unknown => "unknown",
            Self::Unbilled => "unbilled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_and_taken_away_leaves_nothing_and_too_much_is_said() {
        let part = Delta { requests: 1, nano: 5, output_image: 7, ..Delta::default() };
        assert_eq!(part.plus(part.negated()), Some(Delta::default()));
        assert_eq!(Delta { nano: i64::MAX, ..part }.plus(part), None);
        let mut sums = Sums::default();
        sums.add_delta(&part);
        let values: Vec<i128> = part.values().into_iter().map(i128::from).collect();
        assert_eq!(Sums::from_values(&values), sums);
    }
}
