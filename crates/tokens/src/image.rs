//! Pictures: their size, from the first bytes of the file, and what a picture of that size costs.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::pictures::Pictures;

/// How closely a picture is to be looked at: OpenAI's `detail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    Low,
    High,
}

impl Detail {
    pub(crate) fn named(name: Option<&str>) -> Self {
        if name == Some("low") { Self::Low } else { Self::High }
    }
}

/// A picture in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    /// Width and height in pixels, where the body holds the file and its format is known.
    pub(crate) size: Option<(u32, u32)>,
    detail: Detail,
}

/// Of a file in base64, how much is decoded in search of its size. A JPEG's size follows its metadata and preview.
const HEAD: usize = 256 * 1024;

/// What a picture of unknown size is taken for, in pixels.
const USUAL: (u32, u32) = (1024, 1024);

impl Image {
    /// A picture that the provider fetches or has kept.
    pub(crate) fn unknown(detail: Detail) -> Self {
        Self { size: None, detail }
    }

    /// A picture under a URL, which may be the picture itself (`data:`).
    pub(crate) fn of_url(url: &str, detail: Detail) -> Self {
        match url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
            Some((_, data)) => Self::of_base64(data, detail),
            None => Self::unknown(detail),
        }
    }

    /// A file in base64.
    pub(crate) fn of_base64(data: &str, detail: Detail) -> Self {
        let bytes = data.as_bytes();
        let head = &bytes[..bytes.len().min(HEAD) / 4 * 4];
        Self { size: STANDARD.decode(head).ok().and_then(|file| size(&file)), detail }
    }

    /// Tokens of this picture under a vendor's rule.
    pub(crate) fn tokens(&self, rule: Pictures) -> u64 {
        let (width, height) = self.size.unwrap_or(USUAL);
        rule.tokens(f64::from(width.max(1)), f64::from(height.max(1)), self.detail == Detail::Low)
    }
}

/// Width and height out of the head of a PNG, GIF, WebP or JPEG file.
fn size(file: &[u8]) -> Option<(u32, u32)> {
    match file {
        [0x89, b'P', b'N', b'G', ..] => Some((big(file, 16)?, big(file, 20)?)),
        [b'G', b'I', b'F', b'8', ..] => Some((little(file, 6, 2)?, little(file, 8, 2)?)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp(file),
        [0xFF, 0xD8, ..] => jpeg(file),
        _ => None,
    }
}

fn big(file: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(file.get(at..at + 4)?.try_into().ok()?))
}

/// A number of up to four bytes, the last one first.
fn little(file: &[u8], at: usize, bytes: usize) -> Option<u32> {
    Some(file.get(at..at + bytes)?.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn webp(file: &[u8]) -> Option<(u32, u32)> {
    match file.get(12..16)? {
        b"VP8 " => Some((little(file, 26, 2)? & 0x3FFF, little(file, 28, 2)? & 0x3FFF)),
        b"VP8L" => {
            let bits = little(file, 21, 4)?;
            Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        }
        b"VP8X" => Some((little(file, 24, 3)? + 1, little(file, 27, 3)? + 1)),
        _ => None,
    }
}

/// The first frame header, behind any number of other segments.
fn jpeg(file: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let [0xFF, kind] = *file.get(at..at + 2)? else { return None };
        let length = usize::from(u16::from_be_bytes(file.get(at + 2..at + 4)?.try_into().ok()?));
        if matches!(kind, 0xC0..=0xCF) && !matches!(kind, 0xC4 | 0xC8 | 0xCC) {
            let number = |at: usize| Some(u32::from(u16::from_be_bytes(file.get(at..at + 2)?.try_into().ok()?)));
            return Some((number(at + 7)?, number(at + 5)?));
        }
        // A length of zero would stand still.
        at += 2 + length.max(2);
    }
}

#[cfg(test)]
mod tests;
