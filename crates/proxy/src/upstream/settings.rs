//! The first frame that a server of HTTP/2 sends (RFC 9113, 3.4 and 6.5): how many streams it allows. hyper keeps that to
//! itself, and lets a request beyond it wait without a word.

/// Length, type, flags and stream of a frame.
const HEAD: usize = 9;
/// An identifier and a value.
const SETTING: usize = 6;
/// The type of the frame.
const SETTINGS: u8 = 4;
const MAX_CONCURRENT_STREAMS: u16 = 3;
/// Most settings that are looked at: the RFC has seven.
const MOST: usize = 64;

/// No limit was told, or nothing that can be read.
const UNLIMITED: u32 = u32::MAX;

/// Reads the frame from pieces.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// What came so far; at most the frame.
    seen: Vec<u8>,
}

impl Reader {
    /// More bytes came. `Some` once the limit is known, after which nothing more is to be read.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<u32> {
        let room = HEAD + MOST * SETTING - self.seen.len();
        self.seen.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let (head, rest) = self.seen.split_at_checked(HEAD)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        if head[3] != SETTINGS || length > MOST * SETTING {
            return Some(UNLIMITED);
        }
        let settings = rest.get(..length)?.chunks_exact(SETTING);
        let mut told =
            settings.filter(|setting| u16::from_be_bytes([setting[0], setting[1]]) == MAX_CONCURRENT_STREAMS);
        // The last of several counts.
        let last = told.next_back().map(|setting| u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]));
        Some(last.unwrap_or(UNLIMITED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, settings: &[(u16, u32)]) -> Vec<u8> {
        let mut frame = vec![0, 0, (settings.len() * SETTING) as u8, kind, 0, 0, 0, 0, 0];
        for (id, value) in settings {
            frame.extend(id.to_be_bytes());
            frame.extend(value.to_be_bytes());
        }
        frame
    }

    #[test]
    fn the_limit_is_found_however_the_frame_is_cut() {
        let bytes = [frame(SETTINGS, &[(1, 4096), (3, 128), (4, 65535)]), b"more".to_vec()].concat();
        for cut in 0..bytes.len() {
            let mut reader = Reader::default();
            let told = reader.read(&bytes[..cut]).or_else(|| reader.read(&bytes[cut..]));
            assert_eq!(told, Some(128), "cut at {cut}");
        }
    }

    #[test]
    fn no_limit_and_what_is_no_settings_frame_are_no_limit() {
        for bytes in [frame(SETTINGS, &[]), frame(SETTINGS, &[(4, 1)]), frame(0, &[(3, 1)]), vec![0xff; 9]] {
            assert_eq!(Reader::default().read(&bytes), Some(UNLIMITED));
        }
        assert_eq!(Reader::default().read(&frame(SETTINGS, &[(3, 5), (3, 7)])), Some(7));
    }
}
