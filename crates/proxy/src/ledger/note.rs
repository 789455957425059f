//! What is noted of a request for the ledger while it runs.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue};
use outrigger_route::Target;
use outrigger_wire::{Head, Usage};
use smallvec::SmallVec;

use super::users::Users;
use crate::{headers::TAG, intake::SESSION, record::price::Price};

/// Most tags of a request, and most bytes of a tag's name and value.
const TAGS: usize = 8;
const TAG_NAME: usize = 32;
const TAG_VALUE: usize = 64;

/// How a target was chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decision {
    pub(crate) strategy: &'static str,
    pub(crate) candidates: usize,
    pub(crate) excluded: usize,
    pub(crate) revision: Box<str>,
    pub(crate) sticky: bool,
}

/// One call that was sent.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) target: Arc<Target>,
    pub(super) key: Option<usize>,
    pub(super) sent: Duration,
    /// `None`: it was let go.
    pub(super) end: Option<End>,
}

/// How a call ended, and what it used.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) took: Duration,
    pub(crate) status: u16,
    /// `ok`, or the failure's.
    pub(crate) code: &'static str,
    /// It was the provider's fault.
    pub(crate) blamed: bool,
    pub(crate) usage: Option<Usage>,
    pub(crate) price: Option<Price>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) user: Box<str>,
    pub(super) session: Box<str>,
    pub(super) tags: Vec<(Box<str>, Box<str>)>,
    pub(super) decision: Option<Decision>,
    pub(super) calls: SmallVec<[Call; 1]>,
}

impl Notes {
    /// The code of the first failure that made another target be asked.
    pub(super) fn moved_by(&self) -> Option<&'static str> {
        let moved = self.calls.windows(2).find(|two| !Arc::ptr_eq(&two[0].target, &two[1].target))?;
        moved[0].end.as_ref().map(|end| end.code).filter(|code| *code != "ok")
    }

    /// Whose request it is, by what its caller says.
    pub(super) fn read(&mut self, headers: &HeaderMap, head: &Head<'_>, users: &Users) {
        let header = || headers.get(SESSION).and_then(|value| value.to_str().ok());
        let booked = |word: &str| if word.is_empty() { "".into() } else { users.booked(word) };
        self.user = head.string("user").map(|user| booked(&user)).unwrap_or_default();
        self.session = match head.string("session_id") {
            Some(session) => booked(&session),
            None => header().map(booked).unwrap_or_default(),
        };
        self.tags = headers.iter().filter_map(|(name, value)| tag(name.as_str(), value)).take(TAGS).collect();
    }
}

/// A tag, if the header is one that can be booked: a value of printable ASCII, cut where it is too long.
fn tag(name: &str, value: &HeaderValue) -> Option<(Box<str>, Box<str>)> {
    let name = name.strip_prefix(TAG).filter(|name| (1..=TAG_NAME).contains(&name.len()))?;
    let value = value.to_str().ok()?;
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain.then(|| (name.into(), value[..value.floor_char_boundary(TAG_VALUE)].into()))
}
