//! Stories about the catalogue as a whole; each file below is told what belongs in it.

/// Money: parsing, printing, pricing, and agreement with an independent calculator.
mod cost;
/// The shipped data: it loads, it is large enough, names find what they should.
mod data;
/// Bad files: refused whole, with the row named.
mod refusal;
