//! Which file goes into which ConfigMap, and what finds no place: pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

use outrigger_api::{
    bootstrap::{self, FILE, File, MAP, MAPS, TooLarge, WRITTEN},
    key,
    v1::{BootstrapIndex, BootstrapKey, BootstrapStored},
};
use outrigger_cluster::bootstrap::{Content, Left};
use outrigger_compile::{Kind, ObjectRef, Selecting, Selection};

/// Which map a file is in: one that is in one stays there, so that a view more changes one map.
pub(super) type Places = BTreeMap<Box<str>, usize>;

/// A view.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) selection: Selection,
    /// `None` if it cannot be compiled, which is a bug of ours.
    pub(super) file: Option<Arc<Result<File, TooLarge>>>,
    /// Its keys, as places among all of the namespace.
    pub(super) keys: Vec<u32>,
}

impl View {
    fn stored(&self) -> Option<&File> {
        self.file.as_deref()?.as_ref().ok()
    }
}

/// What a namespace should hold.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) left: Left,
    /// Views in it.
    pub(super) stored: usize,
    /// Views that should be in it.
    pub(super) missing: usize,
}

/// Lays out `views`, the most needed first, and how many more there are. `keys`: where those of the namespace lie. `places`: where
/// files were before, and are now. `now`: when all that was so, at the earliest.
pub(super) fn lay(
    namespace: &str,
    objects: &[Selecting<'_>],
    (views, unlisted): (&[View], usize),
    keys: &[BootstrapKey],
    places: &mut Places,
    now: SystemTime,
) -> Layout {
    let files: Vec<&File> = views.iter().filter_map(View::stored).collect();
    *places = place(&files, places);
    let stored: Vec<BootstrapStored> = views
        .iter()
        .filter_map(|view| {
            let file = view.stored().filter(|file| places.contains_key(&file.name))?;
            let objects = positions(objects, &view.selection);
            Some(BootstrapStored { file: file.name.to_string(), objects, keys: view.keys.clone() })
        })
        .collect();
    let large = views.iter().filter(|view| matches!(view.file.as_deref(), Some(Err(_)))).count();
    let missing = views.len() - stored.len() + unlisted;
    let stored_count = stored.len();
    let entries = objects.iter().map(|it| bootstrap::selecting(key_of(&it.object), it.accounts, it.labels.clone()));
    let index = BootstrapIndex {
        namespace: namespace.to_owned(),
        objects: entries.collect(),
        views: stored,
        keys: keys.to_vec(),
    };
    let (index, unnamed) = match bootstrap::index(&index) {
        Ok(file) => (Ok(file), false),
        // Whom a policy is for comes first: what starts with it can wait for keys.
        Err(_) => (bootstrap::index(&without_keys(index)), true),
    };
    let index = match index {
        Ok(index) => index,
        Err(TooLarge { packed, .. }) => {
            places.clear();
            let why = format!(
                "no pod of this namespace has a policy to start with while no control plane can be asked: what its routes and \
                 policies select by is {packed} bytes, and {FILE} may be; select by less"
            );
            let maps = std::array::from_fn(|_| Arc::new(Content::new(BTreeMap::new(), BTreeMap::new())));
            return Layout { left: Left { maps, missing: Some(why) }, stored: 0, missing: views.len() + unlisted };
        }
    };
    let mut maps: [BTreeMap<String, Vec<u8>>; MAPS.len()] = Default::default();
    maps[0].insert(index.name.to_string(), index.bytes.to_vec());
    for file in files {
        if let Some(at) = places.get(&file.name) {
            maps[*at].insert(file.name.to_string(), file.bytes.to_vec());
        }
    }
    let views_missing = (missing > 0).then(|| {
        format!(
            "{missing} of {} policies of this namespace are not kept for pods that start while no control plane can be asked: \
             {large} are larger than the {FILE} bytes that one may be, and the others find no place in {} ConfigMaps of {MAP} \
             bytes; such pods wait for the control plane",
            views.len() + unlisted,
            MAPS.len(),
        )
    });
    let keys_missing = unnamed.then(|| {
        format!(
            "no pod of this namespace mounts keys for such a start: where its {} keys lie makes what it selects by larger than \
             the {FILE} bytes that it may be; select by less",
            keys.len()
        )
    });
    let said: Vec<String> = views_missing.into_iter().chain(keys_missing).collect();
    let said = (!said.is_empty()).then(|| said.join("; "));
    let maps = maps.map(|files| Arc::new(Content::new(BTreeMap::new(), files).stamped(WRITTEN, now)));
    Layout { left: Left { maps, missing: said }, stored: stored_count, missing }
}

/// The same index, without where keys lie.
fn without_keys(index: BootstrapIndex) -> BootstrapIndex {
    let views = index.views.into_iter().map(|view| BootstrapStored { keys: Vec::new(), ..view }).collect();
    BootstrapIndex { views, keys: Vec::new(), ..index }
}

/// A place for each of `files`, as long as there is one; those of `before` are kept.
fn place(files: &[&File], before: &Places) -> Places {
    let mut room = [MAP; MAPS.len()];
    // The index is in the first, however large it becomes.
    room[0] -= FILE;
    let mut places = Places::new();
    let mut take = |file: &File, at: usize| {
        let fits = room[at] >= file.bytes.len();
        room[at] -= if fits { file.bytes.len() } else { 0 };
        fits
    };
    for file in files {
        if let Some(at) = before.get(&file.name)
            && !places.contains_key(&file.name)
            && take(file, *at)
        {
            places.insert(file.name.clone(), *at);
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for file in files {
        if seen.insert(&file.name)
            && !places.contains_key(&file.name)
            && let Some(at) = (0..MAPS.len()).find(|at| take(file, *at))
        {
            places.insert(file.name.clone(), at);
        }
    }
    places
}

fn positions(objects: &[Selecting<'_>], selection: &Selection) -> Vec<u32> {
    let selected = |object: &ObjectRef| match object.kind {
        Kind::ModelRoute => selection.routes.contains(&object.name),
        _ => selection.policies.contains(object),
    };
    (0..).zip(objects).filter(|(_, it)| selected(&it.object)).map(|(at, _)| at).collect()
}

fn key_of(object: &ObjectRef) -> String {
    let kind = if object.kind == Kind::ModelRoute { key::Kind::Route } else { key::Kind::Policy };
    kind.key(&object.full_name())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
