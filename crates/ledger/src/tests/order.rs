//! However batches come, the sums are the same.

use proptest::{prelude::*, test_runner::TestRunner};

use super::{
    place::{Place, on_both},
    traffic::{Books, Shape, Sidecar, sidecar},
};
use crate::{Dimension, Ledger, Query, Stamp, Usage};

const START: u64 = 1_788_220_800_000;
const SHAPE: Shape = Shape { seed: 3, sidecars: 1, requests: 150, start_ms: START, length_ms: 5 * 3_600_000 };
const END: u64 = START + 6 * 3_600_000;

/// How a sidecar's entries come: pieces with their own order, some of them more than once.
#[derive(Clone, Debug)]
struct Plan {
    /// Where the entries are cut.
    cuts: Vec<usize>,
    /// Which piece comes next, some several times; those that are not named come at last.
    order: Vec<usize>,
    /// Closed before everything has come.
    early: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let parts = (prop::collection::vec(0..100_usize, 0..12), prop::collection::vec(0..13_usize, 0..30), any::<bool>());
    parts.prop_map(|(cuts, order, early)| Plan { cuts, order, early })
}

async fn answer(ledger: &Ledger, namespace: &str) -> (Usage, usize) {
    let mut query =
        Query::between(START as i64, END as i64).by([Dimension::Model, Dimension::Outcome, Dimension::Source]);
    query.namespaces = Some(vec![namespace.into()]);
    let gaps = ledger.gaps(Some(&[namespace.into()]), END as i64).await.unwrap().len();
    (ledger.usage(&query).await.unwrap(), gaps)
}

async fn send(ledger: &Ledger, namespace: &str, batch: outrigger_api::ledger::AppendRequest) -> u64 {
    let stamp = Stamp { namespace: namespace.into(), service_account: Some("s".into()), received_at_ms: END as i64 };
    ledger.append(stamp, batch).await.unwrap().through
}

async fn carry_out(ledger: &Ledger, namespace: &str, sidecar: &Sidecar, plan: &Plan) {
    let length = sidecar.entries.len();
    let mut cuts: Vec<usize> = plan.cuts.iter().map(|cut| cut % length).chain([0, length]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let pieces: Vec<_> = cuts.windows(2).map(|cut| sidecar.entries[cut[0]..cut[1]].to_vec()).collect();
    let named = plan.order.iter().map(|at| at % pieces.len());
    let mut sent = vec![false; pieces.len()];
    let mut order: Vec<usize> = named.inspect(|at| sent[*at] = true).collect();
    order.extend((0..pieces.len()).filter(|at| !sent[*at]));
    if plan.early {
        send(ledger, namespace, sidecar.batch(Vec::new(), END, true)).await;
    }
    for at in order {
        send(ledger, namespace, sidecar.batch(pieces[at].clone(), END, false)).await;
    }
    let through = send(ledger, namespace, sidecar.batch(Vec::new(), END, true)).await;
    assert_eq!(through, length as u64);
}

on_both! {
    /// Split, doubled, shuffled or late: each entry is booked once, and what began and never ended is unknown.
    async fn however_batches_come_the_sums_are_the_same(place) {
        let ledger = place.open().await;
        let mut runner = TestRunner::new(ProptestConfig { cases: 32, ..ProptestConfig::default() });
        let whole = sidecar(&SHAPE, 1, &mut Books::new());
        let straight = Plan { cuts: vec![], order: vec![], early: false };
        carry_out(&ledger, "straight", &whole, &straight).await;
        let (expected, gaps) = answer(&ledger, "straight").await;
        assert_eq!(gaps, 0);
        assert!(expected.total.unknown.attempts > 0 && expected.total.booked.saved > 0);
        let handle = tokio::runtime::Handle::current();
        let case = std::cell::Cell::new(0_u8);
        tokio::task::block_in_place(|| {
            runner
                .run(&plan(), |plan| {
                    case.set(case.get() + 1);
                    let namespace = format!("case-{}", case.get());
                    let mut sidecar = whole.clone();
                    sidecar.epoch[0] ^= 0xff;
                    sidecar.epoch[1] = case.get();
                    let (found, gaps) = handle.block_on(async {
                        carry_out(&ledger, &namespace, &sidecar, &plan).await;
                        answer(&ledger, &namespace).await
                    });
                    prop_assert_eq!(gaps, 0);
                    prop_assert_eq!(format!("{:?}", found.rows), format!("{:?}", expected.rows));
                    Ok(())
                })
                .unwrap();
        });
        ledger.shut().await;
    }
}
