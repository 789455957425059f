//! A store for a test: a file in a folder of its own, or a database of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::{Ledger, Settings, Store, db::Step};

/// Names the server: `postgres://USER@HOST:PORT`.
const SERVER: &str = "OUTRIGGER_LEDGER_POSTGRES";

/// Where a test keeps its ledger.
pub(super) struct Place {
    pub(super) store: Store,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    pub(super) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::Sqlite(folder.path().join("ledger.db")), _folder: Some(folder) }
    }

    /// A new database of the server that the environment names. They are gone with the server.
    pub(super) async fn postgres() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var_os(SERVER).unwrap_or_else(|| panic!("{SERVER} names no server: cargo xtask ledger"));
        let server = server.into_string().unwrap();
        let name = format!("ledger_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        Self { store: Store::Postgres(format!("{server}/{name}")), _folder: None }
    }

    pub(super) async fn open(&self) -> Ledger {
        self.open_with(Settings::default()).await
    }

    pub(super) async fn open_with(&self, settings: Settings) -> Ledger {
        Ledger::open(&self.store, settings).await.unwrap()
    }

    pub(super) async fn open_at(&self, steps: &[Step]) -> Ledger {
        Ledger::open_with(&self.store, Settings::default(), steps).await.unwrap()
    }
}

/// A test on either store, by one body: on PostgreSQL where there is one.
macro_rules! on_both {
    ($($(#[doc = $doc:literal])* async fn $name:ident($place:ident) $body:block)+) => {
        $(mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($place: Place) $body

            $(#[doc = $doc])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                body(Place::sqlite()).await;
            }

            $(#[doc = $doc])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs PostgreSQL: cargo xtask ledger"]
            async fn on_postgres() {
                body(Place::postgres().await).await;
            }
        })+
    };
}

pub(super) use on_both;
