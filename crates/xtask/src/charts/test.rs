//! `cargo xtask charts test`: what can be known of the charts without a cluster. Each check is one of the `N passed`.

mod args;
mod bench;
mod effect;
mod invariants;
mod plain;
mod random;
mod switches;

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::helm::{self, Helm};
use crate::tools::Output;

pub(super) use args::Args;
use bench::Bench;

/// What a check is called, and the check.
type Check = (&'static str, fn(&Bench) -> Result<()>);

const CHECKS: [Check; 17] = [
    ("lint says nothing", plain::lint),
    ("the same bytes twice, the same objects of both Helms", plain::same_bytes),
    ("every minor from 1.29 to 1.36", plain::minors),
    ("older ones are refused by name", plain::too_old),
    ("deploy/kubernetes is what the chart renders", plain::manifests),
    ("the kinds are what is printed of crates/crd", plain::kinds),
    ("each switch, on and off", switches::each),
    ("rules and dashboards, and whose figures they read", switches::figures),
    ("no value is without effect", effect::every_value),
    ("images by tag and by digest", switches::images),
    ("Secrets and ConfigMaps that may be read", switches::named),
    ("what is refused beyond the schema", switches::contradictions),
    ("books of a file and of a database", switches::books),
    ("caBundle is left to whoever leads", switches::ca_bundle),
    ("hooks take their rights along", switches::hooks),
    ("random values that are valid", random::valid),
    ("random values that are not, by name", random::invalid),
];

pub(super) fn run(args: &Args) -> Result<()> {
    match helm::both() {
        Err(why) => println!("skip  charts: {}", helm::one_line(&why)),
        Ok(helms) => {
            let Output { text, ok } = all(helms, args)?;
            print!("{text}");
            if !ok {
                bail!("charts failed; what they said is above");
            }
        }
    }
    Ok(())
}

/// Every check, whatever becomes of the others.
pub(super) fn all(helms: [Helm; 2], args: &Args) -> Result<Output> {
    let versions = helms.each_ref().map(|helm| helm.version.as_str()).join(" and ");
    let bench = Bench::new(helms, args)?;
    let (mut text, mut failed) = (format!("Helm {versions}\n"), 0);
    for (name, check) in CHECKS {
        let began = std::time::Instant::now();
        let done = check(&bench);
        let verdict = if done.is_ok() { "ok  " } else { "FAIL" };
        let _ = writeln!(text, "{verdict}  {name} ({:.1} s)", began.elapsed().as_secs_f64());
        if let Err(why) = done {
            failed += 1;
            for line in format!("{why:#}").lines() {
                let _ = writeln!(text, "      {line}");
            }
        }
    }
    let _ = writeln!(text, "{} passed, {failed} failed", CHECKS.len() - failed);
    Ok(Output { text, ok: failed == 0 })
}
