//! How many sidecars run an object, as far as anybody knows.

use std::collections::BTreeMap;

use outrigger_compile::ObjectRef;

/// What became of one object among the sidecars of one replica, or of several that speak of the same generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `metadata.generation` of the object that the present views were compiled from. `None`: it has none, or could not be
    /// read.
    pub generation: Option<i64>,
    /// Sidecars whose policy has a part of the object.
    pub total: u32,
    /// Those that run it as it is now.
    pub current: u32,
    /// Those that do not apply it.
    pub rejected: u32,
    /// Those that go on with what it was before, because it means nothing now or because of a policy above it.
    pub held: u32,
    /// Why the first of the `rejected` does not apply it.
    pub rejection: String,
    /// What holds the first of the `held`, if it is not the object itself: `ModelPolicy demo/limits is broken`.
    pub holder: String,
}

/// Whether everybody was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Everybody has answered.
    #[default]
    Whole,
    /// Sidecars or replicas are about to come or to go: nothing is known that would be worth saying.
    Settling,
    /// So many replicas do not answer.
    Missing(u32),
}

/// What became of every object among all sidecars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Whether it is all of them.
    pub reach: Reach,
    /// One entry for each generation that a replica speaks of: at most as many as there are replicas.
    objects: BTreeMap<ObjectRef, Vec<Counts>>,
}

impl Counts {
    /// Adds what another replica says of the same generation.
    fn add(&mut self, other: &Self) {
        let Self { generation: _, total, current, rejected, held, rejection, holder } = other;
        self.total = self.total.saturating_add(*total);
        self.current = self.current.saturating_add(*current);
        self.rejected = self.rejected.saturating_add(*rejected);
        self.held = self.held.saturating_add(*held);
        for (mine, theirs) in [(&mut self.rejection, rejection), (&mut self.holder, holder)] {
            if mine.is_empty() {
                mine.clone_from(theirs);
            }
        }
    }
}

impl Tally {
    /// Of nobody yet.
    pub fn new(reach: Reach) -> Self {
        Self { reach, objects: BTreeMap::new() }
    }

    /// Adds what one replica says.
    pub fn add<'a>(&mut self, replica: impl IntoIterator<Item = (&'a ObjectRef, &'a Counts)>) {
        for (object, counts) in replica {
            let known = match self.objects.get_mut(object) {
                Some(known) => known,
                None => self.objects.entry(object.clone()).or_default(),
            };
            match known.iter_mut().find(|one| one.generation == counts.generation) {
                Some(same) => same.add(counts),
                None => known.push(counts.clone()),
            }
        }
    }

    /// What is known of `generation` of `object`. Who speaks of another one has its sidecars counted, and none of them as
    /// current: a replica that has not seen an edit says nothing of it.
    pub fn of(&self, object: &ObjectRef, generation: Option<i64>) -> Counts {
        let mut sum = Counts { generation, ..Counts::default() };
        for counts in self.objects.get(object).into_iter().flatten() {
            match counts.generation == generation {
                true => sum.add(counts),
                false => sum.add(&Counts { total: counts.total, ..Counts::default() }),
            }
        }
        sum
    }

    /// The objects of which `other` says something else.
    pub fn differences<'a>(&'a self, other: &'a Self) -> Vec<&'a ObjectRef> {
        let changed = self.objects.iter().filter(|(object, counts)| other.objects.get(*object) != Some(*counts));
        let gone = other.objects.keys().filter(|object| !self.objects.contains_key(*object));
        changed.map(|(object, _)| object).chain(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use outrigger_compile::Kind;

    use super::*;

    fn route(name: &str) -> ObjectRef {
        ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: name.to_owned() }
    }

    fn counts(generation: i64, total: u32, current: u32) -> Counts {
        Counts { generation: Some(generation), total, current, ..Counts::default() }
    }

    #[test]
    fn a_replica_that_has_not_seen_an_edit_counts_as_behind() {
        let mut tally = Tally::default();
        let refused = Counts { rejected: 2, rejection: "no".to_owned(), ..counts(3, 10, 8) };
        tally.add([(&route("r"), &counts(2, 5, 5))]);
        tally.add([(&route("r"), &refused)]);
        tally.add([(&route("r"), &counts(3, 4, 4))]);
        let now = tally.of(&route("r"), Some(3));
        assert_eq!((now.total, now.current, now.rejected, &*now.rejection), (19, 12, 2, "no"));
        let before = tally.of(&route("r"), Some(2));
        assert_eq!((before.total, before.current, before.rejected, &*before.rejection), (19, 5, 0, ""));
        assert_eq!(tally.of(&route("s"), Some(1)), Counts { generation: Some(1), ..Counts::default() });
    }

    #[test]
    fn what_differs_is_what_came_went_or_changed() {
        let of = |all: &[(&str, i64)]| {
            let mut tally = Tally::default();
            for (name, generation) in all {
                tally.add([(&route(name), &counts(*generation, 1, 1))]);
            }
            tally
        };
        let (old, new) = (of(&[("a", 1), ("b", 1), ("c", 1)]), of(&[("b", 1), ("c", 2), ("d", 1)]));
        let mut names: Vec<_> = new.differences(&old).into_iter().map(|object| object.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "c", "d"]);
    }
}
