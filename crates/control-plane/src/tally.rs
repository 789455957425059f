//! What became of each object among the sidecars that are connected here: pure.
//!
//! A stream counts from its first acknowledgement on: a sidecar that has just come, or comes back, is not one that is behind,
//! and one that never answers is sent away within a minute.

pub(crate) mod counting;
mod stream;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use outrigger_cluster::status::Counts;
use outrigger_compile::ObjectRef;
pub(crate) use stream::{Rejections, Stream};

use crate::publish::{Encoded, Standing, object_of};

/// What streams have to have in common to be counted as one.
type Group<'a> = (*const Encoded, bool, *const Encoded, Option<&'a Rejections>);

/// Counts `streams`. `generation`: that of an object in the world that the present views were compiled from.
pub(crate) fn tally(streams: &[Stream], generation: impl Fn(&ObjectRef) -> Option<i64>) -> BTreeMap<ObjectRef, Counts> {
    let mut groups: HashMap<Group<'_>, (&Stream, &Encoded, u32)> = HashMap::new();
    for stream in streams {
        let Some(acked) = &stream.acked else { continue };
        let key = (Arc::as_ptr(&stream.present), stream.behind, Arc::as_ptr(acked), stream.rejections.as_deref());
        groups.entry(key).or_insert((stream, acked, 0)).2 += 1;
    }
    let mut all: BTreeMap<&ObjectRef, Counts> = BTreeMap::new();
    for (stream, acked, count) in groups.into_values() {
        add(stream, acked, count, &mut all);
    }
    let all = all.into_iter().map(|(object, counts)| {
        let counts = Counts { generation: generation(object), ..counts };
        (object.clone(), counts)
    });
    all.collect()
}

/// Adds so many streams that are as `stream`.
fn add<'a>(stream: &'a Stream, acked: &Encoded, count: u32, all: &mut BTreeMap<&'a ObjectRef, Counts>) {
    let Stream { present, behind, acked: _, rejections } = stream;
    let mut rejected: HashMap<ObjectRef, &str> = HashMap::new();
    // What is no object's alone is everybody's.
    let mut whole: Option<&str> = None;
    for rejection in rejections.iter().flat_map(|it| &it.listed) {
        let why = if rejection.reason.is_empty() { &rejection.code } else { &rejection.reason };
        match object_of(&rejection.key) {
            Some(object) => drop(rejected.entry(object).or_insert(why)),
            None => drop(whole.get_or_insert(why)),
        }
    }
    // Of those that are not listed nobody knows which they are.
    let unknown = *behind || rejections.as_ref().is_some_and(|it| it.more);
    let same = std::ptr::eq(&raw const **present, acked);
    for (object, standing) in &present.parts.of {
        let counts = all.entry(object).or_default();
        counts.total += count;
        match standing {
            Standing::Broken => counts.held += count,
            Standing::Above => {
                counts.held += count;
                lower(&mut counts.holder, &present.parts.holder);
            }
            Standing::Whole(_) => match rejected.get(object).copied().or(whole) {
                Some(why) => {
                    counts.rejected += count;
                    lower(&mut counts.rejection, why);
                }
                None if unknown => {}
                None if same || acked.parts.of.get(object) == Some(standing) => counts.current += count,
                None => {}
            },
        }
    }
}

/// The first in order of letters: streams have no order that would stay.
fn lower(text: &mut String, other: &str) {
    if text.is_empty() || other < text.as_str() {
        other.clone_into(text);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
