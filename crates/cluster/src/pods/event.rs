//! What there is to be told of pods.

use super::pod::Meta;

/// What a watch tells of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A listing of all of them begins.
    Listing,
    /// One of a listing.
    Listed(Meta),
    /// A listing has told all.
    Complete,
    /// One is new, or has changed.
    Applied(Meta),
    /// The one of this uid was deleted.
    Deleted(String),
}
