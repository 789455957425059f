//! Incremental framing of `text/event-stream` (WHATWG HTML 9.2.6): chunks in, whole events out.
//!
//! Events come out as the bytes they arrived in, so that a relay can pass them on untouched. A chunk that holds only
//! whole events is sliced, never copied; what is left of a partial event is copied once.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

/// Largest single event, in bytes. Far above the image deltas seen in practice; it bounds memory per stream.
pub const MAX_EVENT: usize = 16 << 20;

/// Splits a byte stream into events.
#[derive(Debug, Default)]
pub struct Framer {
    /// The last chunk, as long as no partial event precedes it.
    chunk: Bytes,
    /// A partial event carried over between chunks, and what was fed behind it.
    partial: BytesMut,
    /// How far the bytes have been searched.
    scanned: usize,
    /// Where the current line begins.
    line: usize,
    /// A line that is not blank has ended: the next blank line ends an event.
    content: bool,
    /// The last chunk ended in CR: a leading LF of the next belongs to it.
    after_cr: bool,
}

/// One event with its terminating blank line, exactly as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The bytes as received.
    pub raw: Bytes,
}

/// The event is larger than [`MAX_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Framer {
    /// Adds a chunk. Call [`Self::next_frame`] until it returns `None` before feeding again.
    pub fn feed(&mut self, chunk: Bytes) -> Result<(), TooLong> {
        if self.partial.len() > MAX_EVENT {
            return Err(TooLong);
        }
        if self.partial.is_empty() {
            self.chunk = chunk;
        } else {
            self.partial.extend_from_slice(&chunk);
        }
        if self.after_cr
            && let Some(&first) = self.bytes().get(self.scanned)
        {
            self.after_cr = false;
            if first == b'\n' {
                self.scanned += 1;
                self.line = self.scanned;
            }
        }
        Ok(())
    }

    /// How many bytes are held of an event that has no end yet.
    pub fn held(&self) -> usize {
        self.partial.len()
    }

    /// The next whole event.
    pub fn next_frame(&mut self) -> Option<Frame> {
        while let Some(rest) = self.bytes().get(self.scanned..)
            && let Some(offset) = memchr::memchr2(b'\n', b'\r', rest)
        {
            let at = self.scanned + offset;
            let blank = at == self.line;
            let mut end = at + 1;
            if self.bytes().get(at) == Some(&b'\r') {
                match self.bytes().get(end) {
                    Some(b'\n') => end += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            self.scanned = end;
            self.line = end;
            // Blank lines before an event belong to it and do not end it.
            if blank && self.content {
                return Some(Frame { raw: self.split_to(end) });
            }
            self.content |= !blank;
        }
        self.scanned = self.bytes().len();
        // Keep our own copy of the rest, so that a small tail does not pin a large chunk.
        let rest = std::mem::take(&mut self.chunk);
        self.partial.extend_from_slice(&rest);
        None
    }

    /// The end of the stream: an event whose last blank line is missing still counts (S10).
    pub fn finish(&mut self) -> Option<Frame> {
        let end = self.bytes().len();
        let raw = self.split_to(end);
        (!raw.is_empty()).then_some(Frame { raw })
    }

    fn bytes(&self) -> &[u8] {
        if self.partial.is_empty() { &self.chunk } else { &self.partial }
    }

    fn split_to(&mut self, end: usize) -> Bytes {
        self.scanned = 0;
        self.line = 0;
        self.content = false;
        // `split_to` panics behind the end.
        let end = end.min(self.bytes().len());
        if self.partial.is_empty() { self.chunk.split_to(end) } else { self.partial.split_to(end).freeze() }
    }
}

impl Frame {
    /// The `event:` field, if any.
    pub fn event(&self) -> Option<&str> {
        self.fields().event
    }

    /// The joined `data:` lines; `None` for a comment or a lone `event:` line.
    pub fn data(&self) -> Option<Cow<'_, [u8]>> {
        self.fields().data
    }

    /// Both, in one look.
    pub fn fields(&self) -> Fields<'_> {
        let mut fields = Fields::default();
        let mut rest: &[u8] = &self.raw;
        // Where CR and LF of the event before were cut apart, the LF stands here: what follows must not hang on that.
        while let [b'\n' | b'\r', more @ ..] = rest {
            rest = more;
        }
        rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
        while !rest.is_empty() {
            let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let (line, more) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            fields.line(line);
            rest = more.get(1..).unwrap_or_default();
        }
        fields
    }
}

/// What the lines of an event say.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    /// The last `event:` field.
    pub event: Option<&'a str>,
    /// The joined `data:` lines; `None` where there is none.
    pub data: Option<Cow<'a, [u8]>>,
}

impl<'a> Fields<'a> {
    fn line(&mut self, line: &'a [u8]) {
        let value = |rest: &'a [u8]| match rest {
            [] => Some(rest),
            [b':', rest @ ..] => Some(rest.strip_prefix(b" ").unwrap_or(rest)),
            _ => None,
        };
        if let Some(value) = line.strip_prefix(b"data").and_then(value) {
            match &mut self.data {
                None => self.data = Some(Cow::Borrowed(value)),
                Some(data) => {
                    let data = data.to_mut();
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            }
        } else if let Some(value) = line.strip_prefix(b"event").and_then(value) {
            self.event = std::str::from_utf8(value).ok();
        }
    }
}

/// The first event of bytes that hold whole events.
pub fn first(events: &Bytes) -> Frame {
    let mut framer = Framer::default();
    let fed = framer.feed(events.clone());
    let frame = fed.ok().and_then(|()| framer.next_frame());
    frame.unwrap_or(Frame { raw: Bytes::new() })
}

#[cfg(test)]
#[path = "testing.rs"]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::{
        testing::{cuts, frames, peeks},
        *,
    };

    /// The data of every event, as text, and all bytes that came out.
    fn events(pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
        let frames = frames(pieces);
        let data = |frame: &Frame| Some(String::from_utf8_lossy(&frame.data()?).into_owned());
        let raw = frames.iter().flat_map(|frame| frame.raw.iter().copied()).collect();
        (frames.iter().filter_map(data).collect(), raw)
    }

    const STREAMS: &[&str] = &[
        "data: a\n\ndata: b\n\n",
        "data: a\r\n\r\ndata: b\r\n\r\n",
        "data: a\r\rdata: b\r\r",
        ": ping\n\nevent: x\ndata: a\n\n:c\ndata: b\n\n",
        "event: e\r\ndata: a\r\nid: 1\r\n\r\ndata:b\n\n",
        "\u{feff}data: a\n\ndata: b",
        "data: a\n\n\n\ndata: b\n",
        "data: a\r\n\r\n\u{feff}data: b\r\n\r\n",
    ];

    /// S10: every fixture gives the same events and the same bytes however it is cut.
    #[test]
    fn every_cut_gives_the_same_events() {
        for stream in STREAMS {
            cuts(stream.as_bytes(), |pieces| {
                let (seen, raw) = events(pieces);
                assert_eq!(seen, ["a", "b"], "{pieces:?}");
                assert_eq!(raw, stream.as_bytes(), "{pieces:?}");
            });
        }
    }

    /// S10: what the events of a whole stream of each dialect mean does not hang on where the network cuts it.
    #[test]
    fn every_cut_of_a_vendors_stream_means_the_same() {
        for (operation, stream) in testing::STREAMS {
            let whole = peeks(*operation, &[stream.as_bytes()]);
            assert!(whole.len() >= stream.matches("\ndata:").count() / 2, "{stream:?}");
            cuts(stream.as_bytes(), |pieces| {
                assert_eq!(peeks(*operation, pieces), whole, "{pieces:?}");
                assert_eq!(events(pieces).1, stream.as_bytes(), "{pieces:?}");
            });
        }
    }

    /// Blank lines without an event are looked at once: a quadratic framer would take hours for these.
    #[test]
    fn endless_blank_lines_cost_no_more_than_their_length() {
        let mut blank = vec![b'\n'; 2 << 20];
        blank.extend_from_slice(b"data: a\n\n");
        let (seen, raw) = events(&[&blank]);
        assert_eq!(seen, ["a"]);
        assert_eq!(raw.len(), blank.len());
    }

    /// S10
    #[test]
    fn lines_of_data_are_joined_and_utf8_may_be_split() {
        let text = "data: {\"a\":\ndata: \"é\u{1F600}\"}\n\n";
        cuts(text.as_bytes(), |pieces| assert_eq!(events(pieces).0, ["{\"a\":\n\"é\u{1F600}\"}"]));
    }

    /// S10
    #[test]
    fn an_event_of_a_megabyte_passes_in_small_chunks() {
        let big = format!("data: {}\n\ndata: z\n\n", "x".repeat(1 << 20));
        let chunks: Vec<&[u8]> = big.as_bytes().chunks(1400).collect();
        let (seen, raw) = events(&chunks);
        assert_eq!((seen[0].len(), seen[1].as_str()), (1 << 20, "z"));
        assert_eq!(raw.len(), big.len());
    }

    #[test]
    fn whole_events_are_slices_of_the_chunk() {
        let chunk = Bytes::from_static(b"data: a\n\ndata: b\n\n");
        let mut framer = Framer::default();
        framer.feed(chunk.clone()).unwrap();
        assert_eq!(framer.next_frame().unwrap().raw.as_ptr(), chunk.as_ptr());
        assert_eq!(framer.next_frame().unwrap().raw.as_ptr(), chunk[9..].as_ptr());
        assert!(framer.next_frame().is_none());
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut framer = Framer::default();
        let chunk = Bytes::from(vec![b'x'; 1 << 20]);
        let refused = (0..20).any(|_| {
            let fed = framer.feed(chunk.clone());
            framer.next_frame();
            fed.is_err()
        });
        assert!(refused);
    }
}
