//! What is under the lock: adding, and what there is too much of.

use std::{collections::VecDeque, io, sync::Arc};

use crate::{
    disk::{Disk, name},
    found,
    frame::{self, HEAD, HEADER, Header, SPILLED},
    marks::Marks,
    place::{Place, Shelved},
    shelf::{Segment, Shelf},
    terms::{Epoch, LEAST, LONGEST, Settings, Standing},
};

/// Entries without a disk lie in pieces of this size.
pub(crate) const CHUNK: usize = 64 << 10;
/// A segment that was taken over whole is begun anew once it is this long.
const SMALL: u64 = 64 << 10;
/// How many segments an entry's time is divided into: it goes that much earlier or later.
const STEPS: u64 = 24;

/// How much there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) disk: u64,
    memory: usize,
    /// Length at which the next segment is begun.
    pub(crate) segment: u64,
    pub(crate) age_ms: u64,
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State<D: Disk> {
    pub(crate) disk: Option<Arc<D>>,
    pub(crate) clock: fn() -> u64,
    pub(crate) limits: Limits,
    /// Of earlier processes, the oldest first.
    pub(crate) old: VecDeque<Shelved<D>>,
    pub(crate) own: Shelved<D>,
    /// The last segment of `own` may be added to.
    live: bool,
    /// The next segment, and its number in the folder.
    pub(crate) spare: Option<(D::File, u64)>,
    /// Number of the last file.
    pub(crate) number: u64,
    /// Id of the last segment.
    id: u64,
    /// Nobody has it any more.
    pub(crate) left: bool,
    /// The disk takes what is written.
    pub(crate) healthy: bool,
    /// What it said when it did not.
    pub(crate) trouble: Option<io::Error>,
    /// That was said.
    pub(crate) said: bool,
    /// The live segment was written to.
    pub(crate) dirty: bool,
    /// Segments that are finished and not synced.
    pub(crate) unsynced: Vec<D::File>,
    /// Files to remove.
    pub(crate) trash: Vec<(Epoch, u64)>,
    pub(crate) disk_bytes: u64,
    memory_bytes: usize,
    /// A header, and an entry behind its length.
    frame: Box<[u8; HEADER + HEAD + LONGEST]>,
    pub(crate) marks: Marks,
    /// The last word of `own` was taken.
    pub(crate) told: bool,
    /// Entries that were given up.
    pub(crate) refused: u64,
}

impl<D: Disk> State<D> {
    /// With what is found on the disk.
    pub(crate) fn new(
        settings: &Settings,
        disk: Option<D>,
        epoch: Epoch,
        started_at_ms: u64,
        clock: fn() -> u64,
    ) -> Self {
        let limit = settings.limit.max(LEAST);
        let limits = Limits {
            disk: limit,
            memory: usize::try_from(settings.memory).unwrap_or(usize::MAX).max(2 * CHUNK),
            segment: (limit / 32).clamp(16 << 10, 1 << 20),
            age_ms: u64::try_from(settings.age.as_millis()).unwrap_or(u64::MAX),
        };
        let mut state = Self {
            disk: disk.map(Arc::new),
            clock,
            limits,
            old: VecDeque::new(),
            own: Shelf::new(epoch, started_at_ms),
            live: false,
            spare: None,
            number: 0,
            id: 0,
            left: false,
            healthy: true,
            trouble: None,
            said: false,
            dirty: false,
            unsynced: Vec::with_capacity(16),
            trash: Vec::with_capacity(96),
            disk_bytes: 0,
            memory_bytes: 0,
            frame: Box::new([0; HEADER + HEAD + LONGEST]),
            marks: Marks::default(),
            told: false,
            refused: 0,
        };
        if let Some(disk) = state.disk.clone() {
            let found = found::look(&*disk, (clock)());
            state.disk_bytes = found.bytes;
            state.old = found.shelves;
            state.trash = found.useless;
        }
        state
    }

    /// Adds an entry.
    pub(crate) fn append(&mut self, entry: &[u8]) -> Option<u64> {
        if entry.is_empty() || entry.len() > LONGEST || self.own.ended {
            return None;
        }
        let sequence = self.own.issued + 1;
        self.frame[HEADER..HEADER + HEAD].copy_from_slice(&frame::head(sequence, entry));
        self.frame[HEADER + HEAD..HEADER + HEAD + entry.len()].copy_from_slice(entry);
        let size = HEAD + entry.len();
        if !self.put_on_disk(sequence, size) {
            self.put_in_memory(sequence, size);
        }
        self.own.issued = sequence;
        Some(sequence)
    }

    /// Whether there was room for the entry in `frame`, and the disk took it.
    fn put_on_disk(&mut self, sequence: u64, size: usize) -> bool {
        if !self.healthy || self.disk.is_none() {
            return false;
        }
        let long = size as u64;
        let room = self.limits.disk.saturating_sub(self.disk_bytes);
        let written = self.live_file().map(|it| it.bytes);
        let fits = |most: u64| written.is_some_and(|bytes| bytes + long <= most && long <= room);
        if fits(self.limits.segment) {
            return self.write(sequence, size);
        }
        if self.spare.is_some() && HEADER as u64 + long <= room {
            return self.roll(sequence, size);
        }
        // The thread has not made the next one yet.
        fits(4 * self.limits.segment) && self.write(sequence, size)
    }

    fn live_file(&self) -> Option<&Segment<Place<D::File>>> {
        self.own.segments.back().filter(|it| self.live && matches!(it.place, Place::File { .. }))
    }

    /// Adds to the live segment.
    fn write(&mut self, sequence: u64, size: usize) -> bool {
        let (Some(disk), Some(segment)) = (&self.disk, self.own.segments.back_mut()) else { return false };
        let Place::File { file, .. } = &segment.place else { return false };
        match disk.write(file, segment.bytes, &self.frame[HEADER..HEADER + size]) {
            Ok(written) if written == size => {
                segment.bytes += size as u64;
                segment.next = sequence + 1;
                self.disk_bytes += size as u64;
                self.dirty = true;
                true
            }
            told => {
                // What is not whole must not stand before anything else.
                let _ = disk.cut(file, segment.bytes);
                self.fail(told.err());
                false
            }
        }
    }

    /// Begins the next segment, with the entry in `frame` if `size` is not 0.
    fn roll(&mut self, sequence: u64, size: usize) -> bool {
        let (Some(disk), Some((file, number))) = (self.disk.clone(), self.spare.take()) else { return false };
        let born_ms = (self.clock)();
        let header = Header {
            epoch: self.own.epoch,
            boot: disk.boot(),
            started_at_ms: self.own.started_at_ms,
            born_ms,
            first: sequence,
            spilled: false,
        };
        self.frame[..HEADER].copy_from_slice(&header.write());
        let whole = HEADER + size;
        match disk.write(&file, 0, &self.frame[..whole]) {
            Ok(written) if written == whole => {}
            told => {
                let _ = disk.cut(&file, 0);
                self.trash.push((self.own.epoch, number));
                self.fail(told.err());
                return false;
            }
        }
        if let Some(Place::File { file, .. }) = self.live_file().map(|it| &it.place) {
            let file = file.clone();
            self.unsynced.push(file);
        }
        let next = sequence + u64::from(size > 0);
        let place = Place::File { file, number };
        self.id += 1;
        self.own.segments.push_back(Segment {
            id: self.id,
            first: sequence,
            next,
            bytes: whole as u64,
            born_ms,
            place,
        });
        self.disk_bytes += whole as u64;
        (self.live, self.dirty) = (true, true);
        true
    }

    fn fail(&mut self, why: Option<io::Error>) {
        self.healthy = false;
        self.trouble = Some(why.unwrap_or_else(|| io::ErrorKind::StorageFull.into()));
    }

    /// No disk from now on.
    pub(crate) fn give_up_disk(&mut self) {
        (self.disk, self.live) = (None, false);
    }

    fn put_in_memory(&mut self, sequence: u64, size: usize) {
        let entry = &self.frame[HEADER..HEADER + size];
        if let Some(Segment { place: Place::Memory(chunk), next, bytes, .. }) =
            self.own.segments.back_mut().filter(|_| self.live)
            && chunk.len() + size <= CHUNK
        {
            chunk.extend_from_slice(entry);
            (*next, *bytes) = (sequence + 1, chunk.len() as u64);
            return;
        }
        // Whoever finds the file after a kill is to know that it was not all.
        if let (Some(disk), Some(Place::File { file, .. })) = (&self.disk, self.live_file().map(|it| &it.place)) {
            let _ = disk.write(file, SPILLED, &[1]);
            let file = file.clone();
            self.unsynced.push(file);
        }
        let mut chunk = match self.memory_bytes + CHUNK > self.limits.memory {
            true => self.oldest_chunk(),
            false => None,
        }
        .unwrap_or_else(|| Vec::with_capacity(CHUNK));
        chunk.extend_from_slice(&self.frame[HEADER..HEADER + size]);
        self.memory_bytes += CHUNK;
        self.live = true;
        self.id += 1;
        self.own.segments.push_back(Segment {
            id: self.id,
            first: sequence,
            next: sequence + 1,
            bytes: chunk.len() as u64,
            born_ms: (self.clock)(),
            place: Place::Memory(chunk),
        });
    }

    /// Takes the oldest piece of memory for the next entries: what is in it is lost.
    fn oldest_chunk(&mut self) -> Option<Vec<u8>> {
        let at = self.own.segments.iter().position(|it| matches!(it.place, Place::Memory(_)))?;
        self.memory_bytes = self.memory_bytes.saturating_sub(CHUNK);
        match self.own.segments.remove(at)?.place {
            Place::Memory(mut chunk) => {
                chunk.clear();
                Some(chunk)
            }
            Place::File { .. } => None,
        }
    }

    /// Gives the room of a segment back.
    pub(crate) fn put_away(&mut self, epoch: Epoch, segment: Segment<Place<D::File>>) {
        match segment.place {
            Place::File { number, .. } => {
                self.disk_bytes = self.disk_bytes.saturating_sub(segment.bytes);
                self.trash.push((epoch, number));
            }
            Place::Memory(_) => self.memory_bytes = self.memory_bytes.saturating_sub(CHUNK),
        }
    }

    /// Drops the oldest until the next segment has room, and what is too old.
    pub(crate) fn trim(&mut self) {
        let now = (self.clock)();
        let old = |born_ms: u64| now.saturating_sub(born_ms) > self.limits.age_ms;
        let mut gone = Vec::new();
        let mut bytes = self.disk_bytes;
        let most = self.limits.disk - self.limits.segment;
        let own = usize::from(self.live);
        let shelves = self.old.iter_mut().map(|shelf| (shelf, 0)).chain(std::iter::once((&mut self.own, own)));
        for (shelf, kept) in shelves {
            while shelf.segments.len() > kept {
                let Some(first) = shelf.segments.front() else { break };
                let on_disk = matches!(first.place, Place::File { .. });
                if !(old(first.born_ms) || (on_disk && bytes > most)) {
                    break;
                }
                let Some(segment) = shelf.segments.pop_front() else { break };
                bytes -= if on_disk { segment.bytes } else { 0 };
                gone.push((shelf.epoch, segment));
            }
        }
        gone.into_iter().for_each(|(epoch, segment)| self.put_away(epoch, segment));
        // Of what is added to still, the oldest must not wait for the newest.
        let step = self.limits.age_ms / STEPS;
        let due = |it: &Segment<_>| it.next > it.first && now.saturating_sub(it.born_ms) > step;
        if self.live_file().is_some_and(due) {
            self.begin();
        }
    }

    /// Begins a segment on disk that is empty yet.
    pub(crate) fn begin(&mut self) {
        if self.healthy && !self.own.ended && self.spare.is_some() {
            self.roll(self.own.issued + 1, 0);
        }
    }

    /// Deletes what was taken over.
    pub(crate) fn clear_own(&mut self) {
        let long = |it: &Segment<_>| it.bytes > SMALL && it.next > it.first;
        if self.own.through == self.own.issued && self.live_file().is_some_and(long) {
            self.begin();
        }
        while let Some(segment) = self.own.done(self.live) {
            self.put_away(self.own.epoch, segment);
        }
    }

    /// No entry follows.
    pub(crate) fn end(&mut self) {
        if std::mem::replace(&mut self.own.ended, true) {
            return;
        }
        let end = frame::end(self.own.issued + 1);
        if let (Some(disk), Some(segment)) = (&self.disk, self.live_file())
            && let Place::File { file, .. } = &segment.place
        {
            // Without it, it may be that something followed.
            let _ = disk.write(file, segment.bytes, &end);
            self.dirty = true;
        }
    }

    /// The file that entries go to.
    pub(crate) fn live(&self) -> Option<D::File> {
        match &self.live_file()?.place {
            Place::File { file, .. } => Some(file.clone()),
            Place::Memory(_) => None,
        }
    }

    /// The thread has something to do.
    pub(crate) fn has_work(&self) -> bool {
        let prepares = self.healthy && self.disk.is_some() && self.spare.is_none() && !self.own.ended;
        self.left || self.dirty || prepares || !self.trash.is_empty() || !self.unsynced.is_empty()
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.own.issued - self.own.through
    }

    pub(crate) fn standing(&self) -> Standing {
        let all = || self.old.iter().chain(std::iter::once(&self.own));
        Standing {
            waiting: all().map(Shelf::waiting).sum(),
            lost: all().map(Shelf::lost).sum(),
            refused: self.refused,
            disk_bytes: self.disk_bytes,
            memory_bytes: self.memory_bytes as u64,
            on_disk: self.healthy && self.disk.is_some(),
        }
    }

    /// The name of one of our own files.
    pub(crate) fn name(&self, number: u64) -> String {
        name(&self.own.epoch, number)
    }
}
