//! What earlier processes left in the folder.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    disk::Disk,
    frame::{self, HEAD, HEADER, Header, Next},
    place::{Place, Shelved},
    shelf::{Segment, Shelf},
    terms::Epoch,
};

/// A segment is never longer: what is, is none of ours.
const LONGEST: u64 = 8 << 20;

/// What was found.
pub(crate) struct Found<D: Disk> {
    /// The oldest first.
    pub(crate) shelves: VecDeque<Shelved<D>>,
    /// Files that hold nothing.
    pub(crate) useless: Vec<(Epoch, u64)>,
    /// Bytes of the segments.
    pub(crate) bytes: u64,
}

/// A segment, what its header says, and its number in the folder.
type Read<D> = (Header, u64, Segment<Place<<D as Disk>::File>>);

/// Reads the headers of all segments, and of each epoch the last one whole. What is cut short is taken as far as it goes.
pub(crate) fn look<D: Disk>(disk: &D, now: u64) -> Found<D> {
    let mut found = Found { shelves: VecDeque::new(), useless: Vec::new(), bytes: 0 };
    let mut epochs: BTreeMap<Epoch, Vec<Read<D>>> = BTreeMap::new();
    for name in disk.list().unwrap_or_default() {
        let Some((epoch, number)) = named(&name) else { continue };
        let Some((header, file, bytes)) = opened(disk, &name, &epoch) else {
            found.useless.push((epoch, number));
            continue;
        };
        // Another run of the machine had another clock: from there on, it is as old as we are.
        let born_ms = if header.boot == disk.boot() { header.born_ms.min(now) } else { now };
        let place = Place::File { file, number };
        let segment = Segment { id: number, first: header.first, next: header.first, bytes, born_ms, place };
        epochs.entry(epoch).or_default().push((header, number, segment));
        found.bytes += bytes;
    }
    let mut shelves: Vec<Shelved<D>> =
        epochs.into_iter().filter_map(|(epoch, segments)| shelf(disk, epoch, segments)).collect();
    shelves.sort_by_key(|shelf| shelf.started_at_ms);
    found.shelves = shelves.into();
    found
}

fn shelf<D: Disk>(disk: &D, epoch: Epoch, mut segments: Vec<Read<D>>) -> Option<Shelved<D>> {
    segments.sort_by_key(|(header, number, _)| (header.first, *number));
    let (header, _, last) = segments.last()?;
    let (next, ended) = scan(disk, last);
    let mut shelf = Shelf::new(epoch, header.started_at_ms);
    // A machine that went down may have taken the last entries with it; a process that was killed has not.
    let same_run = header.boot == disk.boot() && header.boot != [0; 16];
    (shelf.ended, shelf.whole) = (true, ended || (same_run && !header.spilled));
    shelf.issued = next - 1;
    shelf.segments = segments.into_iter().map(|(_, _, segment)| segment).collect();
    let behind: Vec<u64> = shelf.segments.iter().skip(1).map(|it| it.first).chain([next]).collect();
    shelf.segments.iter_mut().zip(behind).for_each(|(segment, next)| segment.next = next);
    // What was before the first was taken over or dropped; whoever has it not will say so.
    shelf.through = shelf.segments.front()?.first - 1;
    Some(shelf)
}

fn opened<D: Disk>(disk: &D, name: &str, epoch: &Epoch) -> Option<(Header, D::File, u64)> {
    let (file, bytes) = disk.open(name).ok()?;
    let mut header = [0; HEADER];
    let read = disk.read(&file, 0, &mut header).ok()?;
    let header = Header::read(&header[..read]).filter(|header| header.epoch == *epoch && header.first > 0)?;
    Some((header, file, bytes))
}

/// The number behind the last entry of a segment, and whether the process ended there in order.
fn scan<D: Disk>(disk: &D, segment: &Segment<Place<D::File>>) -> (u64, bool) {
    let Place::File { file, .. } = &segment.place else { return (segment.first, false) };
    let mut bytes = vec![0; usize::try_from(segment.bytes.min(LONGEST)).unwrap_or(0)];
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match disk.read(file, length as u64, rest) {
            Ok(read) if read > 0 => length += read,
            _ => break,
        }
    }
    let (mut at, mut sequence) = (HEADER, segment.first);
    loop {
        match frame::next(bytes[..length].get(at..).unwrap_or_default(), sequence) {
            Next::Entry(entry) => (at, sequence) = (at + HEAD + entry.len(), sequence + 1),
            Next::End => return (sequence, true),
            Next::Nothing => return (sequence, false),
        }
    }
}

/// Epoch and number of a segment, by its name.
fn named(name: &str) -> Option<(Epoch, u64)> {
    let (digits, number) = name.strip_suffix(".seg")?.split_once('-')?;
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    let mut epoch = Epoch::default();
    for (at, byte) in epoch.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some((epoch, number.parse().ok()?))
}
