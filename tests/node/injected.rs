//! Both charts, a label, and pods that say nothing of Outrigger but the name of a model.

mod away;
mod callers;
mod change;
mod checked;
mod ending;
mod mounts;
mod pieces;
mod policy;
mod refused;
mod release;

pub(crate) use pieces::*;
