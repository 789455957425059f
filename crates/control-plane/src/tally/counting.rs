//! Counting, again and again, as long as somebody wants to know.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use outrigger_cluster::status::Counts;
use outrigger_compile::{Kind, ObjectRef, World};
use tokio::{sync::watch, time::Instant};

use super::tally;
use crate::{fleet::Fleet, publish::Publisher};

/// Between two counts.
const EACH: Duration = Duration::from_secs(1);

/// What one replica says of the sidecars that are connected to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// It has started a moment ago.
    pub(crate) settling: bool,
    /// By object.
    pub(crate) counts: BTreeMap<ObjectRef, Counts>,
}

/// Counts when something has changed, at most once a second, in a task that ends when nobody listens any more. The first
/// report is of nobody, and settling: for as long as `settle` after a start sidecars are still coming, and their number says
/// nothing.
pub(crate) fn follow(fleet: Arc<Fleet>, publisher: Arc<Publisher>, settle: Duration) -> watch::Receiver<Arc<Report>> {
    let (send, reports) = watch::channel(Arc::new(Report { settling: true, ..Report::default() }));
    tokio::spawn(async move {
        let settled = Instant::now() + settle;
        let mut generations = Arc::<Generations>::default();
        loop {
            tokio::select! {
                () = fleet.changed() => {}
                () = tokio::time::sleep_until(settled), if send.borrow().settling => {}
                () = send.closed() => return,
            }
            let settling = Instant::now() < settled;
            let (fleet, publisher) = (fleet.clone(), publisher.clone());
            let counting = tokio::task::spawn_blocking(move || {
                // In this order: what is published meanwhile is behind what it is said to be, and never before it.
                let generations = generations.of(publisher.published());
                let counts = tally(&fleet.streams(), |object| generations.of.get(object).copied());
                (generations, counts)
            });
            match counting.await {
                Ok((known, counts)) => {
                    generations = known;
                    let report = Report { settling, counts };
                    send.send_if_modified(|last| {
                        let news = **last != report;
                        if news {
                            *last = Arc::new(report);
                        }
                        news
                    });
                }
                Err(error) => {
                    tracing::error!(code = "not_counted", %error, "counting sidecars failed");
                    generations = Arc::default();
                }
            }
            tokio::time::sleep(EACH).await;
        }
    });
    reports
}

/// The generation of each object of a world.
#[derive(Debug, Default)]
struct Generations {
    world: Option<Arc<World>>,
    of: BTreeMap<ObjectRef, i64>,
}

impl Generations {
    /// Of `world`, which is most times the one that it is of.
    fn of(self: Arc<Self>, world: Option<Arc<World>>) -> Arc<Self> {
        let same = match (&self.world, &world) {
            (Some(mine), Some(world)) => Arc::ptr_eq(mine, world),
            (mine, world) => mine.is_none() && world.is_none(),
        };
        if same {
            return self;
        }
        let mut of = BTreeMap::new();
        if let Some(world) = &world {
            let metadata = world.providers.iter().map(|it| (Kind::ModelProvider, &it.metadata));
            let metadata = metadata.chain(world.routes.iter().map(|it| (Kind::ModelRoute, &it.metadata)));
            let metadata = metadata.chain(world.policies.iter().map(|it| (Kind::ModelPolicy, &it.metadata)));
            of.extend(metadata.filter_map(|(kind, it)| Some((ObjectRef::new(kind, it), it.generation?))));
        }
        Arc::new(Self { world, of })
    }
}
