//! The page that draws, built of `crates/xtask/draw`, and the browser that takes its picture.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::{kubernetes::cache, sdk, tools};

const SOURCES: &str = "crates/xtask/draw";
/// What the page is made of.
const FILES: [&str; 4] = ["frames.js", "panels.jsx", "page.jsx", "page.html"];
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// In pixels.
const WIDTH: u64 = 1440;
/// Of the page that is not the grid, and of a row of the grid: those of `page.jsx`.
const BAR: u64 = 48 + 2 * 8;
const ROW: u64 = 38;
/// What a picture in a document may weigh, in bytes.
const WEIGHT: u64 = 300 * 1024;

/// A page that is built, in a folder that goes with it, and what looks at it.
#[derive(Debug)]
pub(super) struct Page {
    folder: tempfile::TempDir,
    browser: PathBuf,
}

impl Page {
    /// Installs what is missing of it, once.
    ///
    /// # Errors
    ///
    /// With what has to be installed by hand.
    pub(super) fn build() -> Result<Self> {
        let browser = BROWSERS
            .iter()
            .copied()
            .find(|it| there(it))
            .context("no Chromium: apt-get install chromium fonts-inter")?;
        ensure!(there("pngquant"), "no pngquant: apt-get install pngquant");
        let (sources, place) = (tools::root().join(SOURCES), cache::root()?.join("grafana-ui"));
        let node = sdk::node_with(&sources, &place)?;
        let folder = tempfile::tempdir()?;
        for name in FILES {
            // Beside the packages, where they are found.
            fs::copy(sources.join(name), place.join(name))?;
        }
        fs::copy(sources.join("page.html"), folder.path().join("page.html"))?;
        let mut command = Command::new(node);
        command.current_dir(&place).args(["node_modules/esbuild/bin/esbuild", "page.jsx", "--bundle", "--minify"]);
        command.args(["--format=iife", "--jsx=automatic", "--define:process.env.NODE_ENV=\"production\""]);
        // An editor of queries is among the components, with a font of its own.
        command.args(["--loader:.ttf=empty", "--log-level=error"]);
        command.arg(format!("--outfile={}", folder.path().join("page.js").display()));
        tools::succeed(&mut command)?;
        Ok(Self { folder, browser: browser.into() })
    }

    /// Draws what [`super::answers`] has said.
    ///
    /// # Errors
    ///
    /// If a panel is missing, or has nothing to show and does not say why.
    pub(super) fn draw(&self, said: &Value, picture: &Path) -> Result<()> {
        let mut said = said.clone();
        said["width"] = WIDTH.into();
        fs::write(self.folder.path().join("answers.js"), format!("window.DRAWN = {said};\n"))?;
        let panels = said["board"]["panels"].as_array().context("panels")?;
        let wanted = panels.iter().filter(|panel| panel["type"] != "row").count();
        let bottom = |panel: &Value| Some(panel["gridPos"]["y"].as_u64()? + panel["gridPos"]["h"].as_u64()?);
        let height = BAR + ROW * panels.iter().filter_map(bottom).max().unwrap_or_default();
        let dom = tools::succeed(self.look(height).arg("--dump-dom").arg(self.address()))?;
        let drawn = dom.matches("data-panel=").count();
        ensure!(drawn == wanted, "{drawn} of {wanted} panels are drawn");
        let nothing = dom
            .split("data-panel=\"")
            .skip(1)
            .filter(|rest| rest.split('>').next().is_some_and(|tag| tag.contains("data-shows=\"nothing\"")));
        let nothing: Vec<&str> = nothing.filter_map(|rest| rest.split('"').next()).collect();
        if !nothing.is_empty() {
            bail!("without anything to show: {}", nothing.join(", "));
        }
        let shot = self.folder.path().join("shot.png");
        tools::succeed(self.look(height).arg(format!("--screenshot={}", shot.display())).arg(self.address()))?;
        let mut command = Command::new("pngquant");
        command.args(["--force", "--strip", "--speed=1", "--quality=70-95", "--output"]).arg(picture).arg(&shot);
        tools::succeed(&mut command)?;
        let weight = fs::metadata(picture)?.len();
        ensure!(weight <= WEIGHT, "{} has {weight} bytes, and may have {WEIGHT}", picture.display());
        Ok(())
    }

    fn address(&self) -> String {
        format!("file://{}", self.folder.path().join("page.html").display())
    }

    /// The browser without a window.
    fn look(&self, height: u64) -> Command {
        let mut command = Command::new(&self.browser);
        command.args([
            "--headless",
            "--disable-gpu",
            "--hide-scrollbars",
            "--virtual-time-budget=8000",
            "--log-level=3",
        ]);
        command.arg(format!("--window-size={WIDTH},{height}"));
        command.arg(format!("--user-data-dir={}", self.folder.path().join("browser").display()));
        // Root has no sandbox; it sees pages of ours alone.
        if rustix::process::getuid().is_root() {
            command.arg("--no-sandbox");
        }
        command
    }
}

fn there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|said| said.status.success())
}
