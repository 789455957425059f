//! What goes into a statement and what comes out.

use crate::error::{Error, Result};

/// What a statement is given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Int(i64),
    Text(&'a str),
    /// A text, or none.
    Maybe(Option<&'a str>),
    Bytes(&'a [u8]),
}

/// One place of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row, read from left to right.
#[derive(Debug)]
pub(crate) struct Cells(pub(super) std::vec::IntoIter<Cell>);

impl Cells {
    /// The next place, which is a number; nothing counts as zero, as the sum of no rows.
    pub(crate) fn int(&mut self) -> Result<i64> {
        match self.0.next() {
            Some(Cell::Int(number)) => Ok(number),
            Some(Cell::Null) => Ok(0),
            other => Err(wrong("a number", other.as_ref())),
        }
    }

    /// The next place, which is a text.
    pub(crate) fn text(&mut self) -> Result<String> {
        match self.0.next() {
            Some(Cell::Text(text)) => Ok(text),
            other => Err(wrong("a text", other.as_ref())),
        }
    }

    /// The next place, which is a text or nothing.
    pub(crate) fn maybe(&mut self) -> Result<Option<String>> {
        match self.0.next() {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Null) => Ok(None),
            other => Err(wrong("a text or nothing", other.as_ref())),
        }
    }

    /// The next place, which is bytes.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>> {
        match self.0.next() {
            Some(Cell::Bytes(bytes)) => Ok(bytes),
            other => Err(wrong("bytes", other.as_ref())),
        }
    }
}

/// What was there is not shown: it may be a name that somebody would not see in a log.
fn wrong(what: &str, cell: Option<&Cell>) -> Error {
    let found = match cell {
        None => "the end of the row",
        Some(Cell::Null) => "nothing",
        Some(Cell::Int(_)) => "a number",
        Some(Cell::Text(_)) => "a text",
        Some(Cell::Bytes(_)) => "bytes",
    };
    Error::Corrupt(format!("{found} where {what} should be"))
}
