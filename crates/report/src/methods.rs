//! What the figures are compared with: each method in a file, said in the words that the report prints.

mod alone;
mod caching;
mod concentration;
mod list;
mod routing;
mod why;

pub(crate) use alone::{Alone, alone};
pub(crate) use caching::{Caching, caching};
pub(crate) use concentration::{Concentration, concentration};
#[cfg(test)]
pub(crate) use list::cost as list_cost;
pub(crate) use list::{Used, used};
pub(crate) use routing::{Routed, routing};
pub(crate) use why::{Usual, why};
