//! What one process said last: 24 bytes a series, found by the hash of its text.

/// One series of one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// Of the series as the page has it, by a key that nobody outside knows.
    pub(crate) hash: u64,
    /// Its value on the last page.
    pub(crate) last: f64,
    /// Where it is added up; [`NOWHERE`]: there was no room.
    pub(crate) group: u32,
    pub(crate) part: u16,
}

/// No group has this number.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// All of a process, sorted by hash.
#[derive(Debug, Default)]
pub(crate) struct Points(Vec<Point>);

impl Points {
    /// Where the series of this hash is.
    pub(crate) fn find(&self, hash: u64) -> Option<usize> {
        self.0.binary_search_by_key(&hash, |point| point.hash).ok()
    }

    pub(crate) fn at(&self, at: usize) -> &Point {
        &self.0[at]
    }

    pub(crate) fn at_mut(&mut self, at: usize) -> &mut Point {
        &mut self.0[at]
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds those, none of which it has.
    pub(crate) fn add(&mut self, more: Vec<Point>) {
        if !more.is_empty() {
            self.0.reserve_exact(more.len());
            self.0.extend(more);
            self.0.sort_unstable_by_key(|point| point.hash);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Point> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Point> {
        self.0.iter_mut()
    }
}
