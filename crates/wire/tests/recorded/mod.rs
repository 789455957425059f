//! Exchanges with providers, as files of JSON lines, gzipped or not, one file for each provider. A line has `path`,
//! `request` (JSON text), `status`, `content_type` and the answer: `response_b64`, or `response` where it is text.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

/// The few that are in the repository: made by hand, after what vendors answer.
pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/traffic")
}

/// Those of whoever has some.
#[allow(clippy::disallowed_methods, reason = "the folder of recordings is an input of tests alone")]
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("OUTRIGGER_TRAFFIC").expect("OUTRIGGER_TRAFFIC names a folder of recorded exchanges").into()
}

/// Each provider with its exchanges, in order; the answers as `response_b64`.
pub(crate) fn read(folder: &Path) -> Vec<(String, Vec<Value>)> {
    let entries = std::fs::read_dir(folder).expect("a folder of recordings");
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let Some((provider, ending)) = name.split_once('.').filter(|(_, ending)| ending.starts_with("jsonl")) else {
            continue;
        };
        let mut text = String::new();
        let mut opened = File::open(file).expect("it opens");
        if ending.ends_with("gz") {
            flate2::read::MultiGzDecoder::new(opened).read_to_string(&mut text).expect("gzipped text");
        } else {
            opened.read_to_string(&mut text).expect("text");
        }
        all.push((provider.to_owned(), text.lines().map(exchange).collect()));
    }
    assert!(!all.is_empty(), "no file of JSON lines in {}", folder.display());
    all
}

fn exchange(line: &str) -> Value {
    let mut exchange: Value = serde_json::from_str(line).expect("a line of JSON");
    if let Some(text) = exchange["response"].as_str() {
        exchange["response_b64"] = BASE64_STANDARD.encode(text).into();
    }
    exchange
}
