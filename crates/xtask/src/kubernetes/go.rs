//! The Go command: whether it is new enough, and how it is called.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::version::VERSION;

/// The minor version of Go 1 that this Kubernetes is written in.
const OLDEST: u32 = 26;

/// Two folders of Go's own.
#[derive(Clone, Debug)]
pub(crate) struct Caches {
    /// What it has compiled.
    pub(crate) build: PathBuf,
    /// What it has downloaded.
    pub(crate) modules: PathBuf,
}

/// Why nothing can be built here, in one line; `None` where it can be.
pub(crate) fn unusable() -> Option<String> {
    let answer = Command::new("go").args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").output();
    let Ok(answer) = answer else {
        return Some(format!("`go` is not on the path; Go 1.{OLDEST} or newer builds the API server"));
    };
    let said = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    (minor(&said) < OLDEST).then(|| {
        format!("Kubernetes {VERSION} is built by Go 1.{OLDEST} or newer, and the `go` on the path is {said:?}")
    })
}

/// `go` in a folder of modules, with nothing of the developer's settings but where modules come from.
pub(super) fn command(caches: &Caches, modules: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(modules);
    for name in ["GOOS", "GOARCH", "GOEXPERIMENT", "GOFIPS140", "GOTMPDIR"] {
        command.env_remove(name);
    }
    command
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", "0")
        // Whatever edits go.mod changes the identity of every package, and all is compiled again. Modules are written so
        // that they can be removed as any file can.
        .env("GOFLAGS", "-mod=readonly -buildvcs=false -modcacherw")
        .env("GOCACHE", &caches.build)
        .env("GOMODCACHE", &caches.modules);
    command
}

impl Caches {
    pub(crate) fn below(folder: &Path) -> Self {
        Self { build: folder.join("build"), modules: folder.join("modules") }
    }
}

/// Of `go1.26.8` or `go1.27rc1`; 0 of anything else.
fn minor(version: &str) -> u32 {
    let rest = version.strip_prefix("go1.").unwrap_or_default();
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_are_read() {
        assert_eq!(["go1.26.8", "go1.27rc1", "go1.30", "devel", ""].map(minor), [26, 27, 30, 0, 0]);
    }
}
