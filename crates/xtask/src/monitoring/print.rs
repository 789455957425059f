//! Rules and alerts as Prometheus reads them.

use std::fmt::Write as _;

use super::{
    alerts::Alert,
    mode::{Clock, Mode},
    rules::{self, Group},
};

/// The file of one mode.
pub(crate) fn rules_file(mode: Mode, clock: Clock, alerts: &[Alert]) -> String {
    of(mode, clock, alerts, |_| true)
}

/// The same with those records and alerts alone that have to do with money, for stories of days.
pub(crate) fn money_file(mode: Mode, alerts: &[Alert]) -> String {
    of(mode, Clock::REAL, alerts, |name| {
        ["outrigger:pods", "outrigger:cost_", MONEY].iter().any(|of| name.starts_with(of))
    })
}

/// The alert that looks back for a week.
pub(crate) const MONEY: &str = "OutriggerSpend";

fn of(mode: Mode, clock: Clock, alerts: &[Alert], wanted: impl Fn(&str) -> bool) -> String {
    let mut text = format!("# Printed by `cargo xtask generate`, for metrics.from: {}.\ngroups:\n", mode.word());
    for group in Group::ALL {
        let _ = writeln!(text, "  - name: {}\n    interval: {}\n    rules:", group.name(), group.every(clock));
        for (name, expression, says) in rules::records(mode, clock, group).into_iter().filter(|(name, ..)| wanted(name))
        {
            let _ = writeln!(text, "      # {says}.\n      - record: {name}\n{}", block("expr", &expression));
        }
    }
    let _ = writeln!(text, "  - name: outrigger-alerts\n    interval: {}\n    rules:", clock.every);
    for alert in alerts.iter().filter(|alert| wanted(alert.name)) {
        let Alert { name, severity, lasting, summary, says, .. } = alert;
        let _ = writeln!(text, "      - alert: {name}\n{}", block("expr", &alert.expression(clock)));
        let lasting = clock.lasting.unwrap_or(lasting);
        let _ = writeln!(text, "        for: {lasting}\n        labels: {{severity: {}}}", severity.word());
        let _ = writeln!(text, "        annotations:\n          summary: {}", quoted(summary));
        let _ = writeln!(text, "          description: {}\n          runbook_url: {}", quoted(says), alert.runbook());
    }
    text
}

/// A text over lines, below a rule.
fn block(name: &str, text: &str) -> String {
    let mut block = format!("        {name}: |-");
    for line in text.lines() {
        let _ = write!(block, "\n          {line}");
    }
    block
}

/// JSON's quotes are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::alerts::ALERTS, *};

    #[test]
    fn what_is_printed_is_yaml_with_every_rule() {
        for mode in Mode::ALL {
            let file: Value = serde_saphyr::from_str(&rules_file(mode, Clock::REAL, ALERTS)).unwrap();
            let alerts = file["groups"][2]["rules"].as_array().unwrap();
            assert_eq!(alerts.len(), ALERTS.len());
            assert_eq!(alerts[0]["alert"], "OutriggerProviderDown");
            assert_eq!(file["groups"][1]["interval"], "5m");
            assert!(alerts.iter().all(|alert| alert["annotations"]["runbook_url"].is_string()));
        }
    }
}
