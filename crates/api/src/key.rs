//! Keys of resources.

/// What a key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A provider with its targets.
    Provider,
    /// The keys of a provider.
    Credentials,
    /// A route.
    Route,
    /// A policy.
    Policy,
    /// What no single object says.
    Header,
}

/// The key of the one header.
pub const HEADER: &str = "header";

impl Kind {
    const ALL: [Self; 4] = [Self::Provider, Self::Credentials, Self::Route, Self::Policy];

    /// The first word of its keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Credentials => "credentials",
            Self::Route => "route",
            Self::Policy => "policy",
            Self::Header => HEADER,
        }
    }

    /// The key of the object `name` (`namespace/name`).
    pub fn key(self, name: &str) -> String {
        format!("{}/{name}", self.as_str())
    }
}

/// The kind and `namespace/name` of a key; `None` for one that this build does not know.
pub fn parse(key: &str) -> Option<(Kind, &str)> {
    if key == HEADER {
        return Some((Kind::Header, ""));
    }
    let (word, name) = key.split_once('/')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word)?;
    (name.matches('/').count() == 1).then_some((kind, name))
}
