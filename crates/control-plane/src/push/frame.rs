//! gRPC's framing: a byte that says whether a message is compressed, its length in four, and the message.

use std::io::Write as _;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flate2::{Compression, write::GzEncoder};

use super::status::{Code, Status};

/// Longest message that a sidecar may send: a hello with 16,384 holdings is a little over a megabyte.
const LONGEST: usize = 2 << 20;
/// Flag and length.
const HEAD: usize = 5;

/// A message as it is.
pub(crate) fn plain(message: &[u8]) -> Bytes {
    framed(0, message)
}

/// A message compressed by gzip.
pub(crate) fn gzipped(message: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(message.len() / 4), Compression::default());
    match encoder.write_all(message).and_then(|()| encoder.finish()) {
        Ok(compressed) => framed(1, &compressed),
        // Writing to memory does not fail; a plain message may stand in a compressed stream all the same.
        Err(_) => plain(message),
    }
}

fn framed(flag: u8, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEAD + message.len());
    frame.put_u8(flag);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

/// The messages of one direction, cut out of what arrives.
#[derive(Debug)]
pub(crate) struct Messages {
    buffer: BytesMut,
    longest: usize,
}

impl Default for Messages {
    fn default() -> Self {
        Self::up_to(LONGEST)
    }
}

impl Messages {
    /// Messages of at most so many bytes.
    pub(crate) fn up_to(longest: usize) -> Self {
        Self { buffer: BytesMut::new(), longest }
    }

    /// More has arrived.
    pub(crate) fn push(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    /// The next whole message.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(head) = self.buffer.first_chunk::<HEAD>() else { return Ok(None) };
        let [flag, length @ ..] = *head;
        let length = u32::from_be_bytes(length) as usize;
        if flag != 0 {
            return Err(Status::new(Code::Unimplemented, "requests are not to be compressed"));
        }
        if length > self.longest {
            let why = format!("the message is longer than {} bytes", self.longest);
            return Err(Status::new(Code::ResourceExhausted, why));
        }
        if self.buffer.len() < HEAD + length {
            return Ok(None);
        }
        self.buffer.advance(HEAD);
        let message = self.buffer.split_to(length).freeze();
        if self.buffer.is_empty() {
            // A hello is large and comes once; what follows is small.
            self.buffer = BytesMut::new();
        }
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_out_at_any_byte() {
        let sent = [plain(b"one"), plain(b""), plain(b"three")].concat();
        for cut in 0..sent.len() {
            let mut messages = Messages::default();
            let mut got = Vec::new();
            for part in [&sent[..cut], &sent[cut..]] {
                messages.push(part);
                while let Some(message) = messages.next().unwrap() {
                    got.push(message);
                }
            }
            assert_eq!(got, ["one", "", "three"]);
        }
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_announcement() {
        let mut messages = Messages::default();
        messages.push(&[0, 0x7f, 0xff, 0xff, 0xff]);
        assert_eq!(messages.next().unwrap_err().code, Code::ResourceExhausted);
        let mut messages = Messages::default();
        messages.push(&[1, 0, 0, 0, 0]);
        assert_eq!(messages.next().unwrap_err().code, Code::Unimplemented);
    }
}
