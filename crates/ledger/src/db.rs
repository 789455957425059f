//! Two stores behind one face: the same statements, the same values, the same rows.
//!
//! Both take `$1`; both have `ON CONFLICT`, `RETURNING`, partial indexes and rows as values. What they write differently is
//! [`Words`](store::Words). Everything above this file is written once.

mod migrate;
mod open;
mod store;
mod tx;
mod value;

pub(crate) use migrate::{ALL, Step, run as migrate};
pub(crate) use open::open;
pub(crate) use store::{Db, Words};
pub(crate) use tx::Tx;
pub(crate) use value::{Cells, Value};
