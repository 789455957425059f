//! Who asks on a connection.

use std::{net::IpAddr, sync::Arc};

use crate::watch::Watch;

/// The other end of a connection.
pub(crate) struct Caller {
    /// The address that was asked.
    pub(crate) to: IpAddr,
    /// Of the answer that is on its way.
    pub(crate) watch: Arc<Watch>,
}
