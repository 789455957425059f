//! `cargo xtask test`: every check there is, cheapest first, each timed, its output shown when it fails.

use std::{process::Command, time::Instant};

use anyhow::Result;

use crate::{
    arrows, budget, charts, circles, cluster, faults, kubernetes, ledger, llmock, monitoring, promises, proto, sdk,
    tools::{self, Output},
    traces, traffic,
};

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

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// How to count a step.
#[derive(Clone, Copy)]
enum Counting {
    /// The step is one check.
    Step,
    /// By these words in its output.
    Tests(fn(&str) -> Count),
    /// The same; an earlier step has counted them as ignored.
    Deferred(fn(&str) -> Count),
}

#[derive(Default)]
struct Report {
    total: Count,
    failed: Vec<&'static str>,
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

impl Report {
    fn step(&mut self, name: &'static str, counting: Counting, work: impl FnOnce() -> Result<Output>) {
        let start = Instant::now();
        let Output { text, ok } = work().unwrap_or_else(|error| Output { text: format!("{error:#}\n"), ok: false });
        let mut count = match counting {
            Counting::Step => Count { passed: ok.into(), ..Count::default() },
            Counting::Tests(read) | Counting::Deferred(read) => read(&text),
        };
        if let Counting::Deferred(_) = counting {
            self.total.ignored = self.total.ignored.saturating_sub(count.passed + count.failed);
        }
        if !ok && count.failed == 0 {
            count.failed = 1;
        }
        // A runner that says it is content without having run anything has not tested anything.
        if ok && count.passed == 0 {
            count.failed += 1;
        }
        let verdict = if count.failed == 0 { "ok  " } else { "FAIL" };
        let mut counted = String::new();
        if let Counting::Tests(_) | Counting::Deferred(_) = counting {
            counted = format!(": {} passed, {} failed, {} ignored", count.passed, count.failed, count.ignored);
        }
        println!("{verdict}  {name}{counted} ({:.1} s)", start.elapsed().as_secs_f64());
        if count.failed > 0 {
            self.failed.push(name);
            for line in text.lines().filter(|line| !(line.starts_with("test ") && line.ends_with(" ... ok"))) {
                println!("      {line}");
            }
        } else {
            for line in text.lines().filter(|line| line.starts_with("WARN")) {
                println!("      {line}");
            }
        }
        self.total.passed += count.passed;
        self.total.failed += count.failed;
        self.total.ignored += count.ignored;
    }

    fn finish(self) -> Result<()> {
        let Count { passed, failed, ignored } = self.total;
        println!();
        if ignored > 0 {
            println!("ignored: {ignored}");
        }
        if !self.failed.is_empty() {
            println!("failed: {}", self.failed.join(", "));
        }
        println!("{passed} passed, {failed} failed");
        if failed > 0 {
            std::process::exit(1);
        }
        Ok(())
    }
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

/// Sums lines like `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
fn rust_tests(text: &str) -> Count {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("test result: "));
    lines.fold(Count::default(), |sum, line| {
        let number = |word: &str| {
            let part = line.split([';', '.']).find_map(|part| part.trim().strip_suffix(word));
            part.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or_default()
        };
        Count {
            passed: sum.passed + number("passed"),
            failed: sum.failed + number("failed"),
            ignored: sum.ignored + number("ignored"),
        }
    })
}

/// The last line like `12 passed, 0 failed`.
fn plain_total(text: &str) -> Count {
    let read = |line: &str| {
        let (passed, failed) = line.trim().split_once(" passed, ")?;
        let failed = failed.strip_suffix(" failed")?;
        Some(Count { passed: passed.parse().ok()?, failed: failed.parse().ok()?, ignored: 0 })
    };
    text.lines().rev().find_map(read).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_are_summed() {
        let text = "running 4 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 20 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s\n";
        assert_eq!(rust_tests(text), Count { passed: 23, failed: 2, ignored: 1 });
        assert_eq!(rust_tests("error: could not compile"), Count::default());
    }

    #[test]
    fn the_last_plain_total_counts() {
        assert_eq!(
            plain_total("1 passed, 1 failed\nx\n12 passed, 3 failed\n"),
            Count { passed: 12, failed: 3, ignored: 0 }
        );
        assert_eq!(plain_total("passed, failed"), Count::default());
    }
}
