//! Both charts, a label, and pods that say nothing of Outrigger but the name of a model.

mod asked;
mod away;
mod bare;
mod booked;
mod callers;
mod change;
mod checked;
mod ending;
mod examples;
mod mounts;
mod pieces;
mod policy;
mod profiles;
mod refused;
mod release;
mod rollout;
mod swift;
mod untouched;
mod watched;

pub(crate) use pieces::*;
pub(crate) use swift::*;
