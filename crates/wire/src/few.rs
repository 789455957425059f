//! Lists of bounded length. A value takes a hundred times the bytes of the `{}` it was read from, so a list without a
//! bound lets a few megabytes of JSON take gigabytes of memory.

use std::{cell::Cell, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};

/// Most elements of an answer's list that are looked at: choices, deltas, calls.
const FIRST: usize = 256;
/// Most elements of a request's list: messages, parts, tools.
const ALL: usize = 16_384;

thread_local! {
    /// Elements that the request being read may still have, in all of its lists together.
    static LEFT: Cell<usize> = const { Cell::new(ALL_LISTS) };
}

/// Most elements of all lists of one request together.
const ALL_LISTS: usize = 65_536;

/// Reads one request: its lists together are bounded, too.
pub(crate) fn request<T>(read: impl FnOnce() -> T) -> T {
    LEFT.set(ALL_LISTS);
    let read = read();
    LEFT.set(ALL_LISTS);
    read
}

/// Reads the first elements and skips the others. `null` is an empty list.
pub(crate) fn first<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List { most: FIRST, skip: true, of: PhantomData })
}

/// Reads all elements, up to a number that no conversation has. `null` is an empty list.
pub(crate) fn all<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List { most: ALL, skip: false, of: PhantomData })
}

struct List<T> {
    most: usize,
    skip: bool,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < self.most {
            match list.next_element()? {
                Some(element) => elements.push(element),
                None => return Ok(elements),
            }
            if !self.skip {
                let left = LEFT.get().checked_sub(1);
                let Some(left) = left else {
                    return Err(A::Error::custom(format_args!("lists of more than {ALL_LISTS} elements in all")));
                };
                LEFT.set(left);
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            if !self.skip {
                return Err(A::Error::custom(format_args!("a list of more than {} elements", self.most)));
            }
        }
        Ok(elements)
    }
}

/// A list of a request, for what is not a member of a struct.
pub(crate) struct All<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for All<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        all(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Held {
        #[serde(default, deserialize_with = "first")]
        list: Vec<u8>,
    }

    #[test]
    fn an_answers_list_is_cut_and_a_requests_list_is_refused() {
        let long = format!("[{}0]", "0,".repeat(ALL));
        let held: Held = serde_json::from_str(&format!("{{\"list\":{long}}}")).unwrap();
        assert_eq!(held.list.len(), FIRST);
        assert!(serde_json::from_str::<All<u8>>(&long).is_err());
        assert_eq!(serde_json::from_str::<All<u8>>("[1,2]").unwrap().0, [1, 2]);
        assert_eq!(serde_json::from_str::<Held>("{\"list\":null}").unwrap().list.len(), 0);
        assert_eq!(serde_json::from_str::<Held>("{}").unwrap().list.len(), 0);
    }
}
