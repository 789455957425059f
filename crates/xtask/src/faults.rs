//! `cargo xtask faults`: every misbehaviour of a provider on every surface, as a table.
//!
//! The rows are tests of `tests/faults`, each of which leaves a file of what it saw. What is counted are the cells: a
//! misbehaviour on a surface, with a second target or alone.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::tools::{self, Output};

/// Where the tests leave what they saw.
const FOLDER: &str = "OUTRIGGER_FAULTS";
/// Most of them wait for somebody most of the time.
const AT_ONE_TIME: &str = "--test-threads=4";

/// Runs every misbehaviour on every surface; fails if a caller saw what it should not.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those misbehaviours whose names, with that of their file, hold one of these texts: `tls::`, `status_429`.
    filter: Vec<String>,
    /// Only what is not as it should be.
    #[arg(long)]
    quiet: bool,
}

/// One misbehaviour on one surface, with a second target or alone.
#[derive(Debug, PartialEq)]
struct Cell {
    /// Misbehaviour, surface, target, what the caller saw, attempts, milliseconds.
    columns: [String; 6],
    /// `ok`, `known` or `FAIL`.
    verdict: String,
    why: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    tools::succeed(&mut tools::build_programs())?;
    let Output { text, ok } = table(args)?;
    print!("{text}");
    if !ok {
        std::process::exit(1);
    }
    Ok(())
}

/// The table and the counts, for `cargo xtask test`; the programs are built.
pub(crate) fn all() -> Result<Output> {
    table(&Args { filter: Vec::new(), quiet: true })
}

fn table(args: &Args) -> Result<Output> {
    let folder = tools::target()?.join("faults");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let tests = tools::capture(
        tools::cargo()
            .args(["test", "--quiet", "--workspace", "--test", "faults", "--", AT_ONE_TIME])
            .args(&args.filter)
            .env("CARGO_TERM_COLOR", "never")
            .env("RUST_BACKTRACE", "0")
            .env(FOLDER, &folder),
    )?;
    let mut files: Vec<_> =
        fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut cells = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        for line in text.lines() {
            cells.push(Cell::read(line).with_context(|| format!("{} holds {line:?}", file.display()))?);
        }
    }
    if cells.is_empty() {
        bail!("nothing was run:\n{}", tests.text);
    }
    let shown: Vec<&Cell> = cells.iter().filter(|cell| !args.quiet || cell.verdict != "ok").collect();
    let mut text = aligned(&shown);
    let count = |verdict: &str| cells.iter().filter(|cell| cell.verdict == verdict).count();
    let (passed, known, mut failed) = (count("ok"), count("known"), count("FAIL"));
    if !tests.ok && failed == 0 {
        // What is wrong with a sidecar when its callers are gone is no cell's fault.
        text += &tests.text;
        failed = 1;
    }
    if known > 0 {
        text += &format!("{known} are not as they should be, for a reason that is known\n");
    }
    text += &format!("{passed} passed, {failed} failed\n");
    Ok(Output { text, ok: failed == 0 })
}

impl Cell {
    fn read(line: &str) -> Option<Self> {
        let mut columns = line.split('\t').map(str::to_owned);
        let columns: [String; 8] = std::array::from_fn(|_| columns.next().unwrap_or_default());
        let [misbehaviour, surface, target, saw, attempts, millis, verdict, why] = columns;
        let known = ["ok", "known", "FAIL"].contains(&verdict.as_str());
        known.then_some(Self { columns: [misbehaviour, surface, target, saw, attempts, millis], verdict, why })
    }
}

/// Words to the left, numbers to the right.
fn aligned(cells: &[&Cell]) -> String {
    const HEADS: [&str; 6] = ["misbehaviour", "surface", "target", "the caller saw", "attempts", "ms"];
    let width = |at: usize| cells.iter().map(|cell| cell.columns[at].chars().count()).chain([HEADS[at].len()]).max();
    let widths: [usize; 6] = std::array::from_fn(|at| width(at).unwrap_or_default());
    let line = |columns: [&str; 6], verdict: &str| {
        let mut line = String::new();
        for (at, (column, width)) in columns.into_iter().zip(widths).enumerate() {
            line += &if at < 4 { format!("{column:<width$}  ") } else { format!("{column:>width$}  ") };
        }
        line + verdict + "\n"
    };
    if cells.is_empty() {
        return String::new();
    }
    let mut text = line(HEADS, "");
    for Cell { columns, verdict, why } in cells {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        text += &line(std::array::from_fn(|at| columns[at].as_str()), &format!("{verdict}{why}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_cell_or_an_error() {
        let cell = Cell::read("refuses\tchat\talone\t502 connect_failed\t1\t12\tok\t").unwrap();
        assert_eq!(
            (cell.columns[3].as_str(), cell.verdict.as_str(), cell.why.as_str()),
            ("502 connect_failed", "ok", "")
        );
        assert_eq!(Cell::read("refuses\tchat"), None);
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let cells = [
            Cell::read("refuses\tchat\talone\t502 connect_failed\t1\t12\tok\t").unwrap(),
            Cell::read("stalls\tchat, streamed\twith a second\t200\t2\t1200\tFAIL\t2 instead of 1").unwrap(),
        ];
        let text = aligned(&cells.iter().collect::<Vec<_>>());
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "misbehaviour  surface         target         the caller saw      attempts    ms  ",
                "refuses       chat            alone          502 connect_failed         1    12  ok",
                "stalls        chat, streamed  with a second  200                        2  1200  FAIL: 2 instead of 1",
            ]
        );
    }
}
