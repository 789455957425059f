//! The table, and the file of it that `cargo xtask faults` reads.

use std::{env, fmt::Write as _, fs, path::PathBuf, time::Duration};

use crate::run::company;

/// One misbehaviour on one surface.
#[derive(Debug)]
pub struct Cell {
    pub surface: &'static str,
    pub second: bool,
    pub saw: String,
    pub attempts: u32,
    pub took: Duration,
    pub verdict: Verdict,
}

#[derive(Debug)]
pub enum Verdict {
    Passed,
    /// It is not as it should be, for a reason that is known.
    Known(&'static str),
    Failed(String),
}

/// Where `cargo xtask faults` wants a file from each misbehaviour.
const FOLDER: &str = "OUTRIGGER_FAULTS";

/// Writes the cells of a misbehaviour, tab-separated, for whoever asked for them. `place` orders the files.
pub fn write(place: &str, name: &str, cells: &[Cell]) {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let mut text = String::new();
    for Cell { surface, second, saw, attempts, took, verdict } in cells {
        let target = company(*second);
        let (verdict, why) = match verdict {
            Verdict::Passed => ("ok", String::new()),
            Verdict::Known(why) => ("known", (*why).to_owned()),
            Verdict::Failed(why) => ("FAIL", why.replace(['\t', '\n', '\r'], " ")),
        };
        let millis = took.as_millis();
        let _ = writeln!(text, "{name}\t{surface}\t{target}\t{saw}\t{attempts}\t{millis}\t{verdict}\t{why}");
    }
    fs::write(folder.join(format!("{place}-{name}.tsv")), text).expect("the folder is there");
}
