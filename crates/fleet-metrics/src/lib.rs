//! What the sidecars of a fleet count, added up: pages in Prometheus' text format in, one page of `outrigger_fleet_*` out.
//!
//! A crate of its own, without I/O and without a clock, so that a fuzzer, a property test and a measurement reach it without
//! a control plane around it.
//!
//! ```text
//! families  which families of a sidecar are added up, and by which labels
//! page      one page of one process: bounded, refused as a whole or taken as a whole
//! fleet     processes, what each said last, and what that adds to the sums (M2)
//! sums      the sums: bounded, kept for a while when nobody adds to them any more
//! owner     to whom it is added;  pace  how fast a process counts
//! points    what one process said last, as small as it can be
//! shown     the page that the control plane serves;  top  the same for people, by workload
//! ```

mod families;
mod fleet;
mod owner;
mod pace;
mod page;
mod points;
mod shown;
mod sums;
mod top;

pub use families::{FAMILIES, Family, Kind, OWN};
pub use fleet::{Fleet, Limits, Process, Seen};
pub use owner::Owner;
pub use page::{INSTANCE, LINK, Page, Unreadable};
pub use top::Row;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
