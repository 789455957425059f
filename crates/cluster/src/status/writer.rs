//! The task that writes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use k8s_openapi::jiff::Timestamp;
use kube_client::Client;
use outrigger_compile::{ObjectRef, Problem, World};
use tokio::{
    sync::watch,
    task::{Id, JoinHandle, JoinSet},
    time::Instant,
};

use super::{
    api,
    board::{Board, Job},
    counts::Tally,
    events::{CONTROLLER, Event, transitions, widenings},
    schedule::Outcome,
};
use crate::{Observed, record::Recorder};

/// What comes within this is one: every write of ours is news.
const QUIET: Duration = Duration::from_millis(250);

/// What is wrong with the objects of a world.
pub type Problems = Arc<dyn Fn(&World) -> Vec<Problem> + Send + Sync>;

/// What is said of whom, and when it may be.
pub struct Inputs {
    /// For calls.
    pub client: Client,
    /// Which replica this is, in events: the pod's name.
    pub instance: String,
    /// What the objects mean.
    pub worlds: watch::Receiver<Option<Arc<World>>>,
    /// What the API has of them.
    pub observed: watch::Receiver<Arc<Vec<Observed>>>,
    /// What is wrong with them. Blocks for as long as compiling takes.
    pub problems: Problems,
    /// What became of them.
    pub tally: watch::Receiver<Arc<Tally>>,
    /// Whether this replica is the one that writes.
    pub leading: watch::Receiver<bool>,
}

impl std::fmt::Debug for Inputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs").field("instance", &self.instance).finish_non_exhaustive()
    }
}

/// Writes status and events for as long as it leads. The task ends when one of the `inputs` does, or is aborted.
pub fn spawn(inputs: Inputs) -> JoinHandle<()> {
    tokio::spawn(async move {
        Writer::new(inputs).run().await;
    })
}

struct Writer {
    inputs: Inputs,
    board: Board,
    recorder: Recorder,
    jobs: JoinSet<(Job, (Outcome, Option<Observed>))>,
    running: HashMap<Id, ObjectRef>,
    began: Instant,
}

impl Writer {
    fn new(inputs: Inputs) -> Self {
        let recorder = Recorder::new(inputs.client.clone(), CONTROLLER, inputs.instance.clone());
        Self {
            inputs,
            board: Board::default(),
            recorder,
            jobs: JoinSet::new(),
            running: HashMap::new(),
            began: Instant::now(),
        }
    }

    fn say(&mut self, events: Vec<Event>, now: Duration) {
        events.into_iter().for_each(|event| self.recorder.say(event.into(), now));
    }

    /// `None` when an input has ended.
    async fn run(&mut self) -> Option<()> {
        loop {
            self.inputs.leading.wait_for(|leading| *leading).await.ok()?;
            self.lead().await?;
            // What is under way would come after what the next one writes.
            self.jobs.shutdown().await;
            self.running.clear();
            self.board = Board::default();
        }
    }

    /// Until it leads no more.
    async fn lead(&mut self) -> Option<()> {
        self.take_tally();
        self.take_observed();
        self.take_world().await;
        // When what was observed is to be taken.
        let mut news: Option<Instant> = None;
        while *self.inputs.leading.borrow() {
            let now = self.start();
            let wait = self.board.next(now).map_or(Duration::from_secs(3600), |at| at.saturating_sub(now));
            tokio::select! {
                biased;
                changed = self.inputs.leading.changed() => {
                    changed.ok()?;
                }
                Some(done) = self.jobs.join_next_with_id() => match done {
                    Ok((id, (job, (outcome, seen)))) => {
                        self.running.remove(&id);
                        self.finish(&job, outcome, seen);
                    }
                    // A bug of ours must not take a place for ever.
                    Err(error) => {
                        if let Some(object) = self.running.remove(&error.id()) {
                            let (now, wall) = self.time();
                            self.board.done(&object, Outcome::Failed, None, (now, wall), fastrand::f64());
                        }
                    }
                },
                changed = self.inputs.worlds.changed() => {
                    changed.ok()?;
                    self.take_world().await;
                }
                changed = self.inputs.observed.changed(), if news.is_none() => {
                    changed.ok()?;
                    news = Some(Instant::now() + QUIET);
                }
                () = tokio::time::sleep_until(news.unwrap_or(self.began)), if news.is_some() => {
                    news = None;
                    self.take_observed();
                }
                changed = self.inputs.tally.changed() => {
                    changed.ok()?;
                    self.take_tally();
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
        Some(())
    }

    /// Starts what is due.
    fn start(&mut self) -> Duration {
        let (now, wall) = self.time();
        for job in self.board.due(now, wall) {
            let (client, object) = (self.inputs.client.clone(), job.object.clone());
            let task = self.jobs.spawn(async move {
                let done = api::run(client, &job).await;
                (job, done)
            });
            self.running.insert(task.id(), object);
        }
        now
    }

    fn finish(&mut self, job: &Job, outcome: Outcome, seen: Option<Observed>) {
        let (now, wall) = self.time();
        let Job { object, uid, before, status } = job;
        if outcome == Outcome::Written {
            self.say(transitions(object, uid, before, status), now);
        }
        self.board.done(object, outcome, seen, (now, wall), fastrand::f64());
    }

    async fn take_world(&mut self) {
        let Some(world) = self.inputs.worlds.borrow_and_update().clone() else { return };
        let (find, at) = (self.inputs.problems.clone(), world.clone());
        let problems = match tokio::task::spawn_blocking(move || find(&at)).await {
            Ok(problems) => problems,
            Err(error) => {
                // A bug of ours that this world brings out: nothing is said of it.
                tracing::error!(code = "status_not_judged", %error, "looking for problems failed");
                return;
            }
        };
        let (now, wall) = self.time();
        if let Some(before) = self.board.world() {
            self.say(widenings(before, &world), now);
        }
        self.board.set_world(world, problems, now, wall);
    }

    fn take_observed(&mut self) {
        let observed = self.inputs.observed.borrow_and_update().clone();
        let (now, wall) = self.time();
        self.board.set_observed(&observed, now, wall);
    }

    fn take_tally(&mut self) {
        let tally = self.inputs.tally.borrow_and_update().clone();
        let (now, wall) = self.time();
        self.board.set_tally(tally, now, wall);
    }

    fn time(&self) -> (Duration, Timestamp) {
        (self.began.elapsed(), Timestamp::now())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
