//! Images with an interpreter and the SDKs that `tests/sdk` pins: Python of the machine's release, and Node.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::{
    super::{
        debs::{self, Bundle},
        kit::Kit,
    },
    NODE, PYTHON, UNTOUCHED,
    oci::Image,
    small,
};
use crate::{sdk, tools};

/// Families of `tests/sdk` whose packages are in an image.
const PYTHON_SDKS: [&str; 2] = ["openai-python", "anthropic-python"];
/// Those of vendors whose calls a sidecar leaves alone.
const UNTOUCHED_SDKS: [&str; 1] = ["untouched-python"];
const NODE_SDKS: [&str; 2] = ["openai-node", "anthropic-node"];
const PATH: &str = "PATH=/usr/local/bin:/usr/bin:/bin";

pub(super) fn python(_: &Kit, archive: &Path) -> Result<()> {
    with_python(PYTHON, &PYTHON_SDKS, archive)
}

pub(super) fn untouched(_: &Kit, archive: &Path) -> Result<()> {
    with_python(UNTOUCHED, &UNTOUCHED_SDKS, archive)
}

fn with_python(image: &str, families: &[&str], archive: &Path) -> Result<()> {
    let root = root()?;
    let base = root.path();
    let name = interpreter(base)?;
    let packages = base.join("usr/local/lib").join(&name).join("dist-packages");
    fs::create_dir_all(&packages)?;
    let version = name.trim_start_matches("python");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"]);
    // Of the interpreter in the image, whatever the machine's own is.
    pip.args(["--no-deps", "--no-compile", "--only-binary=:all:", "--python-version", version, "--target"])
        .arg(&packages);
    for family in families {
        pip.arg("--requirement").arg(tools::root().join("tests/sdk").join(family).join("requirements.txt"));
    }
    tools::succeed(&mut pip).context("pip cannot install the SDKs")?;
    // Nobody could write that in a pod, and it would take seconds at every start. By content, not by time: the same image.
    let compile = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/usr/lib", "/usr/local/lib"];
    tools::capture(Command::new("chroot").arg(base).arg("/usr/bin/python3").args(compile))?;
    let image = Image {
        names: &[image],
        entrypoint: &["/usr/bin/python3"],
        user: "65532:65532",
        env: &[PATH, "PYTHONUNBUFFERED=1"],
        folder: "/tmp",
    };
    image.write(base, archive).map(drop)
}

pub(super) fn python_stamp(_: &Kit) -> Result<String> {
    stamp(PYTHON_SDKS.map(|family| format!("{family}/requirements.txt")))
}

pub(super) fn untouched_stamp(_: &Kit) -> Result<String> {
    stamp(UNTOUCHED_SDKS.map(|family| format!("{family}/requirements.txt")))
}

pub(super) fn node(_: &Kit, archive: &Path) -> Result<()> {
    let root = root()?;
    let base = root.path();
    // What is in it of Python is of no use here.
    let name = interpreter(base)?;
    for path in ["usr/lib".to_owned() + "/" + &name, "usr/lib/python3".to_owned(), format!("usr/bin/{name}")] {
        crate::kubernetes::cache::remove(&base.join(path))?;
    }
    let app = base.join("app");
    fs::create_dir_all(&app)?;
    fs::copy(sdk::node_wheel()?, base.join("usr/bin/node"))?;
    for family in NODE_SDKS {
        merge(&sdk::node_modules(family)?, &app.join("node_modules"))?;
    }
    let image = Image {
        names: &[NODE],
        entrypoint: &["/usr/bin/node"],
        user: "65532:65532",
        env: &[PATH, "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"],
        // From here packages are found by name.
        folder: "/app",
    };
    image.write(base, archive).map(drop)
}

pub(super) fn node_stamp(_: &Kit) -> Result<String> {
    let locks = NODE_SDKS.map(|family| format!("{family}/package-lock.json"));
    stamp(locks.into_iter().chain(["node/requirements.txt".to_owned()]))
}

/// The packages of both, with what a system has beside.
fn root() -> Result<tempfile::TempDir> {
    let root = tempfile::tempdir()?;
    let base = root.path();
    small::open(base)?;
    let packages = debs::ensure(Bundle::Base)?;
    tools::succeed(Command::new("cp").args(["--archive", "--no-target-directory"]).arg(&packages).arg(base))?;
    small::shell(&packages, &base.join("bin"))?;
    small::writable(&base.join("tmp"))?;
    for (file, text) in [
        ("passwd", "root:x:0:0:root:/:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/sh\n"),
        ("group", "root:x:0:\nnonroot:x:65532:\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
    ] {
        fs::write(base.join("etc").join(file), text)?;
    }
    Ok(root)
}

/// `python3.11`, whatever the release has, which is made to be `python3` too.
fn interpreter(base: &Path) -> Result<String> {
    let entries = fs::read_dir(base.join("usr/bin"))?.filter_map(Result::ok);
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let minor = |name: &str| name.strip_prefix("python3.").is_some_and(|rest| rest.parse::<u32>().is_ok());
    let mut found: Vec<String> = names.filter(|name| minor(name)).collect();
    found.sort();
    let name = found.pop().context("the packages hold no Python")?;
    let link = base.join("usr/bin/python3");
    if fs::symlink_metadata(&link).is_err() {
        symlink(&name, link)?;
    }
    Ok(name)
}

/// Puts packages beside those that are there. One that is there already has to be the same.
fn merge(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if name.starts_with('@') {
            merge(&entry.path(), &place)?;
        } else if place.exists() {
            let [one, other] = [&entry.path(), &place].map(|folder| fs::read(folder.join("package.json")).ok());
            if one != other {
                bail!("two versions of {name}: their SDKs do not fit into one image");
            }
        } else {
            tools::succeed(Command::new("cp").args(["--recursive"]).arg(entry.path()).arg(&place))?;
        }
    }
    Ok(())
}

/// Of files below `tests/sdk`, and of the packages below them.
fn stamp(files: impl IntoIterator<Item = String>) -> Result<String> {
    let mut text = format!("1 {}", debs::stamp(Bundle::Base));
    for file in files {
        let path: PathBuf = tools::root().join("tests/sdk").join(file);
        text += &fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    Ok(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}
