//! The sidecars that are connected here.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use atomic_waker::AtomicWaker;
use outrigger_api::v1;
use outrigger_compile::Workload;

use crate::{
    identity::{Account, Refused, Token},
    lock::lock,
    publish::{Encoded, Subscription},
    push::status::Status,
};

/// Every open stream.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    next: AtomicU64,
    open: Mutex<HashMap<u64, Weak<Connection>>>,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Connection {
    id: u64,
    fleet: Arc<Fleet>,
    pub(crate) token: Token,
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
}

/// What is known of a sidecar.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) hello: Hello,
    /// The revision that it holds.
    pub(crate) revision: Box<str>,
    /// What it did not apply of it: key, code, reason.
    pub(crate) rejections: Vec<v1::Rejection>,
}

/// Most rejections that are kept of one sidecar, and most characters of each text.
const REJECTIONS: usize = 16;
const TEXT: usize = 256;

impl Fleet {
    /// A stream begins.
    pub(crate) fn join(self: &Arc<Self>, token: Token, seat: Seat) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            id: self.next.fetch_add(1, Relaxed),
            fleet: self.clone(),
            token,
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

    /// Wakes the streams for which `concerned` holds.
    pub(crate) fn wake(&self, concerned: impl Fn(&Connection) -> bool) {
        for connection in self.connections().iter().filter(|connection| concerned(connection)) {
            connection.waker.wake();
        }
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
        v1::Welcome { workload: Some(workload), version: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// What it says of itself.
    pub(crate) fn introduce(&self, hello: Hello) {
        let Hello { version, instance_id, started_at_ms } = hello;
        let hello = Hello { version: short(version), instance_id: short(instance_id), started_at_ms };
        tracing::debug!(
            namespace = self.workload().namespace,
            token = &*self.token.id,
            version = hello.version,
            instance = hello.instance_id,
            "a sidecar came"
        );
        lock(&self.about).hello = hello;
    }

    /// It has applied `view`, but for `rejections`.
    pub(crate) fn acknowledge(&self, view: &Encoded, rejections: Vec<v1::Rejection>) {
        for rejection in rejections.iter().take(REJECTIONS) {
            tracing::warn!(
                code = "policy_rejected",
                namespace = self.workload().namespace,
                key = short(rejection.key.clone()),
                why = short(rejection.code.clone()),
                "a sidecar does not apply it: {}",
                short(rejection.reason.clone())
            );
        }
        let mut about = lock(&self.about);
        about.revision = view.revision.clone();
        about.rejections = rejections
            .into_iter()
            .take(REJECTIONS)
            .map(|v1::Rejection { key, code, reason }| v1::Rejection {
                key: short(key),
                code: short(code),
                reason: short(reason),
            })
            .collect();
    }

    /// What is known of it.
    pub(crate) fn about(&self) -> About {
        lock(&self.about).clone()
    }

    /// Why it is over, if it is.
    pub(crate) fn ended(&self) -> Option<Status> {
        self.ended.get().copied().map(Status::from)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock(&self.fleet.open).remove(&self.id);
    }
}

fn short(text: String) -> String {
    if text.len() <= TEXT { text } else { text.chars().take(TEXT).collect() }
}
