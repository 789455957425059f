//! What all replicas say together: pure; times are durations since any one moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use outrigger_cluster::status::{Reach, Tally};

use super::link::News;
use crate::tally::counting::Report;

/// How long a replica that does not answer may be one that is about to, or about to go.
const GRACE: Duration = Duration::from_secs(10);
/// Most addresses that are asked. What is beyond does not answer.
const MOST: usize = 64;

#[derive(Debug)]
pub(super) struct Sum {
    me: Box<str>,
    own: Arc<Report>,
    peers: BTreeMap<SocketAddr, Peer>,
    /// Addresses beyond the bound.
    beyond: usize,
    /// Since when the addresses are not known.
    unknown: Option<Duration>,
}

#[derive(Debug)]
enum Peer {
    /// It does not answer, since then.
    Silent(Duration),
    /// Its instance, and what it says.
    Says(Box<str>, Arc<Report>),
    /// The address is this replica's own.
    Myself,
}

impl Sum {
    pub(super) fn new(me: Box<str>, now: Duration) -> Self {
        Self { me, own: Arc::default(), peers: BTreeMap::new(), beyond: 0, unknown: Some(now) }
    }

    /// What this replica says itself.
    pub(super) fn set_own(&mut self, own: Arc<Report>) {
        self.own = own;
    }

    /// Who is there; `None` while that is not known. Answers who is to be asked.
    pub(super) fn set_addresses(
        &mut self,
        known: Option<&BTreeSet<SocketAddr>>,
        now: Duration,
    ) -> BTreeSet<SocketAddr> {
        let Some(known) = known else {
            self.unknown.get_or_insert(now);
            return self.peers.keys().copied().collect();
        };
        self.unknown = None;
        let taken: BTreeSet<SocketAddr> = known.iter().take(MOST).copied().collect();
        self.beyond = known.len() - taken.len();
        self.peers.retain(|address, _| taken.contains(address));
        for address in &taken {
            self.peers.entry(*address).or_insert(Peer::Silent(now));
        }
        taken
    }

    /// Something was heard of the replica at `address`.
    pub(super) fn news(&mut self, address: SocketAddr, news: News, now: Duration) {
        let Some(peer) = self.peers.get_mut(&address) else { return };
        match news {
            News::Said(instance, _) if instance == self.me => *peer = Peer::Myself,
            News::Said(instance, report) => *peer = Peer::Says(instance, report),
            News::Lost => {
                if !matches!(peer, Peer::Silent(_)) {
                    *peer = Peer::Silent(now);
                }
            }
        }
    }

    /// What they say at `now`.
    pub(super) fn tally(&self, now: Duration) -> Tally {
        let missing = self.silent().filter(|since| *since + GRACE <= now).count() + self.beyond;
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let settling = self.silent().count() > 0 || self.own.settling || self.reports().values().any(|it| it.settling);
        let mut tally = Tally::new(match () {
            () if missing > 0 => Reach::Missing(missing),
            () if settling => Reach::Settling,
            () => Reach::Whole,
        });
        tally.add(&self.own.counts);
        self.reports().values().for_each(|report| tally.add(&report.counts));
        tally
    }

    /// When that changes although nobody says anything.
    pub(super) fn next(&self, now: Duration) -> Option<Duration> {
        self.silent().map(|since| since + GRACE).filter(|at| *at > now).min()
    }

    /// Since when each of those has been silent that are. Where the addresses are not known, there may be somebody.
    fn silent(&self) -> impl Iterator<Item = Duration> + '_ {
        let peers =
            self.peers.values().filter_map(|peer| if let Peer::Silent(since) = peer { Some(*since) } else { None });
        peers.chain(self.unknown)
    }

    /// By instance: one may have two addresses, or a new one.
    fn reports<'a>(&'a self) -> BTreeMap<&'a str, &'a Report> {
        let says = |peer: &'a Peer| match peer {
            Peer::Says(instance, report) => Some((&**instance, &**report)),
            Peer::Silent(_) | Peer::Myself => None,
        };
        self.peers.values().filter_map(says).collect()
    }
}

#[cfg(test)]
mod tests {
    use outrigger_cluster::status::Counts;
    use outrigger_compile::{Kind, ObjectRef};

    use super::*;

    fn object() -> ObjectRef {
        ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: "r".to_owned() }
    }

    fn report(total: u32, settling: bool) -> Arc<Report> {
        let counts = Counts { generation: Some(1), total, current: total, ..Counts::default() };
        Arc::new(Report { settling, counts: [(object(), counts)].into() })
    }

    fn said(instance: &str, total: u32) -> News {
        News::Said(instance.into(), report(total, false))
    }

    fn address(port: usize) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], u16::try_from(port).expect("a port")))
    }

    fn addresses(count: usize) -> BTreeSet<SocketAddr> {
        (1..=count).map(address).collect()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Of three replicas, the first.
    fn three() -> Sum {
        let mut sum = Sum::new("me".into(), seconds(0));
        sum.set_own(report(1, false));
        sum.set_addresses(Some(&addresses(3)), seconds(0));
        sum.news(address(1), said("me", 1), seconds(0));
        sum.news(address(2), said("b", 10), seconds(0));
        sum.news(address(3), said("c", 100), seconds(0));
        sum
    }

    fn told(sum: &Sum, at: u64) -> (Reach, u32) {
        let tally = sum.tally(seconds(at));
        (tally.reach, tally.of(&object(), Some(1)).total)
    }

    #[test]
    fn all_are_added_up_and_none_twice() {
        let mut sum = three();
        assert_eq!(told(&sum, 0), (Reach::Whole, 111));
        assert_eq!(sum.next(seconds(0)), None);
        // Another address of one that is known.
        sum.set_addresses(Some(&addresses(4)), seconds(1));
        sum.news(address(4), said("b", 10), seconds(1));
        assert_eq!(told(&sum, 1), (Reach::Whole, 111));
    }

    #[test]
    fn one_that_does_not_answer_is_never_a_smaller_total() {
        let mut sum = three();
        sum.news(address(3), News::Lost, seconds(20));
        assert_eq!(told(&sum, 29).0, Reach::Settling);
        assert_eq!(sum.next(seconds(29)), Some(seconds(30)));
        sum.news(address(3), News::Lost, seconds(25));
        assert_eq!(told(&sum, 30), (Reach::Missing(1), 11));
        // Back again; or gone, and known to be.
        sum.news(address(3), said("c", 90), seconds(40));
        assert_eq!(told(&sum, 40), (Reach::Whole, 101));
        sum.news(address(3), News::Lost, seconds(50));
        sum.set_addresses(Some(&addresses(2)), seconds(51));
        assert_eq!(told(&sum, 51), (Reach::Whole, 11));
        sum.news(address(3), said("c", 90), seconds(52));
        assert_eq!(told(&sum, 52), (Reach::Whole, 11));
    }

    #[test]
    fn nothing_is_said_while_anybody_settles_or_nobody_knows_who_is_there() {
        let mut sum = three();
        sum.news(address(2), News::Said("b".into(), report(10, true)), seconds(1));
        assert_eq!(told(&sum, 1).0, Reach::Settling);
        let mut sum = three();
        sum.set_own(report(1, true));
        assert_eq!(told(&sum, 1).0, Reach::Settling);
        let mut sum = Sum::new("me".into(), seconds(0));
        assert_eq!(told(&sum, 9).0, Reach::Settling);
        sum.set_addresses(None, seconds(9));
        assert_eq!(told(&sum, 10).0, Reach::Missing(1));
        sum.set_addresses(Some(&BTreeSet::new()), seconds(11));
        assert_eq!(told(&sum, 11).0, Reach::Whole);
    }

    #[test]
    fn no_more_are_asked_than_the_bound() {
        let mut sum = Sum::new("me".into(), seconds(0));
        let asked = sum.set_addresses(Some(&addresses(MOST + 2)), seconds(0));
        assert_eq!(asked.len(), MOST);
        for (at, address) in asked.into_iter().enumerate() {
            sum.news(address, said(&at.to_string(), 1), seconds(0));
        }
        assert_eq!(told(&sum, 0).0, Reach::Missing(2));
    }
}
