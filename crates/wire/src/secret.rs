//! A value that must never be shown.

/// A provider key. It has neither `Debug` nor `Display`, so it cannot reach a log, an error or a dump by accident;
/// [`Secret::expose`] is the one way out and is called where a request is put on the wire.
#[derive(Clone, PartialEq, Eq, Hash)]
#[allow(missing_debug_implementations)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps `value`.
    pub fn new(value: impl Into<Box<str>>) -> Self {
        Self(value.into())
    }

    /// The text itself, for the `Authorization` header of an upstream request and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
