//! Replicas of one control plane: each has sidecars of its own, and the one that writes status adds them all up.
//!
//! ```text
//! auth   how replicas know each other      feed   what is told to whoever asks
//! link   one replica, asked                sum    what all of them say          pure
//! ```

mod auth;
mod feed;
mod link;
mod message;
mod replicas;
mod sum;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

pub(crate) use auth::SharedSecret;
pub(crate) use feed::{COUNTS, Door};
pub(crate) use link::{Dial, Trust};
use outrigger_cluster::status::{Reach, Tally};
pub(crate) use replicas::Replicas;
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::Instant,
};

use crate::tally::counting::Report;
use link::News;
use sum::Sum;

/// What comes within this is added up once.
const QUIET: Duration = Duration::from_millis(100);
/// News of others that wait to be added up.
const WAITING: usize = 64;

/// Who is asked, and how.
#[derive(Debug)]
pub(crate) struct Setup {
    /// This replica's: random, one for each start.
    pub(crate) instance: Box<str>,
    pub(crate) dial: Arc<Dial>,
    /// The others, and this one or not; `None` while that is not known. A list that nothing changes may have no sender.
    pub(crate) addresses: watch::Receiver<Option<BTreeSet<SocketAddr>>>,
    /// What this replica says itself.
    pub(crate) own: watch::Receiver<Arc<Report>>,
    /// Whether anybody has to be asked.
    pub(crate) leading: watch::Receiver<bool>,
}

/// What all replicas say together, as long as this one leads: in a task that ends with what it is told by. Settling while it
/// does not.
pub(crate) fn follow(setup: Setup) -> watch::Receiver<Arc<Tally>> {
    let nobody = || Arc::new(Tally::new(Reach::Settling));
    let (send, tally) = watch::channel(nobody());
    tokio::spawn(async move {
        let mut setup = setup;
        loop {
            tokio::select! {
                led = setup.leading.wait_for(|leading| *leading) => if led.is_err() { return },
                () = send.closed() => return,
            }
            if lead(&mut setup, &send).await.is_none() {
                return;
            }
            send.send_replace(nobody());
        }
    });
    tally
}

/// Until it leads no more; `None` if what it is told by has ended.
async fn lead(setup: &mut Setup, send: &watch::Sender<Arc<Tally>>) -> Option<()> {
    let Setup { instance, dial, addresses, own, leading } = setup;
    let began = Instant::now();
    let mut sum = Sum::new(instance.clone(), began.elapsed());
    let (news, mut told) = mpsc::channel::<(SocketAddr, News)>(WAITING);
    let mut links = JoinSet::new();
    let mut asked: BTreeMap<SocketAddr, AbortHandle> = BTreeMap::new();
    sum.set_own(own.borrow_and_update().clone());
    addresses.mark_changed();
    // Nobody is left who would change them: they are a list from the command line.
    let mut fixed = false;
    while *leading.borrow() {
        let now = began.elapsed();
        let tally = sum.tally(now);
        send.send_if_modified(|last| {
            let news = **last != tally;
            if news {
                *last = Arc::new(tally);
            }
            news
        });
        let wait = sum.next(now).map_or(Duration::from_secs(3600), |at| at.saturating_sub(now));
        tokio::select! {
            changed = leading.changed() => changed.ok()?,
            changed = own.changed() => {
                changed.ok()?;
                tokio::time::sleep(QUIET).await;
                sum.set_own(own.borrow_and_update().clone());
            }
            changed = addresses.changed(), if !fixed => {
                if changed.is_err() {
                    fixed = true;
                    continue;
                }
                let known = addresses.borrow_and_update().clone();
                let taken = sum.set_addresses(known.as_ref(), began.elapsed());
                asked.retain(|address, link| {
                    let stays = taken.contains(address);
                    if !stays {
                        link.abort();
                    }
                    stays
                });
                for address in taken {
                    asked.entry(address).or_insert_with(|| links.spawn(link::ask(dial.clone(), address, news.clone())));
                }
            }
            Some((address, news)) = told.recv() => {
                sum.news(address, news, began.elapsed());
                tokio::time::sleep(QUIET).await;
                while let Ok((address, news)) = told.try_recv() {
                    sum.news(address, news, began.elapsed());
                }
            }
            Some(_) = links.join_next() => {
                // Let go; or a bug of ours, which must not leave what it heard last standing for ever.
                let ended: Vec<SocketAddr> =
                    asked.iter().filter(|(_, link)| link.is_finished()).map(|(address, _)| *address).collect();
                for address in ended {
                    asked.remove(&address);
                    sum.news(address, News::Lost, began.elapsed());
                    addresses.mark_changed();
                    fixed = false;
                }
            }
            () = tokio::time::sleep(wait) => {}
            () = send.closed() => return None,
        }
    }
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
