//! The id of a request.

use std::{
    fmt,
    ops::Deref,
    time::{SystemTime, UNIX_EPOCH},
};

/// `gen-<unix seconds>-<20 letters and digits>`, as OpenRouter forms it. It lies where it is used: the last requests are
/// remembered by it, and as many strings of their own, made in between everything else, would hold on to pages for good.
#[derive(Clone, Copy)]
pub(crate) struct Id([u8; LENGTH]);

const PREFIX: &[u8] = b"gen-";
/// Until the year 2286.
const SECONDS: usize = 10;
const DRAWN: usize = 20;
const LENGTH: usize = PREFIX.len() + SECONDS + 1 + DRAWN;

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Id {
    /// Of a request that came at `now`.
    pub(crate) fn new(now: SystemTime) -> Self {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self::of(seconds, || fastrand::u64(..))
    }

    fn of(mut seconds: u64, mut draw: impl FnMut() -> u64) -> Self {
        let mut text = [b'-'; LENGTH];
        let (prefix, rest) = text.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        let (digits, rest) = rest.split_at_mut(SECONDS);
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (seconds % 10) as u8;
            seconds /= 10;
        }
        // Ten of 62 are less than what one draw holds.
        for ten in rest[1..].chunks_mut(10) {
            let mut drawn = draw();
            for letter in ten {
                *letter = ALPHANUMERIC[(drawn % 62) as usize];
                drawn /= 62;
            }
        }
        Self(text)
    }
}

impl Deref for Id {
    type Target = str;

    fn deref(&self) -> &str {
        // All of it is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_time_and_twenty_drawn_letters() {
        let mut draws = [0, 61 + 62].into_iter();
        assert_eq!(&*Id::of(1_795_730_336, || draws.next().unwrap()), "gen-1795730336-AAAAAAAAAA9BAAAAAAAA");
        let now = SystemTime::now();
        assert_ne!(&*Id::new(now), &*Id::new(now));
    }
}
