//! Two that read one fleet: a server for each mode.

use anyhow::Result;

use super::{
    fleet::{self, Fleet},
    mode::{Clock, Mode},
    programs::Programs,
    server::Server,
};

/// Starts them, with days as long as this clock has them.
///
/// # Errors
///
/// If one does not start.
pub(super) fn of(programs: &Programs, fleet: &Fleet, clock: Clock) -> Result<[(Mode, Server); 2]> {
    let start = |mode: Mode| {
        let folder = fleet.folder().join(mode.file());
        Server::start(programs, (mode, clock), &folder, fleet::free()?, &fleet.targets())
    };
    let [first, second] = Mode::ALL;
    Ok([(first, start(first)?), (second, start(second)?)])
}
