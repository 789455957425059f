//! Alerts that are wrong: the stories notice each of them, or they would notice nothing.

use std::fs;

use anyhow::{Result, bail};

use super::{
    alerts::{ALERTS, Alert, Wrong},
    mode::{Clock, Mode},
    print::{MONEY, money_file, rules_file},
    programs::Programs,
    stories,
    told::Told,
};

/// All alerts, wrong in the same way at a time. What they are made of is the same in both modes.
pub(crate) fn check(programs: &Programs, told: &mut Told) -> Result<()> {
    let mode = Mode::ControlPlane;
    for wrong in Wrong::ALL {
        let folder = tempfile::tempdir()?;
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text);
        let alerts: Vec<Alert> = ALERTS.iter().map(|alert| alert.wrong(wrong)).collect();
        write("rules.yaml", rules_file(mode, Clock::REAL, &alerts))?;
        write("long.yaml", money_file(mode, &alerts))?;
        write("minutes.yaml", stories::tests(mode, "rules.yaml", false))?;
        write("days.yaml", stories::tests(mode, "long.yaml", true))?;
        let minutes = said(programs.check(folder.path(), &["test", "rules", "minutes.yaml"]));
        let days = said(programs.check(folder.path(), &["test", "rules", "days.yaml"]));
        let unnoticed: Vec<&str> = ALERTS
            .iter()
            .map(|alert| alert.name)
            .filter(|name| {
                let said = if name.starts_with(MONEY) { &days } else { &minutes };
                !said.contains(&format!("alertname: {name},"))
            })
            .collect();
        told.checks(&format!("stories notice alerts that {}", wrong.word()), ALERTS.len(), nobody(&unnoticed));
    }
    Ok(())
}

/// What promtool is not content with.
fn said(checked: Result<()>) -> String {
    checked.err().map(|why| format!("{why:#}")).unwrap_or_default()
}

fn nobody(unnoticed: &[&str]) -> Result<()> {
    if unnoticed.is_empty() { Ok(()) } else { bail!("nobody notices {}", unnoticed.join(", ")) }
}
