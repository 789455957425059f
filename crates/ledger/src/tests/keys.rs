//! One key for each namespace, and somebody who is named in clear.

use super::{
    place::{Place, on_both},
    small::{DAY, HOUR, NOON, all, attempt, batch, record, stamp, told},
};
use crate::{Dimension, Forgotten, Ledger, Query};
use outrigger_api::ledger::{AppendRequest, Entry};

/// The key that a sidecar of a namespace is given.
async fn key(ledger: &Ledger, namespace: &str) -> Vec<u8> {
    let asks = AppendRequest { epoch: vec![99; 16], ..AppendRequest::default() };
    let answer = ledger.append(stamp(namespace, NOON), asks).await.unwrap();
    assert_eq!(answer.through, 0);
    answer.user_key
}

/// A user as a sidecar of that namespace writes it.
async fn hashed(ledger: &Ledger, namespace: &str, user: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key(ledger, namespace).await);
    let hash = ring::hmac::sign(&key, user.as_bytes());
    format!("n:{}", hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn of(sequence: u64, user: &str, nano: u64) -> Entry {
    let mut record = record(&format!("gen-{sequence}-{nano}"), NOON, vec![attempt("gpt-5", Some(nano))]);
    (record.user, record.session) = (user.to_owned(), "c:s".to_owned());
    told(sequence, record)
}

on_both! {
    /// Each sidecar of a namespace is given the same key, before and after a restart, and no other namespace has it. Who asks for
    /// it alone is booked nowhere.
    async fn a_namespace_has_one_key_for_ever(place) {
        let ledger = place.open().await;
        let prod = key(&ledger, "prod").await;
        assert_eq!(prod.len(), 32);
        assert_eq!(prod, key(&ledger, "prod").await);
        assert_ne!(prod, key(&ledger, "dev").await);
        let told = ledger.append(stamp("prod", NOON), batch(1, NOON, vec![of(1, "", 1)])).await.unwrap();
        assert_eq!((told.through, &told.user_key), (1, &prod));
        assert!(!format!("{told:?}").contains(&format!("{:?}", prod)[1..20]));
        // Asked for by a process that then dies, it is no gap.
        assert!(ledger.gaps(None, NOON + 1_000 * DAY).await.unwrap().iter().all(|gap| gap.epoch != "63".repeat(16)));
        ledger.shut().await;
        let again = place.open().await;
        assert_eq!(prod, key(&again, "prod").await);
        again.shut().await;
    }

    /// Whoever is forgotten by name is gone in every form that the ledger can know, and told of the forms that it cannot.
    async fn ann_is_forgotten_by_her_name(place) {
        let ledger = place.open().await;
        let [prod, dev, bob] = [("prod", "ann"), ("dev", "ann"), ("prod", "bob")];
        let (prod, dev, bob) = (
            hashed(&ledger, prod.0, prod.1).await,
            hashed(&ledger, dev.0, dev.1).await,
            hashed(&ledger, bob.0, bob.1).await,
        );
        let own = format!("p:{}", "0".repeat(32));
        let entries = vec![of(1, &prod, 1), of(2, "c:ann", 2), of(3, &bob, 4), of(4, &own, 8), of(5, "", 16)];
        ledger.append(stamp("prod", NOON), batch(1, NOON, entries)).await.unwrap();
        let entries = vec![of(1, &dev, 32), of(2, "c:ann", 64), of(3, &prod, 128)];
        ledger.append(stamp("dev", NOON), batch(2, NOON, entries)).await.unwrap();
        let by_user = Query::between(NOON, NOON + HOUR).by([Dimension::User]);
        let done = ledger.forget("ann", Some("prod")).await.unwrap();
        assert_eq!(done, Forgotten { records: 2, unreadable: 1 });
        let left = ledger.usage(&by_user).await.unwrap();
        let mut names: Vec<_> = left.rows.iter().map(|row| row.names[0].clone()).collect();
        names.sort();
        let mut wanted = vec![String::new(), bob.clone(), own.clone(), dev.clone(), "c:ann".to_owned(), prod.clone()];
        wanted.sort();
        assert_eq!(names, wanted, "another namespace's are another's");
        // Everywhere: the one of dev's that has prod's hash is prod's ann by her hash.
        assert_eq!(ledger.forget("ann", None).await.unwrap(), Forgotten { records: 3, unreadable: 1 });
        // By what records have, whoever that is; that is known to be all.
        assert_eq!(ledger.forget(&own, Some("dev")).await.unwrap(), Forgotten::default());
        assert_eq!(ledger.forget(&own, Some("prod")).await.unwrap(), Forgotten { records: 1, unreadable: 0 });
        assert_eq!(ledger.forget("nobody", None).await.unwrap(), Forgotten::default());
        assert_eq!(all(&ledger).await.nano(), 255, "sums stay");
        ledger.shut().await;
    }

    /// A question names somebody in clear: in one namespace, in all, and as one who is left out.
    async fn ann_is_asked_about_by_her_name(place) {
        let ledger = place.open().await;
        let (prod, dev) = (hashed(&ledger, "prod", "ann").await, hashed(&ledger, "dev", "ann").await);
        let bob = hashed(&ledger, "prod", "bob").await;
        let entries = vec![of(1, &prod, 1), of(2, "c:ann", 2), of(3, &bob, 4), of(4, "", 8)];
        ledger.append(stamp("prod", NOON), batch(1, NOON, entries)).await.unwrap();
        ledger.append(stamp("dev", NOON), batch(2, NOON, vec![of(1, &dev, 16), of(2, &prod, 32)])).await.unwrap();
        for (filters, scope, nano) in [
            (vec!["user=ann", "namespace=prod"], None, 3),
            (vec!["user=ann"], Some("prod"), 3),
            (vec!["user=ann"], Some("dev"), 16),
            (vec!["user=ann"], None, 51),
            (vec!["user!=ann"], None, 12),
            (vec!["user=ann", "user=bob"], None, 55),
            (vec![&*format!("user={bob}")], None, 4),
            (vec!["user="], None, 8),
            (vec!["session=s", "namespace=dev"], None, 48),
            (vec!["user=nobody"], None, 0),
        ] {
            let mut query = Query::between(NOON, NOON + HOUR);
            query.filters = filters.iter().map(|filter| filter.parse().unwrap()).collect();
            query.namespaces = scope.map(|scope: &str| vec![scope.to_owned()]);
            let found = ledger.usage(&query).await.unwrap().total.nano();
            assert_eq!(found, nano, "{filters:?} of {scope:?}");
        }
        ledger.shut().await;
    }
}

/// Two replicas that open new books at the same moment agree on one secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL: cargo xtask ledger"]
async fn replicas_that_begin_at_once_have_one_secret() {
    for _ in 0..5 {
        let place = Place::postgres().await;
        let (one, two, three) = tokio::join!(place.open(), place.open(), place.open());
        let keys = (key(&one, "prod").await, key(&two, "prod").await, key(&three, "prod").await);
        assert!(keys.0 == keys.1 && keys.1 == keys.2);
        for ledger in [one, two, three] {
            ledger.shut().await;
        }
    }
}
