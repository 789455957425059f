//! What can be said of rules without a server: that they are rules, and that each alert fires in its story alone.

use std::fs;

use anyhow::Result;

use super::{
    alerts::ALERTS,
    mode::{Clock, Mode},
    print::{money_file, rules_file},
    programs::Programs,
    stories,
    told::Told,
};

/// Both modes: the rules as they are installed, and the stories of all alerts over them.
pub(crate) fn check(programs: &Programs, told: &mut Told) -> Result<()> {
    let folder = tempfile::tempdir()?;
    for mode in Mode::ALL {
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text);
        let (rules, long) = (format!("rules-{}.yaml", mode.file()), format!("long-{}.yaml", mode.file()));
        write(&rules, rules_file(mode, Clock::REAL, ALERTS))?;
        write(&long, money_file(mode, ALERTS))?;
        write("minutes.yaml", stories::tests(mode, &rules, false))?;
        write("days.yaml", stories::tests(mode, &long, true))?;
        let sound = programs.check(folder.path(), &["check", "rules", &rules]);
        told.check(&format!("promtool check rules, metrics.from: {}", mode.word()), sound);
        let held = programs.check(folder.path(), &["test", "rules", "minutes.yaml", "days.yaml"]);
        let what = format!("promtool test rules, metrics.from: {}: {} stories", mode.word(), stories::count());
        told.checks(&what, stories::count(), held);
    }
    Ok(())
}
