//! Why somebody may not read a page.

/// Why somebody may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The token is none that the API server takes.
    Unauthenticated,
    /// It is this one's, who may not.
    Forbidden {
        /// As the API server calls whoever asks.
        user: String,
    },
    /// Too many ask at this moment.
    Busy,
    /// The API server could not be asked, or does not let us ask, for this reason.
    Unavailable(String),
}
