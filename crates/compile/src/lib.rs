//! The one meaning of the policy: cluster objects in, [`Snapshot`](outrigger_route::Snapshot) and [`Problem`]s out.
//!
//! Pure: no file is opened, no environment read, no clock asked. The control plane compiles what it watches, the
//! command line what [`manifest`] read from a folder, and both get the same answer for the same objects.
//!
//! One bad object never sinks the rest. A provider or route that cannot be meant is left out with its problems, the
//! good siblings compile. Where leaving out would *widen* what a caller may do, it narrows instead: the names of a
//! route that is left out do not fall through to a bare model of the same name.

mod access;
mod capability;
pub mod change;
mod check;
mod compile;
mod credential;
mod edit;
mod endpoint;
mod env;
mod limit;
pub mod manifest;
mod named;
mod names;
mod pin;
mod policy;
mod problem;
mod provider;
mod prune;
mod route;
mod select;
mod selector;
mod served;
mod trust;
mod unserved;
mod views;
mod world;

pub use compile::{compile, problems, view};
pub use manifest::{Locations, describe};
pub use named::named;
pub use problem::{Cause, Kind, ObjectRef, Problem, Severity};
pub use select::Selecting;
pub use views::{Compiled, Views};
pub use world::{SYSTEM_NAMESPACE, Scope, Selection, Unreadable, Workload, World};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
