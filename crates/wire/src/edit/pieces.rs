//! A body in pieces: long stretches of another body by reference, what is new by value.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// A stretch that is shorter is copied: a piece of its own costs more.
const SHORT: usize = 4 << 10;

/// The pieces of a body, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// None of them empty.
    pub pieces: Vec<Bytes>,
    /// How many bytes of them are copies.
    pub copied: usize,
}

impl Pieces {
    /// A body as it stands.
    pub fn of(body: Bytes) -> Self {
        Self { pieces: vec![body], copied: 0 }
    }

    /// `body` with the bytes at `range` replaced. The same body for a range outside it.
    pub fn replace(body: &Bytes, range: Range<usize>, value: &str) -> Self {
        if range.start > range.end || range.end > body.len() {
            return Self::of(body.clone());
        }
        let mut splice = Splice::new(body);
        splice.cut(body, 0..range.start);
        splice.add(value.as_bytes());
        splice.cut(body, range.end..body.len());
        splice.finish()
    }

    /// Bytes of all of them.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// There is nothing in them.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where an edited body is written to.
pub(super) trait Sink {
    /// Bytes that are new.
    fn add(&mut self, bytes: &[u8]);
    /// Bytes of the body; `range` lies in it, else nothing is added.
    fn cut(&mut self, body: &[u8], range: Range<usize>);
}

impl Sink for Vec<u8> {
    fn add(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn cut(&mut self, body: &[u8], range: Range<usize>) {
        self.extend_from_slice(body.get(range).unwrap_or_default());
    }
}

/// Writes pieces of one body.
pub(super) struct Splice<'a> {
    body: &'a Bytes,
    done: Pieces,
    /// Copies, behind the last piece.
    open: BytesMut,
    /// A stretch of the body behind that, which the next may go on from.
    stretch: Range<usize>,
}

impl<'a> Splice<'a> {
    pub(super) fn new(body: &'a Bytes) -> Self {
        Self { body, done: Pieces::default(), open: BytesMut::new(), stretch: 0..0 }
    }

    pub(super) fn finish(mut self) -> Pieces {
        self.settle();
        self.close();
        self.done
    }

    /// Decides what becomes of the stretch.
    fn settle(&mut self) {
        let range = std::mem::take(&mut self.stretch);
        if range.len() < SHORT {
            self.open.extend_from_slice(self.body.get(range).unwrap_or_default());
        } else {
            self.close();
            self.done.pieces.push(self.body.slice(range));
        }
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.done.copied += self.open.len();
            self.done.pieces.push(self.open.split().freeze());
        }
    }
}

impl Sink for Splice<'_> {
    fn add(&mut self, bytes: &[u8]) {
        self.settle();
        self.open.extend_from_slice(bytes);
    }

    fn cut(&mut self, _: &[u8], range: Range<usize>) {
        if range.start > range.end || range.end > self.body.len() {
            return;
        }
        if self.stretch.end != range.start || self.stretch.is_empty() {
            self.settle();
            self.stretch = range.start..range.start;
        }
        self.stretch.end = range.end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Head, edit::Edits};

    fn joined(pieces: &Pieces) -> Vec<u8> {
        pieces.pieces.concat()
    }

    #[test]
    fn long_values_are_not_copied_and_neighbours_stay_one_piece() {
        let long = "x".repeat(3 * SHORT);
        let body = Bytes::from(format!(r#"{{"model":"a","x":"{long}","y":"{long}","temperature":1}}"#));
        let head = Head::read(&body).unwrap();
        let mut edits = Edits::default();
        edits.set("model", "\"b\"").remove("temperature");
        let pieces = edits.splice(&body, &head);
        assert_eq!(joined(&pieces), edits.apply(&body, &head));
        assert_eq!((pieces.pieces.len(), pieces.copied < 40), (3, true), "{pieces:?}");
        assert!(body.as_ptr_range().contains(&pieces.pieces[1].as_ptr()));
        assert_eq!(Edits::default().splice(&body, &head), Pieces::of(body.clone()));
    }

    #[test]
    fn a_range_is_replaced_in_place() {
        let body = Bytes::from([b"a".repeat(2 * SHORT), b"old".to_vec(), b"b".repeat(2 * SHORT)].concat());
        let pieces = Pieces::replace(&body, 2 * SHORT..2 * SHORT + 3, "newer");
        assert_eq!(joined(&pieces), [b"a".repeat(2 * SHORT), b"newer".to_vec(), b"b".repeat(2 * SHORT)].concat());
        assert_eq!(pieces.copied, 5);
        assert_eq!(Pieces::replace(&body, 5..body.len() + 1, "x"), Pieces::of(body));
    }

    proptest! {
        /// Pieces are what a copy is, whatever is changed.
        #[test]
        fn pieces_are_the_body_that_a_copy_is(
            lengths in prop::collection::vec(0_usize..3 * SHORT, 0..6),
            changes in prop::collection::vec((0_usize..8, prop::option::of(0_usize..2 * SHORT)), 0..5),
        ) {
            let members: Vec<String> =
                lengths.iter().enumerate().map(|(at, length)| format!(r#" "k{at}" : "{}" "#, "v".repeat(*length))).collect();
            let body = Bytes::from(format!("{{{}}}", members.join(",")));
            let head = Head::read(&body).unwrap();
            let names: Vec<String> = (0..8).map(|at| format!("k{at}")).collect();
            let mut edits = Edits::default();
            for (at, change) in &changes {
                match change {
                    Some(length) => edits.set(&names[*at], format!("\"{}\"", "n".repeat(*length))),
                    None => edits.remove(&names[*at]),
                };
            }
            let pieces = edits.splice(&body, &head);
            prop_assert_eq!(joined(&pieces), edits.apply(&body, &head));
            prop_assert!(pieces.pieces.iter().all(|piece| !piece.is_empty()));
        }
    }
}
