//! One piece of a request's path, done so many times: `instructions CASE COUNT`. `cargo xtask budget` runs it under
//! callgrind and holds what one more time costs against `budgets.json`.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a harness stops where it is wrong")]

mod inputs;

use std::{hint::black_box, path::Path, time::Duration};

use outrigger_proxy::{Ledger, Users, measured::Measured};
use outrigger_spool::{MEMORY, Settings, Spool};
use tokio::runtime::{Builder, Runtime};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Something done so many times.
type Work = fn(&Runtime, &Measured, usize);
/// What it is called.
type Case = (&'static str, Work);

/// The case that tells a ledger; the one before it is the same without.
const BOOKED: &str = "decided, told to a ledger";

const CASES: [Case; 9] = [
    ("request, 1 KB", |_, measured, count| prepare(measured, count, &inputs::chat(inputs::OPENAI, 1 << 10))),
    ("request, 1 KB, translated", |_, measured, count| {
        prepare(measured, count, &inputs::chat(inputs::ANTHROPIC, 1 << 10));
    }),
    ("request, 1 MB with an image", |_, measured, count| {
        prepare(measured, count, &inputs::picture(inputs::OPENAI, 1 << 20));
    }),
    ("decided", tell),
    (BOOKED, tell),
    ("answer, 1 KB", |runtime, measured, count| {
        let (call, answer) = (inputs::chat(inputs::OPENAI, 1 << 10), inputs::whole(1 << 10));
        for _ in 0..count {
            black_box(runtime.block_on(measured.relay(&call, answer.clone())).unwrap());
        }
    }),
    ("event", |runtime, measured, count| {
        let (call, answer) = (inputs::stream(inputs::OPENAI), inputs::chat_events(count));
        black_box(runtime.block_on(measured.relay(&call, answer)).unwrap());
    }),
    ("event, from Anthropic to a chat caller", |runtime, measured, count| {
        let (call, answer) = (inputs::stream(inputs::ANTHROPIC), inputs::message_events(count));
        black_box(runtime.block_on(measured.relay(&call, answer)).unwrap());
    }),
    ("event, from OpenAI to a Messages caller", |runtime, measured, count| {
        let (call, answer) = (inputs::message_stream(inputs::OPENAI), inputs::chat_events(count));
        black_box(runtime.block_on(measured.relay(&call, answer)).unwrap());
    }),
];

fn prepare(measured: &Measured, count: usize, call: &outrigger_proxy::measured::Call) {
    for _ in 0..count {
        black_box(measured.prepare(black_box(call)).unwrap());
    }
}

fn tell(_: &Runtime, measured: &Measured, count: usize) {
    let call = inputs::chat(inputs::OPENAI, 1 << 10);
    for _ in 0..count {
        measured.tell(black_box(&call)).unwrap();
    }
}

/// Tells a ledger, by way of this folder.
fn booked(folder: &Path) -> Measured {
    let settings =
        Settings { folder: Some(folder.to_owned()), limit: 64 << 20, memory: MEMORY, age: Duration::from_secs(3_600) };
    let ledger = Ledger::new(Spool::open(&settings), Users::hashed(&[1; 32]), "unassigned".into());
    Measured::booked(inputs::snapshot(), ledger).unwrap()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        return CASES.iter().for_each(|(name, _)| println!("{name}"));
    };
    let count: usize = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1);
    let (_, case) = CASES.iter().find(|(known, _)| *known == name).expect("a case; without arguments they are listed");
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let folder = std::env::temp_dir().join(format!("outrigger-budget-{}", std::process::id()));
    let measured = runtime.block_on(async {
        match name == BOOKED {
            true => booked(&folder),
            false => Measured::new(inputs::snapshot()).unwrap(),
        }
    });
    counted(*case, &runtime, &measured, count);
    let _ = std::fs::remove_dir_all(folder);
}

/// What is counted: `cargo xtask budget` names this function to callgrind. Starting is not in it, whose hash tables are
/// filled in another order each time.
#[inline(never)]
fn counted(case: Work, runtime: &Runtime, measured: &Measured, count: usize) {
    case(runtime, measured, count);
}
