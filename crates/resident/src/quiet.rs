//! When to give back: after a spell of traffic, once, as soon as nobody asks anything any more.

use std::time::Duration;

/// Whether a process has fallen quiet since it last gave back. It keeps no time of its own: who asks it, asks every
/// [`Quiet::INTERVAL`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet {
    /// Requests begun at the last look.
    seen: u64,
    /// Requests begun when memory was last given back.
    given: u64,
}

impl Quiet {
    /// Time between two looks. So long without a request is quiet.
    pub const INTERVAL: Duration = Duration::from_secs(30);

    /// Looks at how many requests ever began and how many are open. True once per spell of traffic, when it is over: with
    /// nothing asked since, all that can be given back is.
    pub fn look(&mut self, begun: u64, open: usize) -> bool {
        let quiet = begun == self.seen && begun != self.given && open == 0;
        if quiet {
            self.given = begun;
        }
        self.seen = begun;
        quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spell_of_traffic_is_followed_by_one_giving_back() {
        let mut quiet = Quiet::default();
        let looks = [(5, 0), (9, 0), (9, 0), (9, 0), (10, 0), (10, 0), (10, 0)];
        let given: Vec<bool> = looks.into_iter().map(|(begun, open)| quiet.look(begun, open)).collect();
        assert_eq!(given, [false, false, true, false, false, true, false]);
    }

    #[test]
    fn nothing_is_given_back_before_the_first_request() {
        let mut quiet = Quiet::default();
        assert!(!quiet.look(0, 0) && !quiet.look(0, 0));
    }

    #[test]
    fn a_request_that_lasts_is_waited_for() {
        let mut quiet = Quiet::default();
        assert!(!quiet.look(1, 1) && !quiet.look(1, 1), "it is still being answered");
        assert!(quiet.look(1, 0) && !quiet.look(1, 0));
    }
}
