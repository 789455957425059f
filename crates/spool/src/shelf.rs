//! Which segments there are of an epoch, which of its numbers were taken over, which are lost. Pure.

use std::collections::VecDeque;

use crate::terms::Epoch;

/// Entries `first..next`, wherever they lie.
#[derive(Debug)]
pub(crate) struct Segment<P> {
    /// Its own within the epoch.
    pub(crate) id: u64,
    pub(crate) first: u64,
    /// The number behind its last entry.
    pub(crate) next: u64,
    /// Bytes of it, header included.
    pub(crate) bytes: u64,
    /// When it was begun.
    pub(crate) born_ms: u64,
    pub(crate) place: P,
}

/// All that is known of an epoch. The numbers of its segments grow; what lies between two of them is lost.
#[derive(Debug)]
pub(crate) struct Shelf<P> {
    pub(crate) epoch: Epoch,
    pub(crate) started_at_ms: u64,
    /// The highest number given.
    pub(crate) issued: u64,
    /// All up to this one were taken over or are lost.
    pub(crate) through: u64,
    /// Numbers below this one that were not taken over are lost. 0: none are.
    pub(crate) dropped_below: u64,
    /// How many below that are.
    lost: u64,
    /// No number will follow.
    pub(crate) ended: bool,
    /// That none followed is sure.
    pub(crate) whole: bool,
    pub(crate) segments: VecDeque<Segment<P>>,
}

impl<P> Shelf<P> {
    pub(crate) fn new(epoch: Epoch, started_at_ms: u64) -> Self {
        Self {
            epoch,
            started_at_ms,
            issued: 0,
            through: 0,
            dropped_below: 0,
            lost: 0,
            ended: false,
            whole: true,
            // Room for a full disk's, so that adding allocates nothing.
            segments: VecDeque::with_capacity(96),
        }
    }

    /// Entries that are here and were not taken over.
    pub(crate) fn waiting(&self) -> u64 {
        self.segments.iter().map(|it| it.next.saturating_sub(it.first.max(self.through + 1))).sum()
    }

    /// Entries that are neither here nor taken over.
    pub(crate) fn lost(&self) -> u64 {
        self.lost + (self.issued.saturating_sub(self.through)).saturating_sub(self.waiting())
    }

    /// Passes over what is lost before the next entry that is here. Answers the number of that entry: the one behind the last
    /// where none is.
    pub(crate) fn skip(&mut self) -> u64 {
        let here = |it: &&Segment<P>| it.next > it.first.max(self.through + 1);
        let next = self.segments.iter().find(here).map_or(self.issued + 1, |it| it.first.max(self.through + 1));
        if next > self.through + 1 {
            self.lost += next - self.through - 1;
            self.through = next - 1;
            self.dropped_below = next;
        }
        next
    }

    /// All up to `through` were taken over. Answers whether that is more than was known.
    pub(crate) fn taken(&mut self, through: u64) -> bool {
        let through = through.min(self.issued);
        if through < self.through {
            // It has forgotten what it once had, and will not get it from here.
            self.dropped_below = self.through + 1;
            return false;
        }
        std::mem::replace(&mut self.through, through) < through
    }

    /// Gives up the next one, which is here and nobody takes. Answers whether it was the next.
    pub(crate) fn give_up(&mut self, number: u64) -> bool {
        let next = number == self.through + 1 && number <= self.issued;
        if next {
            (self.through, self.dropped_below) = (number, number + 1);
        }
        next
    }

    /// The next segment of which nothing is needed any more; the last one stays while `keep_last`.
    pub(crate) fn done(&mut self, keep_last: bool) -> Option<Segment<P>> {
        let room = self.segments.len() > usize::from(keep_last);
        let done = self.segments.front().is_some_and(|it| it.next <= self.through + 1);
        (room && done).then(|| self.segments.pop_front()).flatten()
    }

    /// Of segment `id`, nothing from number `from` on can be read.
    pub(crate) fn unreadable(&mut self, id: u64, from: u64) {
        if let Some(segment) = self.segments.iter_mut().find(|it| it.id == id) {
            segment.next = segment.next.min(from.max(segment.first));
        }
    }
}
