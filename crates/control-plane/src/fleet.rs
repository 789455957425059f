//! The sidecars that are connected here.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use arc_swap::ArcSwap;
use atomic_waker::AtomicWaker;
use outrigger_api::v1;
use outrigger_compile::Workload;
use tokio::sync::Notify;

use crate::{
    identity::{Account, Refused, Token},
    lock::lock,
    publish::{Encoded, Subscription},
    push::status::Status,
    tally::{Rejections, Stream},
};

/// Every open stream.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// Which replica this is: random, one for each start. Sidecars are told, and say it with what they count.
    pub(crate) replica: Box<str>,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Weak<Connection>>>,
    /// Something has changed that is counted.
    changed: Notify,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    fleet: Arc<Fleet>,
    pub(crate) token: Token,
    /// Where it comes from.
    pub(crate) peer: Option<IpAddr>,
    /// Where its pod shows what it counts, once that was asked for.
    pub(crate) place: OnceLock<SocketAddr>,
    seat: ArcSwap<Seat>,
    /// Wakes the stream: there is something new for it, or it is over.
    pub(crate) waker: AtomicWaker,
    ended: OnceLock<Refused>,
    about: Mutex<About>,
}

/// Whose policy a stream carries, which a change of its pod's labels changes.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// Its workload is the sidecar's.
    pub(crate) subscription: Arc<Subscription>,
    pub(crate) account: Account,
}

/// What a sidecar says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hello {
    pub(crate) version: String,
    pub(crate) instance_id: String,
    pub(crate) started_at_ms: u64,
    /// Where its metrics are, on its own address.
    pub(crate) probe_port: Option<u16>,
}

/// What is known of a sidecar.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) hello: Hello,
    /// The view that it holds.
    pub(crate) acked: Option<Arc<Encoded>>,
    /// Since when it has not held what it should; `None` while it does.
    pub(crate) behind: Option<SystemTime>,
    /// What it does not apply of it, if there is anything.
    pub(crate) rejections: Option<Arc<Rejections>>,
}

impl About {
    /// What it does not apply, as far as that is kept.
    pub(crate) fn rejected(&self) -> &[v1::Rejection] {
        self.rejections.as_ref().map_or(&[], |it| &it.listed)
    }
}

/// Most rejections that are kept of one sidecar, and most characters of each text.
const REJECTIONS: usize = 16;
const TEXT: usize = 256;

impl Default for Fleet {
    fn default() -> Self {
        let replica = format!("{:016x}", fastrand::u64(..)).into();
        Self { replica, next: AtomicU64::default(), open: Mutex::default(), changed: Notify::default() }
    }
}

impl Fleet {
    /// A stream begins.
    pub(crate) fn join(self: &Arc<Self>, token: Token, seat: Seat, peer: Option<IpAddr>) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            id: self.next.fetch_add(1, Relaxed),
            fleet: self.clone(),
            token,
            peer,
            place: OnceLock::new(),
            seat: ArcSwap::from_pointee(seat),
            waker: AtomicWaker::new(),
            ended: OnceLock::new(),
            about: Mutex::default(),
        });
        lock(&self.open).insert(connection.id, Arc::downgrade(&connection));
        connection
    }

    /// Every stream that is open now.
    pub(crate) fn connections(&self) -> Vec<Arc<Connection>> {
        lock(&self.open).values().filter_map(Weak::upgrade).collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        lock(&self.open).len()
    }

    /// Wakes the streams for which `concerned` holds: what they should hold is something else since `now`.
    pub(crate) fn wake(&self, concerned: impl Fn(&Connection) -> bool, now: SystemTime) {
        for connection in self.connections().iter().filter(|connection| concerned(connection)) {
            connection.fall_behind(now);
            connection.waker.wake();
        }
    }

    /// Something has changed that is counted: what streams should hold, or hold, or that they are.
    pub(crate) fn touch(&self) {
        self.changed.notify_one();
    }

    /// Waits until something has changed since the last time: for one who counts.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Every stream, as far as counting goes.
    pub(crate) fn streams(&self) -> Vec<Stream> {
        self.connections().iter().map(|connection| connection.stream()).collect()
    }

    /// Ends the streams whose tokens count no more. Answers how many.
    pub(crate) fn recheck(&self, check: impl Fn(&Token) -> Result<(), Refused>) -> usize {
        let mut ended = 0;
        for connection in self.connections() {
            ended += usize::from(connection.recheck(&check));
        }
        ended
    }
}

impl Connection {
    /// Ends the stream if its token counts no more; whether it does so now.
    pub(crate) fn recheck(&self, check: impl Fn(&Token) -> Result<(), Refused>) -> bool {
        check(&self.token).is_err_and(|refused| self.end(refused))
    }

    /// Ends the stream for this reason; whether it had none yet.
    pub(crate) fn end(&self, refused: Refused) -> bool {
        let ended = self.ended.set(refused).is_ok();
        if ended {
            self.waker.wake();
        }
        ended
    }

    /// Whose policy it carries now.
    pub(crate) fn seat(&self) -> Arc<Seat> {
        self.seat.load_full()
    }

    /// Has it carry another's from now on: the sidecar is sent what differs, and stays connected.
    pub(crate) fn reseat(&self, seat: Seat) {
        self.seat.store(seat.into());
        self.fall_behind(SystemTime::now());
        self.fleet.touch();
        self.waker.wake();
    }

    /// The workload that the sidecar belongs to.
    pub(crate) fn workload(&self) -> Arc<Workload> {
        self.seat.load().subscription.workload().clone()
    }

    /// Who the sidecar is, as it is told.
    pub(crate) fn welcome(&self) -> v1::Welcome {
        let seat = self.seat();
        let Workload { namespace, service_account, labels: _ } = &**seat.subscription.workload();
        let Account { owner, team } = &seat.account;
        let workload = v1::Workload {
            namespace: namespace.clone(),
            owner: owner.as_deref().unwrap_or_default().to_owned(),
            service_account: service_account.clone(),
            team: team.as_deref().unwrap_or_default().to_owned(),
        };
        let (version, replica) = (env!("CARGO_PKG_VERSION").to_owned(), self.fleet.replica.to_string());
        v1::Welcome { workload: Some(workload), version, replica }
    }

    /// What it says of itself. What it holds is not known yet.
    pub(crate) fn introduce(&self, hello: Hello, now: SystemTime) {
        let Hello { version, instance_id, started_at_ms, probe_port } = hello;
        let hello = Hello { version: short(version), instance_id: short(instance_id), started_at_ms, probe_port };
        tracing::debug!(
            namespace = self.workload().namespace,
            token = &*self.token.id,
            version = hello.version,
            instance = hello.instance_id,
            "a sidecar came"
        );
        lock(&self.about).hello = hello;
        self.fall_behind(now);
    }

    /// It has applied `view`, but for `rejections`. Answers how many of these are news.
    pub(crate) fn acknowledge(&self, view: &Arc<Encoded>, rejections: Vec<v1::Rejection>) -> usize {
        let mut about = lock(&self.about);
        let before = about.rejections.take();
        // What was not applied and was not sent again is still not applied.
        let stays = |it: &&v1::Rejection| {
            let same = about.acked.as_ref().is_some_and(|acked| acked.agrees(view, &it.key));
            same && !rejections.iter().any(|new| new.key == it.key)
        };
        let earlier: Vec<v1::Rejection> = before.iter().flat_map(|it| &it.listed).filter(stays).cloned().collect();
        let known = |key: &str| before.iter().flat_map(|it| &it.listed).any(|it| it.key == key);
        let (mut listed, mut news) = (earlier, 0);
        let more = before.as_ref().is_some_and(|it| it.more) || listed.len() + rejections.len() > REJECTIONS;
        for v1::Rejection { key, code, reason } in rejections {
            let (key, code, reason) = (short(key), short(code), short(reason));
            if !known(&key) {
                news += 1;
                if news <= REJECTIONS {
                    let namespace = &self.workload().namespace;
                    tracing::warn!(
                        code = "policy_rejected",
                        namespace,
                        key,
                        why = code,
                        "a sidecar does not apply it: {reason}"
                    );
                }
            }
            if listed.len() < REJECTIONS {
                listed.push(v1::Rejection { key, code, reason });
            }
        }
        about.acked = Some(view.clone());
        if self.is_current(view) {
            about.behind = None;
        }
        about.rejections = (more || !listed.is_empty()).then(|| Rejections { listed, more }.into());
        drop(about);
        self.fleet.touch();
        news
    }

    /// As far as counting goes.
    fn stream(&self) -> Stream {
        let subscription = &self.seat().subscription;
        let (present, behind) = (subscription.view(), subscription.is_behind());
        let About { hello: _, acked, behind: _, rejections } = &*lock(&self.about);
        Stream { present, behind, acked: acked.clone(), rejections: rejections.clone() }
    }

    /// Whether `held` is what it should hold now.
    pub(crate) fn is_current(&self, held: &Encoded) -> bool {
        held.revision == self.seat().subscription.view().revision
    }

    /// It does not hold what it should since `now`, if it does not.
    fn fall_behind(&self, now: SystemTime) {
        let mut about = lock(&self.about);
        if about.behind.is_none() && !about.acked.as_ref().is_some_and(|held| self.is_current(held)) {
            about.behind = Some(now);
        }
    }

    /// What is known of it.
    pub(crate) fn about(&self) -> About {
        lock(&self.about).clone()
    }

    /// What it says of itself; `None` before it has.
    pub(crate) fn hello(&self) -> Option<Hello> {
        let about = lock(&self.about);
        (!about.hello.instance_id.is_empty()).then(|| about.hello.clone())
    }

    /// Why it is over, if it is.
    pub(crate) fn ended(&self) -> Option<Status> {
        self.ended.get().copied().map(Status::from)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock(&self.fleet.open).remove(&self.id);
        self.fleet.touch();
    }
}

fn short(text: String) -> String {
    if text.len() <= TEXT { text } else { text.chars().take(TEXT).collect() }
}
