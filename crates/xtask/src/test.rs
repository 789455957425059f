//! `cargo xtask test`: every check there is, cheapest first, each timed, its output shown when it fails.

mod count;
mod failures;
mod report;

use std::process::Command;

use anyhow::Result;

use crate::{
    arrows, budget, charts, circles, cluster, faults, kubernetes, ledger, llmock, monitoring, promises, proto, sdk,
    tools::{self, Output},
    traces, traffic,
};

use count::{Counting, plain_total, rust_tests};
use report::Report;

/// Runs every test and check, installing what it needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave out `cargo deny`, whose first installation takes some minutes where it is not published for the platform.
    #[arg(long)]
    no_deny: bool,
    /// Let `cargo deny` check advisories too: it downloads their database.
    #[arg(long)]
    advisories: bool,
    /// Leave out the stories that need a Kubernetes API server, whose first build takes some minutes.
    #[arg(long)]
    no_kubernetes: bool,
    /// Leave out the stories in which pods run, on a whole node.
    #[arg(long)]
    no_cluster: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mut report = Report::default();
    let cluster =
        if args.no_cluster { cluster::Step::skipped("--no-cluster was given") } else { cluster::Step::prepare() };
    let kubernetes = if args.no_kubernetes {
        kubernetes::Step::skipped("--no-kubernetes was given")
    } else {
        kubernetes::Step::prepare(cluster.builds())
    };
    let cargo = |words: &'static str| {
        move || tools::capture(tools::cargo().args(words.split(' ')).env("CARGO_TERM_COLOR", "never"))
    };
    report.step("format", Counting::Step, cargo("fmt --all --check -- -l"));
    report.step("crate arrows", Counting::Step, check_arrows);
    report.step("module circles", Counting::Step, check_circles);
    report.step("promises", Counting::Step, check_promises);
    report.step("proto", Counting::Step, proto::check);
    report.step("lints", Counting::Step, cargo("clippy --quiet --workspace --all-targets -- -D warnings"));
    // What the black-box stories start.
    report.step("build", Counting::Step, || tools::capture(&mut tools::build_programs()));
    // The faults have a step of their own, in which each cell counts.
    let tests = "test --workspace --no-fail-fast -- --skip misbehaviours::";
    report.step("tests", Counting::Tests(rust_tests), cargo(tests));
    report.step("faults", Counting::Tests(plain_total), faults::all);
    match ledger::Step::prepare() {
        ledger::Step::Skipped(why) => println!("skip  ledger on PostgreSQL: {why}"),
        ledger::Step::Ready(server) => {
            report.step("ledger on PostgreSQL", Counting::Deferred(rust_tests), || ledger::step(&server));
        }
    }
    match traces::Step::prepare() {
        traces::Step::Skipped(why) => println!("skip  traces: {why}"),
        traces::Step::Ready(bin) => report.step("traces", Counting::Deferred(rust_tests), || traces::step(bin)),
    }
    if traffic::named() {
        report.step("recorded traffic", Counting::Deferred(rust_tests), traffic::tests);
    } else {
        println!("skip  recorded traffic: OUTRIGGER_TRAFFIC names no folder of recordings");
    }
    if args.no_deny {
        println!("skip  cargo deny: --no-deny was given");
    } else {
        report.step("cargo deny", Counting::Step, || deny(args.advisories));
    }
    report.step("llmock", Counting::Tests(plain_total), || tools::capture(&mut llmock::command(None)?));
    report.step("sdks", Counting::Tests(plain_total), || tools::capture(&mut sdk::command(None)?));
    report.step("vidaimock", Counting::Tests(plain_total), || tools::capture(&mut sdk::vidaimock()?));
    if budget::valgrind() {
        report.step("instruction budgets", Counting::Tests(plain_total), || chore("budget"));
    } else {
        println!("skip  instruction budgets: valgrind is not installed");
    }
    if cfg!(target_os = "linux") {
        report.step("fleet", Counting::Tests(plain_total), || {
            tools::capture(Command::new(tools::program("outrigger-bench")?).arg("fleet-check"))
        });
    } else {
        println!("skip  fleet: memory is read from /proc");
    }
    match charts::Step::prepare() {
        charts::Step::Skipped(why) => println!("skip  charts: {why}"),
        step @ charts::Step::Ready(_) => report.step("charts", Counting::Tests(plain_total), || step.run()),
    }
    match monitoring::Step::prepare() {
        monitoring::Step::Skipped(why) => println!("skip  monitoring: {why}"),
        step @ monitoring::Step::Ready(_) => report.step("monitoring", Counting::Tests(plain_total), || step.run()),
    }
    if let Some(why) = kubernetes.why_skipped() {
        println!("skip  kubernetes: {why}");
    } else {
        report.step("kubernetes", Counting::Deferred(rust_tests), || kubernetes.run());
    }
    if let Some(why) = cluster.why_skipped() {
        println!("skip  cluster: {why}");
    } else {
        report.step("cluster", Counting::Deferred(rust_tests), || cluster.run());
    }
    report.step("generated files", Counting::Step, || {
        tools::capture(Command::new(std::env::current_exe()?).args(["generate", "--check"]))
    });
    report.finish()
}

/// A chore of this program, in a process of its own, so that what it prints is shown only when it fails.
fn chore(name: &str) -> Result<Output> {
    tools::capture(Command::new(std::env::current_exe()?).arg(name))
}

fn check_arrows() -> Result<Output> {
    let problems = arrows::check()?;
    Ok(Output { ok: problems.is_empty(), text: problems.join("\n") })
}

fn check_circles() -> Result<Output> {
    let problems = circles::check()?;
    Ok(Output { ok: problems.is_empty(), text: problems.join("\n") })
}

fn check_promises() -> Result<Output> {
    let problems = promises::check()?;
    Ok(Output { ok: problems.is_empty(), text: problems.join("\n") })
}

/// Looks at the packages of every platform, of which a build has fetched its own alone. Advisories are another download.
fn deny(advisories: bool) -> Result<Output> {
    let program = tools::cargo_deny()?;
    tools::succeed(tools::cargo().args(["fetch", "--locked"]))?;
    let mut command = Command::new(program);
    command.current_dir(tools::root()).args(["--color", "never"]);
    if advisories {
        command.args(["check", "advisories", "bans", "licenses", "sources"]);
    } else {
        command.args(["--offline", "check", "bans", "licenses", "sources"]);
    }
    tools::capture(&mut command)
}
