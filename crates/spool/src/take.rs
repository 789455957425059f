//! What leaves: batches in the order of their numbers, read outside the lock, deleted when they were taken over.

use crate::{
    core::Core,
    disk::{Disk, name},
    frame::{self, HEAD, HEADER, Next},
    marks::Mark,
    place::{Place, Shelved},
    state::State,
    terms::{Epoch, LONGEST},
};

/// Entries of one epoch that are to be sent, and what is to be said with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Whose.
    pub epoch: Epoch,
    /// When that process started, in milliseconds since 1970.
    pub started_at_ms: u64,
    /// The highest number given so far.
    pub issued: u64,
    /// No number will follow, and nobody doubts that.
    pub closed: bool,
    /// Numbers below this one that were not sent are lost. 0: none.
    pub dropped_below: u64,
    /// Number and bytes of each.
    pub entries: Vec<(u64, Vec<u8>)>,
    /// Nothing of the epoch is left behind it.
    pub last: bool,
}

/// What is to be read.
struct Plan<F> {
    batch: Batch,
    source: Source<F>,
    /// What the source begins with.
    mark: Mark,
    /// The first number that is wanted, and the one behind the last of the segment.
    want: u64,
    next: u64,
}

enum Source<F> {
    Nothing,
    File(F, u64),
    /// All of the rest of the segment.
    Memory(Vec<u8>),
}

impl<D: Disk> Core<D> {
    pub(crate) fn batch(&self, entries: usize, bytes: usize) -> Option<Batch> {
        loop {
            let (plan, disk) = {
                let mut state = self.lock();
                (state.plan()?, state.disk.clone())
            };
            let Plan { mut batch, source, mark, want, next } = plan;
            let most = bytes + HEAD + LONGEST;
            let (read, cut) = match source {
                Source::Nothing => return Some(batch),
                Source::Memory(read) => (read, false),
                Source::File(file, end) => {
                    let rest = end.saturating_sub(mark.at);
                    let length = usize::try_from(rest).unwrap_or(usize::MAX).min(most);
                    (disk.map(|disk| whole(&*disk, &file, mark.at, length)).unwrap_or_default(), (length as u64) < rest)
                }
            };
            let (mut at, mut sequence, mut room, mut begins) = (0, mark.sequence, bytes, mark);
            let stopped = loop {
                if sequence >= next || batch.entries.len() >= entries {
                    break false;
                }
                let Next::Entry(entry) = frame::next(read.get(at..).unwrap_or_default(), sequence) else {
                    // Behind what was read there may be more; else there should have been.
                    break !(cut && at > 0);
                };
                if sequence >= want {
                    if entry.len() > room && !batch.entries.is_empty() {
                        break false;
                    }
                    room = room.saturating_sub(entry.len());
                    batch.entries.push((sequence, entry.to_vec()));
                } else {
                    begins = Mark { sequence: sequence + 1, at: mark.at + (at + HEAD + entry.len()) as u64, ..mark };
                }
                (at, sequence) = (at + HEAD + entry.len(), sequence + 1);
            };
            let mut state = self.lock();
            state.marks.0 = [begins, Mark { sequence, at: mark.at + at as u64, ..mark }];
            if stopped && let Some(shelf) = state.shelf(&batch.epoch) {
                shelf.unreadable(mark.segment, sequence);
                tracing::error!(
                    code = "spool_unreadable",
                    first = sequence,
                    next,
                    "entries of the spool cannot be read"
                );
            }
            if !batch.entries.is_empty() {
                let own = state.own.epoch == batch.epoch;
                batch.last = (!own || state.own.ended) && sequence > batch.issued;
                return Some(batch);
            }
        }
    }

    pub(crate) fn taken(&self, batch: &Batch, through: u64) -> bool {
        self.settle(|state| state.taken(batch, through))
    }

    pub(crate) fn give_up(&self, batch: &Batch) -> bool {
        self.settle(|state| state.give_up(batch))
    }

    /// Removes what was settled.
    fn settle(&self, change: impl FnOnce(&mut State<D>) -> bool) -> bool {
        let (disk, names) = {
            let mut state = self.lock();
            let further = change(&mut state);
            let names: Vec<String> = state.trash.drain(..).map(|(epoch, number)| name(&epoch, number)).collect();
            match (&state.disk, names.is_empty()) {
                (Some(disk), false) => (disk.clone(), (names, further)),
                _ => return further,
            }
        };
        let (names, further) = names;
        names.iter().for_each(|name| drop(disk.remove(name)));
        further
    }
}

/// So many bytes from there, or as many as can be read.
fn whole<D: Disk>(disk: &D, file: &D::File, from: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut read = 0;
    while read < length {
        match disk.read(file, from + read as u64, &mut bytes[read..]) {
            Ok(more) if more > 0 => read += more,
            _ => break,
        }
    }
    bytes.truncate(read);
    bytes
}

impl<D: Disk> State<D> {
    fn shelf(&mut self, epoch: &Epoch) -> Option<&mut Shelved<D>> {
        self.old.iter_mut().chain(std::iter::once(&mut self.own)).find(|shelf| shelf.epoch == *epoch)
    }

    /// What is to be read next.
    fn plan(&mut self) -> Option<Plan<D::File>> {
        let told = self.told;
        let marks = self.marks.0;
        let own = self.own.epoch;
        let shelves = self.old.iter_mut().chain(std::iter::once(&mut self.own));
        for shelf in shelves {
            let want = shelf.skip();
            let mut batch = Batch {
                epoch: shelf.epoch,
                started_at_ms: shelf.started_at_ms,
                issued: shelf.issued,
                closed: shelf.ended && shelf.whole,
                dropped_below: shelf.dropped_below,
                entries: Vec::new(),
                last: false,
            };
            let Some(segment) = shelf.segments.iter().find(|it| it.next > want) else {
                if shelf.ended && !(told && shelf.epoch == own) {
                    batch.last = true;
                    return Some(Plan { batch, source: Source::Nothing, mark: Mark::default(), want, next: want });
                }
                continue;
            };
            let of_it = |mark: &Mark| mark.epoch == shelf.epoch && mark.segment == segment.id && mark.sequence <= want;
            let start = if matches!(segment.place, Place::File { .. }) { HEADER as u64 } else { 0 };
            let start = Mark { epoch: shelf.epoch, segment: segment.id, sequence: segment.first, at: start };
            let mark = marks.into_iter().filter(of_it).max_by_key(|mark| mark.sequence).unwrap_or(start);
            let source = match &segment.place {
                Place::File { file, .. } => Source::File(file.clone(), segment.bytes),
                Place::Memory(chunk) => {
                    let at = usize::try_from(mark.at).unwrap_or(usize::MAX);
                    Source::Memory(chunk.get(at..).unwrap_or_default().to_vec())
                }
            };
            return Some(Plan { batch, source, mark, want, next: segment.next });
        }
        None
    }

    fn taken(&mut self, batch: &Batch, through: u64) -> bool {
        let Some(shelf) = self.shelf(&batch.epoch) else { return false };
        let further = shelf.taken(through);
        let finished = batch.last && shelf.through >= shelf.issued;
        if batch.epoch == self.own.epoch {
            self.clear_own();
            if finished {
                self.told = true;
                while let Some(segment) = self.own.segments.pop_front() {
                    self.put_away(batch.epoch, segment);
                }
                if let Some((_, number)) = self.spare.take() {
                    self.trash.push((batch.epoch, number));
                }
            }
            return further || finished;
        }
        let Some(at) = self.old.iter().position(|shelf| shelf.epoch == batch.epoch) else { return further };
        let mut gone = Vec::new();
        while let Some(segment) = self.old[at].done(false) {
            gone.push(segment);
        }
        if finished {
            self.old.remove(at);
        }
        gone.into_iter().for_each(|segment| self.put_away(batch.epoch, segment));
        further || finished
    }

    /// Gives up the first entry of `batch`.
    pub(crate) fn give_up(&mut self, batch: &Batch) -> bool {
        let Some((number, _)) = batch.entries.first() else { return false };
        if !self.shelf(&batch.epoch).is_some_and(|shelf| shelf.give_up(*number)) {
            return false;
        }
        self.refused += 1;
        // That it is given up, is still to be told.
        self.taken(&Batch { last: false, entries: Vec::new(), ..*batch }, *number);
        true
    }

    /// What is to be said while there is nothing to tell; `None`: nobody has heard of this process yet, or it has ended.
    pub(crate) fn word(&self) -> Option<Batch> {
        self.greeting().filter(|word| word.issued > 0)
    }

    /// The same, whether or not anybody has heard of it; `None`: it has ended.
    pub(crate) fn greeting(&self) -> Option<Batch> {
        let own = &self.own;
        (!own.ended).then(|| Batch {
            epoch: own.epoch,
            started_at_ms: own.started_at_ms,
            issued: own.issued,
            closed: false,
            dropped_below: own.dropped_below,
            entries: Vec::new(),
            last: false,
        })
    }

    pub(crate) fn pass(&mut self, batch: &Batch) {
        let through = batch.entries.last().map_or(batch.issued, |(sequence, _)| *sequence);
        if let Some(shelf) = self.shelf(&batch.epoch) {
            shelf.taken(through);
        }
        if batch.last {
            match batch.epoch == self.own.epoch {
                true => self.told = true,
                false => self.old.retain(|shelf| shelf.epoch != batch.epoch),
            }
        }
    }
}
