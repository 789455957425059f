//! How the chores of the repository call cargo and other programs, and where things are.

use std::{
    env::{self, consts::EXE_SUFFIX},
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// What a command printed, standard error after standard output, and whether it succeeded.
#[derive(Debug)]
pub struct Output {
    /// What it said.
    pub text: String,
    /// Whether its status was 0.
    pub ok: bool,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// `cargo`, the one that runs us, in the root of the repository.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root());
    // What cargo says of this package to us is no news to build scripts; some of them take it for a change and build anew.
    for (name, _) in env::vars_os() {
        if ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|begin| name.to_string_lossy().starts_with(begin)) {
            command.env_remove(name);
        }
    }
    command
}

/// What `cargo metadata` says of the workspace.
///
/// # Errors
///
/// If cargo does not answer, or not in JSON.
pub fn metadata() -> Result<Value> {
    let text = succeed(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    serde_json::from_str(&text).context("cannot read the answer of cargo metadata")
}

/// The build's own folder, wherever that is.
///
/// # Errors
///
/// If cargo does not tell.
pub fn target() -> Result<PathBuf> {
    let metadata = metadata()?;
    let path = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(path))
}

/// How the programs of the workspace are built for tests: in one go, with the features that `cargo test --workspace` takes.
/// Each package alone, or programs without an example (which has what tests have), is another choice of features, and
/// whatever lies above tokio or serde is compiled once more for each choice.
const PROGRAMS: [&str; 13] = [
    "build",
    "--quiet",
    "--workspace",
    "--bin",
    "outrigger",
    "--bin",
    "outrigger-control-plane",
    "--bin",
    "outrigger-sidecar",
    "--bin",
    "outrigger-bench",
    "--example",
    REFERENCE,
];
/// Prints the tables of what people look up of a sidecar.
const REFERENCE: &str = "reference";

/// The build of what tests start, for whoever shows what it says.
pub fn build_programs() -> Command {
    let mut command = cargo();
    command.args(PROGRAMS).env("CARGO_TERM_COLOR", "never");
    command
}

/// A program of the workspace for tests, built if that is not done yet.
///
/// # Errors
///
/// If the build fails; what cargo said is in the words.
pub fn program(name: &str) -> Result<PathBuf> {
    succeed(&mut build_programs())?;
    Ok(debug()?.join(format!("{name}{EXE_SUFFIX}")))
}

/// The program that prints the tables of what people look up of a sidecar, built if that is not done yet.
///
/// # Errors
///
/// If the build fails; what cargo said is in the words.
pub fn reference() -> Result<PathBuf> {
    succeed(&mut build_programs())?;
    Ok(debug()?.join("examples").join(format!("{REFERENCE}{EXE_SUFFIX}")))
}

/// Where those programs are.
///
/// # Errors
///
/// If cargo does not tell.
pub fn debug() -> Result<PathBuf> {
    Ok(target()?.join("debug"))
}

/// Runs a command to its end without standard input.
///
/// # Errors
///
/// If it does not start: one that fails is no error here.
pub fn capture(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_owned();
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", program.to_string_lossy()))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Output { text, ok: output.status.success() })
}

/// The standard output of a command that has to succeed.
///
/// # Errors
///
/// If it does not start, fails, or prints what is no text; what it said of that is in the words.
pub fn succeed(command: &mut Command) -> Result<String> {
    let described = format!("{command:?}");
    let output =
        command.stdin(std::process::Stdio::null()).output().with_context(|| format!("cannot start {described}"))?;
    if !output.status.success() {
        bail!("{described} failed:\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{described} did not print text"))
}
