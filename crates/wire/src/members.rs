//! JSON that is read where it lies: the members of an object, the elements of a list, a string, each as a part of the text.

use std::{borrow::Cow, ops::Range};

use crate::scan::{self, Elements, Fault};

/// One top-level member.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The key, unescaped.
    pub key: Cow<'a, str>,
    /// Where the key's opening quote stands in the body.
    pub start: usize,
    /// Where the value's bytes lie in the body.
    pub value: Range<usize>,
    /// The value's JSON text.
    pub raw: &'a str,
}

/// Most members of an object within a request. OpenAI takes schemas of up to 5000 properties.
pub const MAX_INNER_MEMBERS: usize = 16_384;

/// The raw elements of the JSON array `raw`, lazily: asking for the first reads no further.
pub fn elements(raw: &str) -> impl Iterator<Item = &str> {
    Elements::of(raw)
}

/// The raw value of `key` in the JSON object `raw`, if it is an object and has it.
pub fn member_of<'a>(raw: &'a str, key: &str) -> Option<&'a str> {
    let mut members = scan::Members::of(raw).ok()?;
    let mut last = None;
    while let Some(found) = members.next().ok()? {
        if found.name().ok()? == key {
            last = Some(found.raw);
        }
    }
    last
}

/// The members of the JSON object `raw`, or nothing if it is not one or has more than [`MAX_INNER_MEMBERS`].
pub fn members_of(raw: &str) -> Vec<Member<'_>> {
    let members = scan::Members::of(raw).map(|mut found| collect(&mut found, MAX_INNER_MEMBERS, &mut ()));
    members.ok().and_then(Result::ok).unwrap_or_default()
}

/// Decodes a raw JSON string.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Why members were not collected.
pub(crate) enum Short {
    TooMany,
    Fault,
}

/// The members of an object, `most` at most.
pub(crate) fn collect<'a>(
    found: &mut scan::Members<'a>,
    most: usize,
    watch: &mut impl scan::Watch<'a>,
) -> Result<Vec<Member<'a>>, Short> {
    let mut members: Vec<Member<'a>> = Vec::with_capacity(12);
    while let Some(found) = found.next_watched(watch).map_err(|Fault| Short::Fault)? {
        if members.len() == most {
            return Err(Short::TooMany);
        }
        let key = found.name().map_err(|Fault| Short::Fault)?;
        let scan::Found { start, at, raw, .. } = found;
        members.push(Member { key, start, value: at..at + raw.len(), raw });
    }
    Ok(members)
}

/// Place of the borrowed JSON text `part` within `whole`, of which it must be a part.
pub(crate) fn place(whole: &[u8], part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}
