//! `cargo xtask budget`: how many instructions the path of a request takes, held against what was agreed.
//!
//! Times mean little on shared machines; callgrind counts the same instructions whatever else a machine does. Each case of
//! `crates/budget` runs twice, for some and for more of the same, and the difference is what one more
//! takes: reading policy and starting do not count. Counts change with the compiler and a little with the processor, whose
//! vector instructions are used where there are any.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::tools;

/// Counts the instructions of a request's path.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Agree on what is counted now.
    #[arg(long)]
    write: bool,
}

/// More percent than this above what was agreed are a regression.
const TOLERANCE: u64 = 5;
const FILE: &str = "crates/budget/budgets.json";
const PROFILE: &str = "budget";
const PACKAGE: &str = "outrigger-budget";
const PROGRAM: &str = "instructions";

/// What was agreed.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Budgets {
    /// The compiler that it was counted with.
    rustc: String,
    /// Instructions of one more of each case.
    instructions: BTreeMap<String, u64>,
}

/// A count held against a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Within,
    /// So much less that the budget no longer holds anything.
    Below,
    Above,
    Unknown,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if !valgrind() {
        bail!("valgrind is not installed: it counts the instructions (Debian: apt-get install valgrind)");
    }
    let program = built()?;
    let names = tools::succeed(&mut Command::new(&program))?;
    let counted = all(&program, &names.lines().collect::<Vec<_>>())?;
    let file = tools::root().join(FILE);
    let rustc = tools::succeed(Command::new("rustc").arg("--version"))?.trim().to_owned();
    if args.write {
        let agreed = Budgets { rustc, instructions: counted };
        fs::write(&file, serde_json::to_string_pretty(&agreed)? + "\n")?;
        println!("wrote {FILE}");
        return Ok(());
    }
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {FILE}"))?;
    let agreed: Budgets = serde_json::from_str(&text).with_context(|| format!("cannot read {FILE}"))?;
    let failed = report(&agreed, &counted, &rustc);
    println!("{} passed, {failed} failed", counted.len() - failed);
    if failed > 0 {
        bail!(
            "the path of a request takes more instructions than agreed; if that is wanted: cargo xtask budget --write"
        );
    }
    Ok(())
}

/// Whether instructions can be counted here.
pub(crate) fn valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Prints every case; returns how many take too much, or were never agreed on.
fn report(agreed: &Budgets, counted: &BTreeMap<String, u64>, rustc: &str) -> usize {
    if agreed.rustc != rustc {
        println!("agreed with {}, counted with {rustc}", agreed.rustc);
    }
    let mut failed = 0;
    for (name, count) in counted {
        let budget = agreed.instructions.get(name).copied();
        let verdict = verdict(budget, *count);
        failed += usize::from(matches!(verdict, Verdict::Above | Verdict::Unknown));
        let word = match verdict {
            Verdict::Within => "ok  ",
            Verdict::Below => "less",
            Verdict::Above => "MORE",
            Verdict::Unknown => "NEW ",
        };
        let of = budget.map_or("nothing agreed".to_owned(), |budget| format!("{budget} agreed"));
        println!("{word}  {name:<42} {count:>9} instructions, {of}");
    }
    failed
}

fn verdict(budget: Option<u64>, count: u64) -> Verdict {
    let Some(budget) = budget.filter(|budget| *budget > 0) else { return Verdict::Unknown };
    match 100 * count {
        count if count > (100 + TOLERANCE) * budget => Verdict::Above,
        count if count < (100 - TOLERANCE) * budget => Verdict::Below,
        _ => Verdict::Within,
    }
}

/// The cases, built as a release is and by themselves: a bench of a package with a program would have that built and linked
/// too, which takes as long again.
fn built() -> Result<PathBuf> {
    tools::succeed(tools::cargo().args(["build", "--quiet", "--package", PACKAGE, "--profile", PROFILE]))?;
    Ok(tools::target()?.join(PROFILE).join(format!("{PROGRAM}{}", env::consts::EXE_SUFFIX)))
}

/// Every case, as many at a time as there are processors: whatever else runs, the same is counted.
fn all(program: &Path, names: &[&str]) -> Result<BTreeMap<String, u64>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = std::iter::from_fn(|| names.get(next.fetch_add(1, Ordering::Relaxed)));
        mine.map(|name| Ok(((*name).to_owned(), count(program, name)?))).collect::<Result<Vec<_>>>()
    };
    thread::scope(|scope| {
        let at_a_time = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..at_a_time).map(|_| scope.spawn(work)).collect();
        let counted = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| bail!("a count panicked")));
        Ok(counted.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    })
}

/// Instructions of one more of `case`.
fn count(program: &Path, case: &str) -> Result<u64> {
    // One more of a megabyte is many of a kilobyte; but how its pages happen to lie is worth two of them.
    let (some, more) = if case.contains("1 MB") { (4, 132) } else { (200, 2200) };
    let (first, second) = (collected(program, case, some)?, collected(program, case, more)?);
    Ok(second.saturating_sub(first) / (more - some))
}

fn collected(program: &Path, case: &str, times: u64) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=instructions::counted"]);
    command.arg(program).arg(case).arg(times.to_string());
    // The same environment everywhere, since it lies on the stack; and no thread of the allocator's own, whose work would
    // come and go.
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
    command.env("_RJEM_MALLOC_CONF", "background_thread:false");
    let output = tools::capture(&mut command)?;
    if !output.ok {
        bail!("the case `{case}` failed:\n{}", output.text.trim_end());
    }
    instructions(&output.text).with_context(|| format!("no count in what valgrind printed:\n{}", output.text))
}

/// From a line like `==7== Collected : 1234`.
fn instructions(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_what_valgrind_prints() {
        assert_eq!(instructions("==7== Events    : Ir\n==7== Collected : 182884022\n==7==\n"), Some(182_884_022));
        assert_eq!(instructions("valgrind: no such program"), None);
    }

    #[test]
    fn a_twentieth_more_fails_and_a_twentieth_less_is_told() {
        assert_eq!(verdict(Some(1000), 1050), Verdict::Within);
        assert_eq!(verdict(Some(1000), 1051), Verdict::Above);
        assert_eq!(verdict(Some(1000), 949), Verdict::Below);
        assert_eq!(verdict(None, 1), Verdict::Unknown);
        let agreed =
            Budgets { rustc: "r".to_owned(), instructions: [("a".to_owned(), 100), ("b".to_owned(), 100)].into() };
        let counted = [("a".to_owned(), 100), ("b".to_owned(), 200), ("c".to_owned(), 1)].into();
        assert_eq!(report(&agreed, &counted, "r"), 2);
    }
}
