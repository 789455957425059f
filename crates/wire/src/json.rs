//! Writing JSON straight into a buffer: no tree, no intermediate strings.

/// An object being written.
#[derive(Debug)]
pub(crate) struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes `"key":` and gives the buffer for the value.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        text(self.out, key);
        self.out.push(b':');
        self.out
    }

    /// A member whose value is JSON text.
    pub(crate) fn raw(&mut self, key: &str, json: &str) -> &mut Self {
        self.key(key).extend_from_slice(json.as_bytes());
        self
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        text(self.key(key), value);
        self
    }

    pub(crate) fn number(&mut self, key: &str, value: u64) -> &mut Self {
        number(self.key(key), value);
        self
    }

    pub(crate) fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        object(self.key(key), fill);
        self
    }

    pub(crate) fn array(&mut self, key: &str, fill: impl FnOnce(&mut Array<'_>)) -> &mut Self {
        array(self.key(key), fill);
        self
    }
}

/// An array being written.
#[derive(Debug)]
pub(crate) struct Array<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl Array<'_> {
    /// Gives the buffer for the next element.
    pub(crate) fn item(&mut self) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        self.out
    }

    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        object(self.item(), fill);
    }
}

pub(crate) fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    let mut object = Object::open(out);
    fill(&mut object);
    object.out.push(b'}');
}

pub(crate) fn array(out: &mut Vec<u8>, fill: impl FnOnce(&mut Array<'_>)) {
    out.push(b'[');
    let mut array = Array { out, empty: true };
    fill(&mut array);
    array.out.push(b']');
}

/// A JSON string.
pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, value);
}

pub(crate) fn number(out: &mut Vec<u8>, value: u64) {
    let _ = serde_json::to_writer(&mut *out, &value);
}

/// Whether `json` is one JSON object.
pub(crate) fn is_object(json: &str) -> bool {
    json.trim_ascii_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok()
}

/// A tool's input as JSON: a model's text that is no object (cut off, or nonsense) is kept under one key, since the
/// other dialect has room for objects alone. Nothing at all is an empty object.
pub(crate) fn tool_input(arguments: &str) -> std::borrow::Cow<'_, str> {
    match arguments.trim_ascii() {
        "" | "null" => "{}".into(),
        json if is_object(json) => json.into(),
        other => format!("{{\"invalid_json\":{}}}", quote(other)).into(),
    }
}

/// `text` as a JSON string.
pub fn quote(text: &str) -> String {
    // Serialising a string fails on no string.
    serde_json::to_string(text).unwrap_or_default()
}
