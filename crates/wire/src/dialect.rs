//! Words for what is spoken: the ways of writing a conversation, what a provider speaks of them, and how it is shown a key.

use std::fmt;

use crate::dialects::dialects;

macro_rules! words {
    (
        translated { $($(#[$doc:meta])* $name:ident = $word:literal $(| $also:literal)*, $crd:literal,)+ }
        passed { $($(#[$pdoc:meta])* $pname:ident = $pword:literal $(| $palso:literal)*, $pcrd:literal,)* }
    ) => {
        /// A way of writing a conversation that this build knows. Other words of the catalogue (`gemini`, `bedrock` ...) are
        /// known but not built; [`Dialect::parse`] tells them apart from built ones.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Dialect {
            $($(#[$doc])* $name,)+
            $($(#[$pdoc])* $pname,)*
        }

        impl Dialect {
            /// All dialects of this build.
            pub const ALL: [Self; [$($word,)+ $($pword,)*].len()] = [$(Self::$name,)+ $(Self::$pname,)*];

            /// The dialect that the catalogue, or a control plane, calls `name`; `None` if this build cannot speak it. The
            /// words of earlier releases are read too.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|it| it.words().iter().any(|word| word.eq_ignore_ascii_case(name)))
            }

            /// The stable name, and behind it the words that earlier releases know it by.
            pub fn words(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$word $(, $also)*],)+
                    $(Self::$pname => &[$pword $(, $palso)*],)*
                }
            }

            /// The stable name, as in metrics.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                    $(Self::$pname => $pword,)*
                }
            }

            /// What `ModelProvider.spec.dialects` calls it.
            pub fn kind(self) -> &'static str {
                match self {
                    $(Self::$name => $crd,)+
                    $(Self::$pname => $pcrd,)*
                }
            }
        }
    };
}

dialects!(words);

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// What a provider speaks: one dialect or several, the preferred one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialects {
    order: [Option<Dialect>; Dialect::ALL.len()],
    /// A bit for each: whether one is among them is asked several times a request.
    bits: u8,
}

impl Dialects {
    const NONE: Self = Self { order: [None; Dialect::ALL.len()], bits: 0 };

    /// The one.
    pub const fn only(dialect: Dialect) -> Self {
        let mut only = Self::NONE;
        if let Some((first, _)) = only.order.split_first_mut() {
            *first = Some(dialect);
        }
        only.bits = bit(dialect);
        only
    }

    /// These, each once; `None` where there are none.
    pub fn of(dialects: impl IntoIterator<Item = Dialect>) -> Option<Self> {
        let mut all = Self::NONE;
        for dialect in dialects {
            if !all.contains(dialect)
                && let Some(free) = all.order.iter_mut().find(|place| place.is_none())
            {
                *free = Some(dialect);
                all.bits |= bit(dialect);
            }
        }
        (all.bits != 0).then_some(all)
    }

    /// Whether it is among them.
    pub const fn contains(&self, dialect: Dialect) -> bool {
        self.bits & bit(dialect) != 0
    }

    /// All of them, the preferred one first.
    pub fn iter(&self) -> impl Iterator<Item = Dialect> {
        self.order.into_iter().flatten()
    }
}

const fn bit(dialect: Dialect) -> u8 {
    1 << dialect as u8
}

impl fmt::Display for Dialects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().enumerate().try_for_each(|(at, dialect)| {
            let between = if at == 0 { "" } else { ", " };
            write!(f, "{between}{dialect}")
        })
    }
}

/// How a credential is put on an upstream request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AuthScheme {
    /// `authorization: Bearer <key>`
    Bearer,
    /// `<name>: <key>`, for instance `x-api-key`.
    Header(Box<str>),
    /// No credential: an in-cluster endpoint that trusts its network.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_known_by_each_of_its_words() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::parse(dialect.as_str()), Some(dialect));
        }
        assert_eq!(Dialect::parse("OpenAI"), Some(Dialect::ChatCompletions));
        assert_eq!(Dialect::parse("anthropic"), Some(Dialect::Messages));
        assert_eq!(Dialect::parse("gemini"), None);
    }

    #[test]
    fn a_set_keeps_its_order_and_each_of_them_once() {
        use Dialect::{ChatCompletions, Messages, Responses};
        let set = Dialects::of([Responses, ChatCompletions, Responses]).unwrap();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Responses, ChatCompletions]);
        assert!(!set.contains(Messages));
        assert_eq!(set.to_string(), "Responses, ChatCompletions");
        assert_eq!(Dialects::of([Messages]), Some(Dialects::only(Messages)));
        assert_eq!(Dialects::of([]), None);
    }
}
