//! Our dashboards. Everything about sidecars is read from records, which are the same wherever figures come from; what the
//! other programs say of themselves is read as it is.

mod control_plane;
mod cost;
mod overview;
mod providers;
mod sidecars;
mod words;

use super::grafana::Dashboard;

/// All of them, in the order in which people open them.
pub(crate) fn all() -> [Dashboard; 5] {
    [
        overview::dashboard(),
        providers::dashboard(),
        cost::dashboard(),
        sidecars::dashboard(),
        control_plane::dashboard(),
    ]
}
