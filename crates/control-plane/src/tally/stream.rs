//! One stream, before it is counted.

use std::sync::Arc;

use outrigger_api::v1;

use crate::publish::Encoded;

/// One stream, as far as counting goes.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// What its sidecar should hold now.
    pub(crate) present: Arc<Encoded>,
    /// That could not be compiled anew when its objects changed.
    pub(crate) behind: bool,
    /// What its sidecar has taken.
    pub(crate) acked: Option<Arc<Encoded>>,
    /// What of it its sidecar does not apply.
    pub(crate) rejections: Option<Arc<Rejections>>,
}

/// What a sidecar does not apply.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Rejections {
    /// Key, code, reason.
    pub(crate) listed: Vec<v1::Rejection>,
    /// There are more.
    pub(crate) more: bool,
}
