//! `outrigger check` without a folder: an installation in a cluster, before it is made and after. [`look`] asks, by kubectl;
//! [`judge`] says what that means.

mod certificate;
mod clock;
mod finding;
mod found;
mod judge;
mod look;
mod rights;
mod shown;

use std::{
    io::{IsTerminal as _, stdout},
    process::ExitCode,
};

use anyhow::Context as _;
use finding::{Finding, State};
use outrigger_telemetry::out;

use crate::{
    config::{CheckArgs, Shape, environment},
    plane::Kubectl,
};

/// Something is wrong.
const WRONG: u8 = 1;
/// It could not be looked at, all of it or a part, and what was is well.
const UNKNOWN: u8 = 2;

/// Looks, and prints what was found.
pub(crate) fn check(args: &CheckArgs) -> ExitCode {
    match looked(args) {
        Ok(code) => code,
        Err(error) => {
            out::complain(format_args!("outrigger: {error:#}"));
            ExitCode::from(UNKNOWN)
        }
    }
}

fn looked(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let CheckArgs { kubeconfig, context, system_namespace, output, policy: _, namespace: _ } = args;
    let kubectl = Kubectl::new(kubeconfig.as_deref(), context.as_deref(), system_namespace);
    let found = look::look(&kubectl, system_namespace)?;
    let findings = judge::judge(&found);
    let text = match output {
        Shape::Table => shown::lines(&findings, stdout().is_terminal() && environment("NO_COLOR").is_none()),
        Shape::Json => format!("{:#}\n", value(&findings, found.is_installed())),
        Shape::Yaml => {
            serde_saphyr::to_string(&value(&findings, found.is_installed())).context("cannot write it as YAML")?
        }
    };
    out::write(&text)?;
    if *output == Shape::Table {
        out::complain(shown::summary(&findings, found.is_installed()));
    }
    Ok(match worst(&findings) {
        State::Ok | State::Note => ExitCode::SUCCESS,
        State::Unknown => ExitCode::from(UNKNOWN),
        State::Wrong => ExitCode::from(WRONG),
    })
}

fn value(findings: &[Finding], installed: bool) -> serde_json::Value {
    serde_json::json!({"installed": installed, "findings": findings})
}

fn worst(findings: &[Finding]) -> State {
    findings.iter().map(|it| it.state).max().unwrap_or(State::Unknown)
}

#[cfg(test)]
mod tests {
    use super::{
        finding::{Code, Findings},
        *,
    };

    #[test]
    fn the_worst_counts() {
        let mut out = Findings::default();
        assert_eq!(worst(&[]), State::Unknown, "nobody looked");
        out.ok("a", "b");
        out.say(Code::Leftover, "a", "b", "c");
        assert_eq!(worst(&out.all()), State::Note);
        let mut out = Findings::default();
        out.unknown("a", "b");
        out.say(Code::KindMissing, "a", "b", "c");
        assert_eq!(worst(&out.all()), State::Wrong);
    }
}
