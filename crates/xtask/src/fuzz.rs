//! `cargo xtask fuzz`: looks for inputs on which the dialects panic, hang, or break a promise.
//!
//! The targets are a workspace of their own in `crates/wire/fuzz`; what those of `src/promises.rs` hold, `cargo test --lib`
//! there holds of their seeds. Their sanitizer needs a nightly toolchain. What a run
//! learns stays in the build's folder, and the next run goes on from there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::tools;

const CARGO_FUZZ_VERSION: &str = "0.13.2";
const TOOLCHAIN: &str = "nightly";

/// Fuzzes the dialects; fails if an input crashes a target.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The target to run; all of them by default.
    target: Option<String>,
    /// How long to run each target, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// What libFuzzer says of one run.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    runs: u64,
    per_second: u64,
    /// Edges that the inputs known before the run reach, then those known after it.
    coverage: (u64, u64),
    /// Where the input that crashed was written.
    crash: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let fuzz = tools::root().join("crates/wire/fuzz");
    let mut targets = targets(&fuzz)?;
    if let Some(wanted) = &args.target {
        targets.retain(|target| target == wanted);
        if targets.is_empty() {
            bail!("there is no fuzz target {wanted}");
        }
    }
    let tool = cargo_fuzz()?;
    let build = tools::target()?.join("fuzz");
    // All are built first: a target that does not compile has not been run and is found at once.
    tools::succeed(&mut fuzz_command(&tool, "build", &fuzz, &build)?)?;
    println!("{:<10} {:>10} {:>8} {:>8} {:>8}  crashes", "target", "runs", "exec/s", "edges", "new");
    let mut failed = Vec::new();
    for target in &targets {
        let output = tools::capture(&mut run_command(&tool, &fuzz, &build, target, args.seconds)?)?;
        let tally = tally(&output.text);
        let (before, after) = tally.coverage;
        println!(
            "{target:<10} {:>10} {:>8} {after:>8} {:>8}  {}",
            tally.runs,
            tally.per_second,
            after.saturating_sub(before),
            tally.crash.as_deref().unwrap_or(if output.ok { "0" } else { "it did not run to its end" }),
        );
        // A target that says it is content without having run anything has not tested anything.
        if !output.ok || tally.crash.is_some() || tally.runs == 0 {
            for line in complaint(&output.text) {
                println!("      {line}");
            }
            failed.push(target.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("fuzzing failed: {}", failed.join(", "));
    }
    Ok(())
}

/// The names of all targets, which are those of their files.
fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let folder = fuzz.join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// The folder of `cargo-fuzz` in the pinned version, built once.
fn cargo_fuzz() -> Result<PathBuf> {
    let tools = tools::target()?.join("tools");
    let bin = tools.join("bin");
    let own = bin.join(format!("cargo-fuzz{}", env::consts::EXE_SUFFIX));
    let version = Command::new(&own).arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().ends_with(CARGO_FUZZ_VERSION)) {
        println!("installing cargo-fuzz {CARGO_FUZZ_VERSION}, once");
        tools::succeed(
            tools::cargo()
                .args(["install", "--locked", "--force", "--version", CARGO_FUZZ_VERSION, "cargo-fuzz", "--root"])
                .arg(&tools)
                .arg("--target-dir")
                .arg(tools.join("build")),
        )?;
        let _ = fs::remove_dir_all(tools.join("build"));
    }
    Ok(bin)
}

/// `cargo fuzz <verb>` with the nightly toolchain, before any name of a target.
fn fuzz_command(tool: &Path, verb: &str, fuzz: &Path, build: &Path) -> Result<Command> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(tool.to_owned()).chain(env::split_paths(&path)))?;
    let mut command = Command::new("rustup");
    command
        .args(["run", TOOLCHAIN, "cargo", "fuzz", verb, "--fuzz-dir"])
        .arg(fuzz)
        .arg("--target-dir")
        .arg(build)
        .current_dir(fuzz)
        // Those of the toolchain that runs us would be taken for the nightly one's.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env("CARGO_TERM_COLOR", "never")
        .env("PATH", path);
    Ok(command)
}

fn run_command(tool: &Path, fuzz: &Path, build: &Path, target: &str, seconds: u32) -> Result<Command> {
    let corpus = build.join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let dictionary = fuzz.join("wire.dict");
    let mut command = fuzz_command(tool, "run", fuzz, build)?;
    command
        .arg(target)
        .arg(corpus)
        .arg(fuzz.join("seeds").join(target))
        .args(["--", "-print_final_stats=1", "-timeout=10"])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-dict={}", dictionary.display()));
    Ok(command)
}

/// Reads libFuzzer's `#9 INITED cov: 7 ft: 8 ...` and `#99 DONE cov: 9 ...` lines, and its `stat::` lines.
fn tally(text: &str) -> Tally {
    let mut tally = Tally::default();
    for line in text.lines() {
        let stat = |name: &str| line.strip_prefix(name).and_then(|number| number.trim().parse().ok());
        if let Some(runs) = stat("stat::number_of_executed_units:") {
            tally.runs = runs;
        } else if let Some(rate) = stat("stat::average_exec_per_sec:") {
            tally.per_second = rate;
        } else if line.contains("Test unit written to ") {
            tally.crash = line.split("Test unit written to ").nth(1).map(str::to_owned);
        } else if line.starts_with('#') {
            let mut words = line.split_whitespace();
            let Some(cov) = words.by_ref().find(|word| *word == "cov:").and(words.next()) else { continue };
            let Ok(cov) = cov.parse() else { continue };
            if line.contains("INITED") {
                tally.coverage.0 = cov;
            }
            tally.coverage.1 = cov;
        }
    }
    tally
}

/// The part of the output that says what went wrong: from the panic or the sanitizer's report on, else its end.
fn complaint(text: &str) -> Vec<&str> {
    const MOST: usize = 40;
    let lines: Vec<&str> = text.lines().collect();
    let said = |line: &&str| line.contains("panicked at") || line.contains("ERROR:") || line.starts_with("error");
    let start = lines.iter().position(said).unwrap_or(lines.len().saturating_sub(MOST));
    lines.into_iter().skip(start).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_counted_by_libfuzzers_own_words() {
        let text = "INFO: Loaded 1 modules\n\
            #54\tINITED cov: 701 ft: 1207 corp: 41/8Kb exec/s: 0 rss: 42Mb\n\
            #2048\tNEW    cov: 702 ft: 1300 corp: 42/8Kb lim: 4 exec/s: 0 rss: 43Mb L: 4/5 MS: 1 ChangeBit-\n\
            #9000\tDONE   cov: 750 ft: 2000 corp: 90/9Kb lim: 9 exec/s: 300 rss: 44Mb\n\
            stat::number_of_executed_units: 9000\n\
            stat::average_exec_per_sec:     300\n";
        assert_eq!(tally(text), Tally { runs: 9000, per_second: 300, coverage: (701, 750), crash: None });
    }

    #[test]
    fn a_crash_is_seen_with_its_place_and_its_words() {
        let text = "#54\tINITED cov: 7 ft: 12\nthread panicked at src/x.rs:1:2:\n\
            artifact_prefix='a/'; Test unit written to a/crash-1\n";
        assert_eq!(tally(text).crash.as_deref(), Some("a/crash-1"));
        assert_eq!(complaint(text)[0], "thread panicked at src/x.rs:1:2:");
    }

    #[test]
    fn every_target_has_seeds_and_is_declared() {
        let fuzz = tools::root().join("crates/wire/fuzz");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        let targets = targets(&fuzz).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
        for target in targets {
            assert!(manifest.contains(&format!("name = \"{target}\"\n")), "{target}");
            assert!(fs::read_dir(fuzz.join("seeds").join(&target)).unwrap().count() > 0, "{target}");
        }
    }
}
