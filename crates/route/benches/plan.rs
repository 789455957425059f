//! How long one decision takes, and whether that grows with the catalogue: `cargo bench -p outrigger-route`.

#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

mod catalogue;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use catalogue::{Measured, POPULAR, snapshot};
use outrigger_route::{Ask, Snapshot, Sort, plan};
use outrigger_wire::Operation;

const ROUNDS: usize = 400;
const PLANS: u32 = 100;

fn main() {
    println!("{:44} {:>10} {:>10}", "microseconds per plan", "median", "p99");
    for (label, models) in [("400 models x 60 providers", 400), ("4,000 models x 60 providers", 4000)] {
        let snapshot = snapshot(models, 60);
        let mut ask = Ask::of(Operation::ChatCompletions, POPULAR);
        report(&format!("{label}, 60 candidates"), &snapshot, &ask);
        ask.preferences.sort = Some(Sort::Throughput);
        ask.preferences.ignore = vec!["provider-1".into(), "provider-2".into()];
        ask.preferences.zero_data_retention = true;
        ask.prompt_tokens = 1000;
        report(&format!("{label}, 58 and preferences"), &snapshot, &ask);
        report(&format!("{label}, 6 candidates"), &snapshot, &Ask::of(Operation::ChatCompletions, "author/model-7"));
    }
}

fn report(label: &str, snapshot: &Snapshot, ask: &Ask<'_>) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let begin = Instant::now();
            for n in 0..PLANS {
                let draw = round as u64 * 1000 + u64::from(n);
                let _ = black_box(plan(black_box(snapshot), black_box(ask), &Measured, Duration::from_secs(9), draw));
            }
            begin.elapsed().as_secs_f64() * 1e6 / f64::from(PLANS)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{label:44} {:>10.2} {:>10.2}", times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
}
