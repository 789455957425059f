//! Whether what was started is there: kubectl asks, and whoever has ended meanwhile is named.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::{member::Member, pki, place::Place};

/// How long one of the steps of a start may take, on a machine that has other things to do.
const START: Duration = Duration::from_secs(180);
/// How often the API server is asked whether it is there: each question is a process.
const ASK: Duration = Duration::from_millis(200);

/// Waits until kubectl succeeds with these words.
pub(crate) async fn answered(programs: &mut [Member], place: &Place, bin: &Path, words: &[&str]) -> Result<()> {
    let began = Instant::now();
    loop {
        for program in &mut *programs {
            if let Some(status) = program.ended() {
                bail!("{} did not start ({status}); its log ends so:\n{}", program.name, program.said());
            }
        }
        if asked(place, bin, words)? {
            return Ok(());
        }
        if began.elapsed() > START {
            let said: Vec<String> =
                programs.iter().map(|program| format!("{}:\n{}", program.name, program.said())).collect();
            bail!("no answer to {words:?} within {} s\n{}", START.as_secs(), said.join("\n"));
        }
        tokio::time::sleep(ASK).await;
    }
}

fn asked(place: &Place, bin: &Path, words: &[&str]) -> Result<bool> {
    let mut command = Command::new(bin.join("kubectl"));
    command.arg("--kubeconfig").arg(place.kubeconfig(pki::ADMIN)).arg("--request-timeout=5s").args(words);
    command.env("HOME", place.folder()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.status()?.success())
}
