//! How each family's count of tokens follows from that of `o200k_base`.

mod measure;
mod table;

pub use measure::{Factors, Measure, TERMS};
pub use table::OVERALL;
use table::TABLE;

use crate::family::Family;

/// The factors of a family.
#[must_use]
pub fn factors(family: Family) -> Factors {
    TABLE.iter().find(|row| row.0 == family).map_or(OVERALL, |row| row.1)
}

#[cfg(test)]
mod tests;
