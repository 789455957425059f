//! Messages of Protocol Buffers, as far as an entry needs them. What does not fit is not written, and said.

use outrigger_spool::LONGEST;

/// What most entries fit into: asked for at once, and more of it only by those that are longer. An array of the longest would be
/// filled with zeros for each.
const USUAL: usize = 768;

/// Writes one entry, of at most [`LONGEST`] bytes.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    full: bool,
}

impl Default for Writer {
    fn default() -> Self {
        Self { bytes: Vec::with_capacity(USUAL), full: false }
    }
}

/// Kinds of fields.
const VARINT: u32 = 0;
const LENGTH: u32 = 2;

impl Writer {
    pub(super) fn written(&self) -> &[u8] {
        &self.bytes
    }

    /// How far it is written.
    pub(super) fn at(&self) -> usize {
        self.bytes.len()
    }

    /// Takes back what was written behind `at`, and answers whether all of it had fitted.
    pub(super) fn back_to(&mut self, at: usize) {
        self.bytes.truncate(at);
        self.full = false;
    }

    /// Something did not fit.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    fn put(&mut self, bytes: &[u8]) {
        match !self.full && bytes.len() <= LONGEST - self.bytes.len() {
            true => self.bytes.extend_from_slice(bytes),
            false => self.full = true,
        }
    }

    fn byte(&mut self, byte: u8) {
        match !self.full && self.bytes.len() < LONGEST {
            true => self.bytes.push(byte),
            false => self.full = true,
        }
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    fn tag(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    /// A number that is absent where it is 0.
    pub(super) fn number(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.present(field, Some(value));
        }
    }

    /// A number that may be absent, and may be 0.
    pub(super) fn present(&mut self, field: u32, value: Option<u64>) {
        if let Some(value) = value {
            self.tag(field, VARINT);
            self.varint(value);
        }
    }

    pub(super) fn flag(&mut self, field: u32, value: bool) {
        self.number(field, u64::from(value));
    }

    /// At most `most` bytes of a text, and no part of a character.
    pub(super) fn text(&mut self, field: u32, text: &str, most: usize) {
        if !text.is_empty() {
            self.bytes(field, &text.as_bytes()[..text.floor_char_boundary(most)]);
        }
    }

    pub(super) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.tag(field, LENGTH);
        self.varint(bytes.len() as u64);
        self.put(bytes);
    }

    /// A message of its own: its length takes two bytes however small it is, which every reader takes.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        self.tag(field, LENGTH);
        let at = self.bytes.len();
        self.put(&[0, 0]);
        write(self);
        if self.full {
            return;
        }
        let length = self.bytes.len() - at - 2;
        self.bytes[at] = (length & 0x7f) as u8 | 0x80;
        self.bytes[at + 1] = (length >> 7) as u8;
    }
}
