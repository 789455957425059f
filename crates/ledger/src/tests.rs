//! The same stories on both stores.

mod adjust;
mod asked;
mod epochs;
mod keys;
mod migrations;
mod month;
mod order;
mod place;
mod plans;
mod rough;
mod small;
mod traffic;

use crate::{Ledger, db::Db};

impl Ledger {
    fn store(&self) -> &Db {
        &self.db
    }

    /// Makes every sum so many times as large, as years of traffic would.
    async fn inflate(&self, times: i64) {
        let mut tx = self.db.write().await.unwrap();
        tx.execute("UPDATE rollups SET nano = nano * $1", &[crate::db::Value::Int(times)]).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Whoever serves it does so from tasks of its own.
#[test]
fn all_that_it_does_can_be_sent_between_threads() {
    fn sent<T: Send>(_: impl FnOnce() -> T) {}
    let at = crate::Store::Sqlite("/x".into());
    sent(|| Ledger::open(&at, crate::Settings::default()));
    let of = |ledger: Ledger| {
        let query = crate::Query::between(0, 1);
        sent(|| ledger.usage(&query));
        sent(|| ledger.append(small::stamp("a", 0), small::batch(1, 0, vec![])));
        sent(|| ledger.gaps(None, 0));
        sent(|| ledger.generation("", None));
        sent(|| ledger.most_expensive(0, 1, None, 1));
        sent(|| ledger.activity(0, 1, None));
        sent(|| ledger.forget("", None));
        sent(|| ledger.close(crate::Period::month_of(0), 0));
        sent(|| ledger.reprice(crate::Stretch { since_ms: 0, until_ms: 1, namespace: None }, &Nobody, 0));
        sent(|| ledger.settle(0));
        sent(|| ledger.retain(0));
        sent(|| ledger.clone().shut());
    };
    let _ = of;
}

struct Nobody;

impl crate::Pricer for Nobody {
    fn price(
        &self,
        _: &outrigger_api::ledger::Target,
        _: &outrigger_api::ledger::Tokens,
        _: i64,
    ) -> Option<crate::Priced> {
        None
    }
}
