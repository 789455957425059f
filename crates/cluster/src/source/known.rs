//! What is known of a `Secret` or `ConfigMap` that providers name.

use outrigger_compile::manifest::Object;

/// Most of them that are watched: each is a connection.
pub(crate) const MOST: usize = 1024;

/// What is known of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    /// As it was read last.
    pub(crate) read: Option<Object>,
    pub(crate) now: Now,
}

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Now {
    /// Nobody has answered yet.
    #[default]
    Asked,
    /// It is there.
    There,
    /// It was deleted.
    Gone,
    /// A list does not hold it: deleted meanwhile, unless the API server has lost more than that.
    NotListed,
    /// The API server does not let us read it.
    Withheld,
}
