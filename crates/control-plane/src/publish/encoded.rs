//! A view as it is sent: each resource encoded once, each step from one state to the next framed and compressed once, for
//! all sidecars that take it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use outrigger_api::{
    Hash,
    bootstrap::{self, File, TooLarge},
    encode::{Resources, encode},
    revision,
    v1::{self, sync_response::Message as Told},
};
use outrigger_compile::Selection;
use outrigger_route::{View, closed::Closed, view::Header};
use prost::Message as _;

use super::{keys::Keys, parts::Parts};
use crate::{lock::lock, push::frame};

/// Frames that are kept of one view: steps from the views before it, from nothing, and from what old sidecars had on disk.
const FRAMES: usize = 32;
/// Most resources that a sidecar may say it holds.
const HOLDINGS: usize = 16_384;
/// Most bytes of a view, as a sidecar holds them.
const BYTES: usize = 64 << 20;
/// Longest key.
const KEY: usize = 600;

/// The resources of a view.
pub(crate) struct Encoded {
    /// Hash of all of it.
    pub(crate) revision: Box<str>,
    resources: Resources,
    /// Which objects it has a part of.
    pub(crate) parts: Parts,
    /// Which keys are in it.
    pub(crate) keys: Keys,
    /// By the revision that they start from and whether they are compressed; the oldest go first.
    frames: Mutex<Vec<(Box<str>, bool, Bytes)>>,
}

/// What a sidecar holds.
#[derive(Debug)]
pub(crate) enum Held {
    /// As it says.
    Said { revision: Box<str>, holdings: BTreeMap<Box<str>, Hash> },
    /// A view that it was sent from here and has acknowledged.
    View(Arc<Encoded>),
}

impl Encoded {
    /// The view of the workloads that `selection` selects.
    pub(crate) fn new(view: &View, selection: &Selection) -> Self {
        let resources = encode(view);
        let bytes: usize = resources.values().map(|resource| resource.body.len()).sum();
        if resources.len() <= HOLDINGS && bytes <= BYTES {
            return Self::of(view, selection, resources);
        }
        // No sidecar would hold it, and each would ask for it again and again.
        let reason = format!("{} resources of {bytes} bytes are more than a sidecar holds", resources.len());
        tracing::error!(code = "view_too_large", "{reason}: its sidecars go on with what they hold");
        let stand_in = refused(reason, view);
        Self::of(&stand_in, selection, encode(&stand_in))
    }

    fn of(view: &View, selection: &Selection, resources: Resources) -> Self {
        let parts = Parts::new(view, selection, &resources);
        let revision = revision(resources.iter().map(|(key, resource)| (&**key, &resource.hash[..])));
        Self { revision, resources, parts, keys: Keys::of(view), frames: Mutex::default() }
    }

    /// Makes the update from `held`, which its sidecars are about to ask for.
    pub(crate) fn prepare(&self, held: Arc<Self>) {
        self.update(&Held::View(held), true);
    }

    /// Makes the update that a sidecar without anything is about to ask for.
    pub(crate) fn prepare_from_nothing(&self) {
        self.update(&Held::Said { revision: revision([]), holdings: BTreeMap::new() }, true);
    }

    /// The update from what is held to this, framed.
    pub(crate) fn update(&self, held: &Held, gzip: bool) -> Bytes {
        let from = held.revision();
        let found = |frames: &[(Box<str>, bool, Bytes)]| {
            frames
                .iter()
                .find(|(start, packed, _)| **start == *from && *packed == gzip)
                .map(|(.., frame)| frame.clone())
        };
        if let Some(frame) = found(&lock(&self.frames)) {
            return frame;
        }
        let update = self.difference(held);
        // Keys that no view has are what one sidecar says, and nobody else's business.
        let shared = matches!(held, Held::View(_)) || update.removed.is_empty();
        let message = v1::SyncResponse { message: Some(Told::Update(update)) }.encode_to_vec();
        let frame = if gzip { frame::gzipped(&message) } else { frame::plain(&message) };
        if !shared {
            return frame;
        }
        let mut frames = lock(&self.frames);
        // Another may have made it meanwhile: then that one is shared.
        if let Some(frame) = found(&frames) {
            return frame;
        }
        if frames.len() >= FRAMES {
            frames.remove(0);
        }
        frames.push((from.into(), gzip, frame.clone()));
        frame
    }

    fn difference(&self, held: &Held) -> v1::Update {
        let resources = self.resources.iter().filter(|(key, resource)| held.hash(key) != Some(&resource.hash));
        let gone = |key: &&str| !self.resources.contains_key(*key);
        v1::Update {
            revision: self.revision.to_string(),
            resources: resources
                .map(|(key, resource)| v1::Resource {
                    key: key.to_string(),
                    hash: Bytes::copy_from_slice(&resource.hash),
                    body: resource.body.clone(),
                })
                .collect(),
            removed: held.keys().into_iter().filter(gone).map(str::to_owned).collect(),
        }
    }
}

/// What stands in for a `view` that no sidecar would hold: whoever has an earlier one goes on with it, as far as providers and
/// keys are still there.
fn refused(reason: String, view: &View) -> View {
    let why = Closed::Broken { object: "the policy of this workload".into(), reason: reason.into() };
    let alive = view.credentials.iter().map(|(key, keys)| (key.clone(), Some(keys.clone()))).collect();
    View { header: Header { refused: Some(why), ..Header::default() }.into(), alive, ..View::default() }
}

impl Encoded {
    /// What of it a pod may start with while no control plane can be asked: all but keys.
    ///
    /// # Errors
    ///
    /// If it is larger than that may be.
    pub(crate) fn bootstrap(&self) -> Result<File, TooLarge> {
        bootstrap::view(&self.resources)
    }

    /// Whether `other` says the same of `key`.
    pub(crate) fn agrees(&self, other: &Self, key: &str) -> bool {
        let hash = |view: &Self| view.resources.get(key).map(|resource| resource.hash);
        hash(self).is_some() && hash(self) == hash(other)
    }
}

impl Held {
    /// From a hello, whose promise of bounds is held here.
    pub(crate) fn of(holdings: Vec<v1::Holding>) -> Result<Self, &'static str> {
        if holdings.len() > HOLDINGS {
            return Err("more than 16384 holdings");
        }
        let mut all: BTreeMap<Box<str>, Hash> = BTreeMap::new();
        for v1::Holding { key, hash } in holdings {
            let hash = Hash::try_from(&hash[..]).map_err(|_| "a hash of a holding is not 32 bytes long")?;
            if key.len() > KEY {
                return Err("a key of a holding is too long");
            }
            all.insert(key.into(), hash);
        }
        let revision = revision(all.iter().map(|(key, hash)| (&**key, &hash[..])));
        Ok(Self::Said { revision, holdings: all })
    }

    /// Whether it was sent `view` from here. What it says it holds is never it: it wants to hear the revision once.
    pub(crate) fn is(&self, view: &Encoded) -> bool {
        matches!(self, Self::View(held) if held.revision == view.revision)
    }

    fn revision(&self) -> &str {
        match self {
            Self::Said { revision, .. } => revision,
            Self::View(view) => &view.revision,
        }
    }

    fn hash(&self, key: &str) -> Option<&Hash> {
        match self {
            Self::Said { holdings, .. } => holdings.get(key),
            Self::View(view) => view.resources.get(key).map(|resource| &resource.hash),
        }
    }

    fn keys(&self) -> Vec<&str> {
        match self {
            Self::Said { holdings, .. } => holdings.keys().map(|key| &**key).collect(),
            Self::View(view) => view.resources.keys().map(|key| &**key).collect(),
        }
    }
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoded").field("revision", &self.revision).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use outrigger_route::view::RoutePart;

    use super::*;

    fn holding(key: &str, hash: &[u8]) -> v1::Holding {
        v1::Holding { key: key.to_owned(), hash: hash.to_vec() }
    }

    /// What a sidecar says it holds is bounded before anything is made of it.
    #[test]
    fn a_hello_is_held_to_its_bounds() {
        let many = |count: usize| (0..count).map(|at| holding(&format!("route/demo/{at}"), &[0; 32])).collect();
        assert!(Held::of(many(HOLDINGS)).is_ok() && Held::of(many(HOLDINGS + 1)).is_err());
        assert!(Held::of(vec![holding("header", &[0; 31])]).is_err());
        let key = |length: usize| "k".repeat(length);
        assert!(Held::of(vec![holding(&key(KEY), &[0; 32])]).is_ok());
        assert!(Held::of(vec![holding(&key(KEY + 1), &[0; 32])]).is_err());
    }

    fn encoded(view: &View) -> Encoded {
        Encoded::new(view, &Selection { namespace: "demo".to_owned(), routes: Vec::new(), policies: Vec::new() })
    }

    fn routes(count: usize) -> View {
        let route = |at: usize| {
            let name: Box<str> = format!("demo/r{at}").into();
            let mut part = RoutePart { names: Vec::new(), route: outrigger_route::Route::default(), lines: Vec::new() };
            part.route.name = name.clone();
            (name, Arc::new(part))
        };
        View { routes: (0..count).map(route).collect(), ..View::default() }
    }

    /// A view that no sidecar would hold is not sent, which each would refuse and ask for again: its header alone says so.
    #[test]
    fn a_view_beyond_what_a_sidecar_holds_is_refused_here() {
        // The header is one more.
        assert_eq!(encoded(&routes(HOLDINGS - 1)).resources.len(), HOLDINGS);
        let refused = encoded(&routes(HOLDINGS));
        assert_eq!(refused.resources.keys().map(|key| &**key).collect::<Vec<_>>(), ["header"]);
    }

    /// Steps are made once for all who take them, and no more are kept than the bound.
    #[test]
    fn frames_are_shared_and_bounded() {
        let view = encoded(&routes(2));
        let nothing = || Held::of(Vec::new()).unwrap();
        let (first, again) = (view.update(&nothing(), true), view.update(&nothing(), true));
        assert_eq!(first.as_ptr(), again.as_ptr());
        for at in 0..2 * FRAMES {
            let held = Held::of(vec![holding("route/demo/r1", &[u8::try_from(at).unwrap(); 32])]).unwrap();
            view.update(&held, true);
        }
        assert_eq!(lock(&view.frames).len(), FRAMES);
        // What no view has is one sidecar's word, and kept for nobody.
        let before = lock(&view.frames).last().unwrap().0.clone();
        view.update(&Held::of(vec![holding("route/demo/gone", &[1; 32])]).unwrap(), true);
        assert_eq!(lock(&view.frames).last().unwrap().0, before);
    }
}
