//! Messages of a stream: cut out, unpacked, decoded.

use std::{collections::HashMap, io::Read as _, rc::Rc};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use outrigger_api::v1::{self, sync_request::Message as Said};
use prost::Message as _;

/// Flag and length of a message.
const HEAD: usize = 5;

/// The next whole message of what has arrived, and whether it is compressed.
pub(super) fn next(buffer: &mut BytesMut) -> Option<(bool, BytesMut)> {
    let [flag, length @ ..] = *buffer.first_chunk::<HEAD>()?;
    let length = u32::from_be_bytes(length) as usize;
    if buffer.len() < HEAD + length {
        return None;
    }
    buffer.advance(HEAD);
    Some((flag != 0, buffer.split_to(length)))
}

/// A message to the control plane.
pub(super) fn write(message: Said) -> Bytes {
    let message = v1::SyncRequest { message: Some(message) };
    let mut frame = BytesMut::with_capacity(HEAD + message.encoded_len());
    frame.put_u8(0);
    frame.put_u32(message.encoded_len() as u32);
    frame.put_slice(&message.encode_to_vec());
    frame.freeze()
}

/// What came last to a sidecar of each namespace, as it came and decoded: the same bytes mean the same to the next.
///
/// In earnest every sidecar decodes on a machine of its own. Here one core would do it for all of them, and an edit would
/// seem to take as long as that.
#[derive(Default)]
pub(super) struct Reader {
    last: HashMap<String, (BytesMut, Rc<v1::SyncResponse>)>,
}

impl Reader {
    /// Decodes a message to a sidecar of `namespace`.
    pub(super) fn read(
        &mut self,
        namespace: &str,
        packed: bool,
        message: BytesMut,
    ) -> Result<Rc<v1::SyncResponse>, String> {
        if let Some((_, decoded)) = self.last.get(namespace).filter(|(bytes, _)| *bytes == message) {
            return Ok(decoded.clone());
        }
        let decoded = if packed {
            let mut plain = Vec::new();
            let unpacked = flate2::read::GzDecoder::new(&message[..]).read_to_end(&mut plain);
            unpacked.map_err(|error| format!("not gzip: {error}"))?;
            v1::SyncResponse::decode(&plain[..])
        } else {
            v1::SyncResponse::decode(&message[..])
        };
        let decoded = Rc::new(decoded.map_err(|error| format!("not a message: {error}"))?);
        // A welcome is between two of what is worth keeping.
        if packed {
            self.last.insert(namespace.to_owned(), (message, decoded.clone()));
        }
        Ok(decoded)
    }
}
