//! What to do with a batch that the ledger refuses for ever: find the one entry that is to blame. Pure.

/// How many entries of a call, for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Narrow {
    now: usize,
    most: usize,
}

/// What is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Fewer at a time, at once.
    Fewer,
    /// The one entry is given up.
    GiveUp,
    /// No entry is to blame.
    Wait,
}

impl Narrow {
    pub(super) fn new(most: usize) -> Self {
        Self { now: most, most }
    }

    pub(super) fn entries(self) -> usize {
        self.now
    }

    /// A batch of so many entries was refused.
    pub(super) fn refused(&mut self, entries: usize) -> Next {
        match entries {
            0 => Next::Wait,
            1 => Next::GiveUp,
            _ => {
                self.now = (entries / 2).max(1);
                Next::Fewer
            }
        }
    }

    /// A batch was taken.
    pub(super) fn taken(&mut self) {
        self.now = (self.now * 2).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many are bad and wherever they are, all others are taken, and few calls are made for each.
    #[test]
    fn the_bad_ones_are_found_and_the_others_are_taken() {
        for bad in [vec![1_u64], vec![512], vec![300, 301], vec![7, 900, 1_000], Vec::new()] {
            let (mut narrow, mut next, mut calls, mut given_up) = (Narrow::new(512), 1_u64, 0, Vec::new());
            while next <= 1_000 {
                let last = (next + narrow.entries() as u64 - 1).min(1_000);
                calls += 1;
                if !bad.iter().any(|bad| (next..=last).contains(bad)) {
                    narrow.taken();
                    next = last + 1;
                } else if narrow.refused((last - next + 1) as usize) == Next::GiveUp {
                    given_up.push(next);
                    next += 1;
                }
            }
            assert_eq!(given_up, bad);
            assert!(calls <= 2 + 60 * bad.len().max(1), "{calls} calls for {bad:?}");
        }
    }

    #[test]
    fn a_batch_without_entries_is_nobodys_fault() {
        assert_eq!(Narrow::new(512).refused(0), Next::Wait);
    }
}
