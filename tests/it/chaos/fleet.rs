//! What is killed: sidecars with their spools, their control plane, and the ledger with its file.

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{books::Booked, chance::Chance};
use crate::{booked::Ledger, harness::*};

/// Groups of a page.
const PAGE: usize = 5_000;

pub struct Fleet {
    pub plane: ControlPlane,
    pub ledger: Ledger,
    pub sidecars: Vec<PushedSidecar>,
    spools: Vec<TempDir>,
    pub kills: Kills,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Kills {
    pub sidecars: u32,
    pub ledgers: u32,
    pub planes: u32,
}

impl Fleet {
    pub async fn start(policy: &Policy, sidecars: usize, more: &[&str]) -> Self {
        let plane = ControlPlane::setup(policy).insecure().start().await;
        let ledger = Ledger::beside(&plane, more).await;
        let mut fleet = Self { plane, ledger, sidecars: Vec::new(), spools: Vec::new(), kills: Kills::default() };
        for at in 0..sidecars {
            let spool = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            let setup = fleet.plane.sidecar().keep(Keep::InMemory).arg("--log-format").arg("json");
            let setup = setup.arg("--ledger").arg(format!("http://{}", fleet.ledger.addr()));
            let setup = setup.arg("--spool").arg(spool.path()).arg("--pod").arg(format!("web-{at}"));
            fleet.sidecars.push(setup.start().await);
            fleet.spools.push(spool);
        }
        fleet
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
        let ledger = chance.below(3) == 0;
        let plane = chance.below(8) == 0;
        if let Some(at) = sidecar {
            self.sidecars[at].kill();
            self.kills.sidecars += 1;
        }
        if ledger {
            self.ledger.program.kill();
            self.kills.ledgers += 1;
        }
        if plane {
            self.plane.kill();
            self.kills.planes += 1;
        }
        pause(chance, 400).await;
        if let Some(at) = sidecar {
            self.sidecars[at].start().await;
        }
        if ledger {
            pause(chance, 1_000).await;
            self.ledger.program.start().await;
        }
        if plane {
            self.plane.start().await;
        }
    }

    /// A sidecar dies with its disk, and begins anew on another.
    pub async fn lose(&mut self, at: usize) {
        self.sidecars[at].kill();
        for file in fs::read_dir(self.spools[at].path()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
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
            let left: Vec<_> = fs::read_dir(spool.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
            let left: Vec<_> = left.into_iter().filter(|name| name.to_string_lossy().ends_with(".seg")).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }

    pub async fn gaps(&self) -> Value {
        self.ledger.page("/usage/gaps").await
    }

    /// What the ledger has of them all.
    pub async fn booked(&self) -> Booked {
        let mut rows = Vec::new();
        loop {
            let path = format!("/usage?by=tag:number,provider&limit={PAGE}&offset={}", rows.len());
            let Value::Array(page) = self.ledger.page(&path).await["rows"].take() else { panic!("rows") };
            let last = page.len() < PAGE;
            rows.extend(page);
            if last {
                break;
            }
        }
        let total = self.ledger.page("/usage").await;
        let unknown = self.ledger.page("/usage?where=outcome%3Dunknown").await;
        Booked::read(&rows, &total["total"], &unknown["total"])
    }
}
