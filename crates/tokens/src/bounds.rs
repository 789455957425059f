//! Bounds that need no vocabulary.

/// Tokens that a prompt has at least and at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// At least so many.
    pub least: u64,
    /// At most so many.
    pub most: u64,
}

/// Bounds for a prompt with so many bytes of text.
///
/// `most` also holds of the length of a whole body without pictures, which needs no parsing: its text is shorter. `least`
/// is meant for what is said; schemas and definitions of tools cost some models next to nothing, and
/// [`Prompt::bounds`](crate::Prompt::bounds) leaves them out of it.
///
/// Eight bytes are a long token of prose, and two a short one of anything but random characters. A thousand tokens are
/// what vendors add to a prompt with tools. How many recorded prompts lie inside is said in the documentation of the
/// crate.
#[must_use]
pub const fn bounds(bytes: usize) -> Bounds {
    let bytes = bytes as u64;
    Bounds { least: bytes / 8, most: bytes / 2 + 1000 }
}

#[cfg(test)]
mod tests;
