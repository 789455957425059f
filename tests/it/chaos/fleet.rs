//! What is killed: sidecars with their spools, their control plane, and the ledger with its books.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{books::Booked, chance::Chance};
use crate::{booked::Ledger, harness::*};

/// Whenever it was: clocks may be wrong.
const EVER: &str = "since=2020-01-01&until=2100-01-01";
/// Groups of a page.
const PAGE: usize = 5_000;

/// What a fleet is made of.
#[derive(Default)]
pub struct Plan<'a> {
    pub sidecars: usize,
    pub books: Books<'a>,
    /// More arguments of each ledger.
    pub ledger: &'a [&'a str],
    /// Where sidecars keep what they have to tell. `None`: each on the disk that things are built on.
    pub spools: Option<&'a SmallDisk>,
    /// Sidecars have clocks of their own, which may be wrong.
    pub clocks: bool,
}

/// Where the books are kept.
#[derive(Default)]
pub enum Books<'a> {
    /// In a file.
    #[default]
    File,
    /// In a file on a disk of its own.
    Disk(&'a SmallDisk),
    /// In PostgreSQL, by two ledgers.
    Postgres(&'a Postgres),
}

pub struct Fleet {
    pub plane: ControlPlane,
    pub ledgers: Vec<Ledger>,
    pub sidecars: Vec<PushedSidecar>,
    /// Those of sidecars, where they have any.
    pub clocks: Vec<WrongClock>,
    spools: Vec<Spool>,
    pub kills: Kills,
}

/// Where a sidecar keeps what it has to tell.
struct Spool {
    /// As the sidecar finds it.
    inside: PathBuf,
    /// As we do.
    outside: PathBuf,
    _folder: Option<TempDir>,
}

impl Spool {
    fn new(disk: Option<&SmallDisk>, pod: &str) -> Self {
        match disk {
            Some(disk) => Self { inside: disk.path().join(pod), outside: disk.outside().join(pod), _folder: None },
            None => {
                let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
                Self { inside: folder.path().into(), outside: folder.path().into(), _folder: Some(folder) }
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        fs::read_dir(&self.outside).unwrap().map(|it| it.unwrap().path())
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Kills {
    pub sidecars: u32,
    pub ledgers: u32,
    pub planes: u32,
}

impl Kills {
    /// Enough of them for what a story says of them to mean something.
    pub fn are_chaos(self) -> bool {
        self.sidecars > 2 && self.ledgers > 0
    }
}

impl Fleet {
    pub async fn start(policy: &Policy, plan: Plan<'_>) -> Self {
        let plane = ControlPlane::setup(policy).insecure().start().await;
        let mut ledgers = Vec::new();
        match plan.books {
            Books::File => ledgers.push(Ledger::beside(&plane, plan.ledger).await),
            Books::Disk(disk) => ledgers.push(Ledger::on_disk(&plane, disk, plan.ledger).await),
            Books::Postgres(server) => {
                for _ in 0..2 {
                    ledgers.push(Ledger::in_postgres(&plane, server, plan.ledger).await);
                }
            }
        }
        let (sidecars, spools, clocks) = (Vec::new(), Vec::new(), Vec::new());
        let mut fleet = Self { plane, ledgers, sidecars, clocks, spools, kills: Kills::default() };
        for at in 0..plan.sidecars {
            let pod = format!("web-{at}");
            let spool = Spool::new(plan.spools, &pod);
            let ledger = &fleet.ledgers[at % fleet.ledgers.len()];
            let setup = fleet.plane.sidecar().keep(Keep::InMemory).arg("--log-format").arg("json");
            let setup = setup.arg("--ledger").arg(format!("http://{}", ledger.addr()));
            let mut setup = setup.arg("--spool").arg(&spool.inside).arg("--pod").arg(pod);
            if let Some(disk) = plan.spools {
                setup = setup.within(disk.within());
            }
            if plan.clocks {
                let clock = WrongClock::new();
                setup = setup.env(clock.env());
                fleet.clocks.push(clock);
            }
            fleet.sidecars.push(setup.start().await);
            fleet.spools.push(spool);
        }
        fleet
    }

    /// The one that is asked.
    pub fn ledger(&self) -> &Ledger {
        &self.ledgers[0]
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sidecars.iter().map(|sidecar| sidecar.listen).collect()
    }

    /// Waits a while, kills somebody, or two, and starts them again.
    pub async fn kill_some(&mut self, chance: &mut Chance) {
        let pause = async |chance: &mut Chance, most| {
            tokio::time::sleep(Duration::from_millis(chance.below(most))).await;
        };
        pause(chance, 900).await;
        let sidecar = (chance.below(4) > 0).then(|| chance.below(self.sidecars.len() as u64) as usize);
        let ledger = (chance.below(3) == 0).then(|| chance.below(self.ledgers.len() as u64) as usize);
        let plane = chance.below(8) == 0;
        if let Some(at) = sidecar {
            self.sidecars[at].kill();
            self.kills.sidecars += 1;
        }
        if let Some(at) = ledger {
            self.kill_ledger(at);
        }
        if plane {
            self.plane.kill();
            self.kills.planes += 1;
        }
        pause(chance, 400).await;
        if let Some(at) = sidecar {
            self.sidecars[at].start().await;
        }
        if let Some(at) = ledger {
            pause(chance, 1_000).await;
            self.ledgers[at].program.start().await;
        }
        if plane {
            self.plane.start().await;
        }
    }

    pub fn kill_ledger(&mut self, at: usize) {
        self.ledgers[at].program.kill();
        self.kills.ledgers += 1;
    }

    /// A sidecar dies with its disk, and begins anew on another.
    pub async fn lose(&mut self, at: usize) {
        self.sidecars[at].kill();
        self.spools[at].files().for_each(|file| fs::remove_file(file).unwrap());
        self.sidecars[at].start().await;
    }

    /// All that there is, is told; every process ends, and says so.
    pub async fn drain(&mut self) {
        for (sidecar, spool) in self.sidecars.iter_mut().zip(&self.spools) {
            let begun = Instant::now();
            while sidecar.metrics().await.sum("outrigger_ledger_waiting", &[]) > 0.0 {
                assert!(begun.elapsed() < PATIENCE, "it does not get rid of what it has to tell");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert!(sidecar.terminate().await.success());
            let left: Vec<_> = spool.files().filter(|file| file.extension().is_some_and(|it| it == "seg")).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }

    /// What is missing, once anything is: epochs that were closed are no gap.
    pub async fn gap(&self) -> Value {
        let begun = Instant::now();
        loop {
            let mut gaps = self.gaps().await;
            if let [gap] = &mut gaps.as_array_mut().expect("a list")[..] {
                return gap.take();
            }
            assert!(begun.elapsed() < PATIENCE, "not one gap is listed: {gaps:#}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn gaps(&self) -> Value {
        self.ledger().page("/usage/gaps").await
    }

    /// What the ledger has of them all.
    pub async fn booked(&self) -> Booked {
        let mut rows = Vec::new();
        loop {
            let path = format!("/usage?{EVER}&by=tag:number,provider&limit={PAGE}&offset={}", rows.len());
            let Value::Array(page) = self.ledger().page(&path).await["rows"].take() else { panic!("rows") };
            let last = page.len() < PAGE;
            rows.extend(page);
            if last {
                break;
            }
        }
        let total = self.ledger().page(&format!("/usage?{EVER}")).await;
        let unknown = self.ledger().page(&format!("/usage?{EVER}&where=outcome%3Dunknown")).await;
        Booked::read(&rows, &total["total"], &unknown["total"])
    }
}
