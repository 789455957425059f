//! Where things are, and how the tools that a chore needs come to be there.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

const DENY_VERSION: &str = "0.20.2";

/// What a command printed, standard error after standard output, and whether it succeeded.
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) ok: bool,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// `cargo`, the one that runs us, in the root of the repository.
pub(crate) fn cargo() -> Command {
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
pub(crate) fn metadata() -> Result<Value> {
    let text = succeed(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    serde_json::from_str(&text).context("cannot read the answer of cargo metadata")
}

/// The build's own folder, wherever that is.
pub(crate) fn target() -> Result<PathBuf> {
    let metadata = metadata()?;
    let path = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(path))
}

/// Runs a command to its end without standard input.
pub(crate) fn capture(command: &mut Command) -> Result<Output> {
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
pub(crate) fn succeed(command: &mut Command) -> Result<String> {
    let described = format!("{command:?}");
    let output =
        command.stdin(std::process::Stdio::null()).output().with_context(|| format!("cannot start {described}"))?;
    if !output.status.success() {
        bail!("{described} failed:\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{described} did not print text"))
}

/// `cargo-deny` in the pinned version: the one on the path if it is that one, else our own, built once.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let tools = target()?.join("tools");
    let own = tools.join("bin").join(format!("cargo-deny{}", env::consts::EXE_SUFFIX));
    for candidate in [PathBuf::from("cargo-deny"), own.clone()] {
        let version = Command::new(&candidate).arg("--version").output();
        if version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().ends_with(DENY_VERSION)) {
            return Ok(candidate);
        }
    }
    println!("      installing cargo-deny {DENY_VERSION}: this takes some minutes, once");
    succeed(
        cargo()
            .args(["install", "--locked", "--version", DENY_VERSION, "cargo-deny", "--root"])
            .arg(&tools)
            .arg("--target-dir")
            .arg(tools.join("build")),
    )?;
    // The intermediate files are larger than the tool by a factor of twenty.
    let _ = fs::remove_dir_all(tools.join("build"));
    Ok(own)
}

/// A virtual environment with exactly what `requirements` pins, made once per content of that file.
pub(crate) fn venv(name: &str, requirements: &Path) -> Result<PathBuf> {
    let folder = target()?.join("tools").join(name);
    let bin = folder.join("bin");
    let stamp = folder.join("requirements.txt");
    let wanted = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(bin);
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .context("python3 with its venv module is needed")?;
    succeed(
        Command::new(bin.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"])
            .arg(requirements),
    )?;
    fs::write(&stamp, wanted)?;
    Ok(bin)
}
