//! Where values lie in JSON text: a strict reader that builds nothing and copies nothing.
//!
//! A relay needs the places of a few members and the certainty that the rest is JSON. `serde_json` gives both, at some
//! two instructions a byte and more for each value; this looks at many bytes of a string at a time and keeps the
//! nesting in bits. What is JSON here and what is not is what `serde_json` says: the tests hold one against the other.

use std::borrow::Cow;

/// The text is not JSON, or not what was asked for. Whoever has to say why lets `serde_json` read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault;

/// One member of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// Where the key's opening quote stands.
    pub(crate) start: usize,
    /// The key between its quotes, escapes and all.
    pub(crate) key: &'a str,
    /// It holds escapes.
    escaped: bool,
    /// Where the value's first byte stands.
    pub(crate) at: usize,
    /// The value's JSON text.
    pub(crate) raw: &'a str,
}

/// Is told of keys and values as they are passed over. What is not asked for costs nothing.
pub(crate) trait Watch<'a> {
    /// A key of the object whose members are read.
    fn member(&mut self, _key: &str) {}

    /// A key within a member, between its quotes. True to be told its value, if that is a string.
    fn key(&mut self, _nest: &Nest, _key: &'a str) -> bool {
        false
    }

    /// The string that was asked for, as JSON.
    fn word(&mut self, _json: &'a str) {}

    /// A value begins here, within the nesting.
    fn begins(&mut self, _nest: &Nest, _at: usize) {}

    /// A value has ended before here, within the nesting.
    fn ends(&mut self, _nest: &Nest, _at: usize) {}
}

/// Watches nothing.
impl Watch<'_> for () {}

/// The members of an object, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    scan: Scanner<'a>,
    begun: bool,
    ended: bool,
}

/// The elements of an array, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'a> {
    scan: Scanner<'a>,
    begun: bool,
}

/// Bytes as text, which all JSON is.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| Fault)
}

/// Calls `each` with the key and the JSON text of every member of the object that is all of `text`.
pub(crate) fn object<'a>(text: &'a str, each: impl FnMut(&str, &'a str)) -> Result<(), Fault> {
    object_watched(text, &mut (), each)
}

/// The same, watched.
pub(crate) fn object_watched<'a>(
    text: &'a str,
    watch: &mut impl Watch<'a>,
    mut each: impl FnMut(&str, &'a str),
) -> Result<(), Fault> {
    let mut members = Members::of(text)?;
    while let Some(found) = members.next_watched(watch)? {
        each(&found.name()?, found.raw);
    }
    if members.is_all() { Ok(()) } else { Err(Fault) }
}

impl<'a> Found<'a> {
    /// The key, read. Borrows unless it holds an escape.
    pub(crate) fn name(&self) -> Result<Cow<'a, str>, Fault> {
        if !self.escaped {
            return Ok(Cow::Borrowed(self.key));
        }
        serde_json::from_str(&format!("\"{}\"", self.key)).map(Cow::Owned).map_err(|_| Fault)
    }
}

/// A place in a text.
#[derive(Clone, Copy, Debug)]
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Members<'a> {
    /// Those of the object that `text` begins with.
    pub(crate) fn of(text: &'a str) -> Result<Self, Fault> {
        let mut scan = Scanner { text, at: 0 };
        scan.white();
        scan.expect(b'{')?;
        Ok(Self { scan, begun: false, ended: false })
    }

    /// The next one; `None` behind the closing brace.
    pub(crate) fn next(&mut self) -> Result<Option<Found<'a>>, Fault> {
        self.next_watched(&mut ())
    }

    /// The same, watched.
    pub(crate) fn next_watched(&mut self, watch: &mut impl Watch<'a>) -> Result<Option<Found<'a>>, Fault> {
        if self.ended {
            return Ok(None);
        }
        let scan = &mut self.scan;
        scan.white();
        match (scan.peek(), self.begun) {
            (Some(b'}'), _) => {
                scan.at += 1;
                self.ended = true;
                return Ok(None);
            }
            (Some(b','), true) => {
                scan.at += 1;
                scan.white();
            }
            (Some(b'"'), false) => self.begun = true,
            _ => return Err(Fault),
        }
        let start = scan.at;
        let (key, escaped) = scan.key()?;
        watch.member(key);
        scan.white();
        let at = scan.at;
        scan.value(watch)?;
        Ok(Some(Found { start, key, escaped, at, raw: scan.text.get(at..scan.at).ok_or(Fault)? }))
    }

    /// Nothing but white space is left behind the object.
    pub(crate) fn is_all(&self) -> bool {
        let Scanner { text, at } = self.scan;
        self.ended && text.get(at..).is_some_and(|rest| rest.trim_start_matches([' ', '\n', '\t', '\r']).is_empty())
    }
}

impl<'a> Elements<'a> {
    /// Those of the array that `text` begins with; none where it is no array.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut scan = Scanner { text, at: 0 };
        scan.white();
        if scan.expect(b'[').is_err() {
            scan.at = text.len();
        }
        Self { scan, begun: false }
    }
}

/// Ends at what is broken.
impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let scan = &mut self.scan;
        scan.white();
        if std::mem::replace(&mut self.begun, true) {
            scan.expect(b',').ok()?;
            scan.white();
        }
        let at = scan.at;
        scan.value(&mut ()).ok()?;
        scan.text.get(at..scan.at)
    }
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        let found = self.peek() == Some(byte);
        self.at += 1;
        if found { Ok(()) } else { Err(Fault) }
    }

    fn white(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// A key and its colon. Returns what is between the quotes, and whether there are escapes in it.
    fn key(&mut self) -> Result<(&'a str, bool), Fault> {
        self.expect(b'"')?;
        let begun = self.at;
        let escaped = self.string()?;
        let key = self.text.get(begun..self.at - 1).ok_or(Fault)?;
        self.white();
        self.expect(b':')?;
        Ok((key, escaped))
    }

    /// One whole value, however deep. At its first byte.
    fn value(&mut self, watch: &mut impl Watch<'a>) -> Result<(), Fault> {
        let mut nest = Nest::default();
        let mut wanted = false;
        loop {
            let at = self.at;
            watch.begins(&nest, at);
            let opens = match self.peek().ok_or(Fault)? {
                b'"' => {
                    self.at += 1;
                    self.string()?;
                    if wanted {
                        watch.word(self.text.get(at..self.at).ok_or(Fault)?);
                    }
                    None
                }
                b'{' => Some(true),
                b'[' => Some(false),
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => self.number()?,
            };
            if let Some(is_object) = opens {
                self.at += 1;
                self.white();
                if self.peek() != Some(if is_object { b'}' } else { b']' }) {
                    nest.push(is_object);
                    wanted = self.inner_key(&nest, watch)?;
                    continue;
                }
                self.at += 1;
            }
            // Out of what ends here, to the next value.
            loop {
                watch.ends(&nest, self.at);
                let Some(is_object) = nest.last() else { return Ok(()) };
                self.white();
                match (self.peek().ok_or(Fault)?, is_object) {
                    (b',', _) => {
                        self.at += 1;
                        self.white();
                        wanted = self.inner_key(&nest, watch)?;
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        self.at += 1;
                        nest.pop();
                    }
                    _ => return Err(Fault),
                }
            }
        }
    }

    /// Up to the next value: in an object, over its key. Whether the value is wanted.
    fn inner_key(&mut self, nest: &Nest, watch: &mut impl Watch<'a>) -> Result<bool, Fault> {
        if nest.last() != Some(true) {
            return Ok(false);
        }
        let (key, _) = self.key()?;
        self.white();
        Ok(watch.key(nest, key))
    }

    fn word(&mut self, word: &[u8]) -> Result<Option<bool>, Fault> {
        let end = self.at + word.len();
        let found = self.text.as_bytes().get(self.at..end) == Some(word);
        self.at = end;
        if found { Ok(None) } else { Err(Fault) }
    }

    /// RFC 8259, section 6.
    fn number(&mut self) -> Result<Option<bool>, Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        // `serde_json` refuses this at once, where the next thing to come would refuse it too.
        if self.peek().is_some_and(|byte| byte.is_ascii_digit()) { Err(Fault) } else { Ok(None) }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let begun = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > begun { Ok(()) } else { Err(Fault) }
    }

    /// Behind the opening quote, to behind the closing one. Whether there are escapes in it.
    fn string(&mut self) -> Result<bool, Fault> {
        let mut escaped = false;
        loop {
            self.at += plain(self.text.as_bytes().get(self.at..).unwrap_or_default());
            match self.peek().ok_or(Fault)? {
                b'"' => {
                    self.at += 1;
                    return Ok(escaped);
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(Fault),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
            [b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => self.at += 6,
            _ => return Err(Fault),
        }
        Ok(())
    }
}

/// How many bytes stand before the next quote, backslash or control character.
fn plain(bytes: &[u8]) -> usize {
    // Keys and most words are over before a search by wide vectors has begun.
    const SHORT: usize = 32;
    let mut rest = bytes;
    for at in (0..SHORT).step_by(8) {
        let Some((word, after)) = rest.split_first_chunk::<8>() else {
            return at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
        };
        let word = u64::from_le_bytes(*word);
        let found = (below(word ^ all(b'"'), 1) | below(word ^ all(b'\\'), 1) | below(word, 0x20)) & all(0x80);
        if found != 0 {
            // Of several the first is exact: borrows go upwards.
            return at + found.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    SHORT + plain_of_many(rest)
}

/// The same, for many bytes.
#[inline(never)]
fn plain_of_many(bytes: &[u8]) -> usize {
    let run = memchr::memchr2(b'"', b'\\', bytes).and_then(|end| bytes.get(..end)).unwrap_or(bytes);
    if has_control(run) {
        return run.iter().position(|byte| *byte < 0x20).unwrap_or_default();
    }
    run.len()
}

/// The byte in each of eight places.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks by their high bit bytes of `word` that are below `limit`: taking it from each borrows only there (Hacker's
/// Delight, 6-1). Whether there is any is exact, and so is the lowest.
const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(all(limit)) & !word
}

/// Whether a byte is below 0x20: the lowest in each of sixteen places, which is one instruction for all of them.
/// By itself, since the compiler sees that no longer once it has mixed this with its caller.
#[inline(never)]
fn has_control(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let mut lowest = [u8::MAX; 16];
    for block in blocks {
        for (lowest, byte) in lowest.iter_mut().zip(block) {
            *lowest = (*lowest).min(*byte);
        }
    }
    lowest.iter().chain(rest).any(|byte| *byte < 0x20)
}

/// What is open, innermost last: one bit each, so that depth costs no stack and next to no memory.
#[derive(Debug, Default)]
pub(crate) struct Nest {
    /// The innermost 64.
    bits: u64,
    depth: usize,
    outer: Vec<u64>,
}

impl Nest {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    fn last(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }

    /// What is open, outermost first: 1 for the beginning, then 1 for an object and 0 for an array. 0 where it is deeper
    /// than 62.
    pub(crate) fn pattern(&self) -> u64 {
        if self.depth > 62 { 0 } else { 1 << self.depth | self.bits }
    }
}

#[cfg(test)]
mod tests;
