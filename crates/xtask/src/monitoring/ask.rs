//! Every query of every panel, variable and rule, put to a Prometheus that reads a fleet.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{
    alerts::ALERTS,
    dashboards,
    grafana::Dashboard,
    mode::{Clock, Mode},
    rules::{self, Group},
    runbooks,
    server::{Sample, Server},
    told::Told,
};

/// What may be without an answer in a fleet as it is looked at here, and why.
const EMPTY: &[(&str, &str)] = &[
    ("outrigger:resends:", "no connection was closed while it was idle"),
    ("outrigger_resends_total", "no connection was closed while it was idle"),
    ("outrigger_fleet_resends_total", "no connection was closed while it was idle"),
    ("outrigger:estimated_usage:", "no answer broke off"),
    ("outrigger_estimated_usage_total", "no answer broke off"),
    ("outrigger_fleet_estimated_usage_total", "no answer broke off"),
    ("unpriced_parts_total", "no answer has a part without a price"),
    ("outrigger:ledger_lost:", "nothing was lost"),
    ("outrigger_ledger_lost_total", "nothing was lost"),
    ("outrigger_fleet_ledger_lost_total", "nothing was lost"),
    ("outrigger_control_plane_refused_total", "every token is good"),
    ("outrigger_ledger_refused_total", "every token is good"),
    ("outrigger_control_plane_reviews_total", "there is no API server that reviews tokens"),
    ("outrigger_control_plane_admissions_total", "there is no API server that asks a webhook"),
    ("outrigger_injector_", "there is no cluster whose pods want a sidecar"),
];

/// What to ask while the figures move.
pub(crate) fn all(server: &Server, mode: Mode, told: &mut Told) -> Result<()> {
    told.say(&format!("\nmetrics.from: {}", mode.word()));
    told.say(&row("", "dashboard", "what is asked", "series"));
    for dashboard in dashboards::all() {
        of_dashboard(server, &dashboard, told);
    }
    for group in Group::ALL {
        for (name, expression, _) in rules::records(mode, Clock::SHORT, group) {
            asked(server, "(rule)", &name, &expression, told);
            asked(server, "(record)", &name, &name, told);
        }
    }
    for alert in ALERTS {
        let value = server.query(&alert.value(Clock::SHORT));
        judged("(alert)", alert.name, value, alert.quiet, told);
        // Whether it fires is none of the matter here, but it has to be a query.
        told.check(&format!("{} is a query", alert.name), server.query(&alert.expression(Clock::SHORT)).map(drop));
    }
    for (alert, query) in runbooks::queries(Clock::SHORT)? {
        asked(server, "(runbook)", alert, &query, told);
    }
    let sick = server.sick_rules()?;
    told.line(&format!("ok    rules that do not evaluate: {}", sick.len()), sick.first().map(String::as_str));
    Ok(())
}

fn of_dashboard(server: &Server, dashboard: &Dashboard, told: &mut Told) {
    for variable in &dashboard.variables {
        let values = server.label_values(&chosen(variable.series, Clock::SHORT, RANGE), variable.of);
        let samples =
            values.map(|values| values.iter().map(|_| Sample { labels: BTreeMap::new(), value: 1.0 }).collect());
        judged(dashboard.name, &format!("${}", variable.name), samples, None, told);
    }
    for panel in dashboard.rows.iter().flat_map(|row| &row.panels) {
        for (at, query) in panel.queries.iter().enumerate() {
            let more = query.legend.rsplit(", ").next().unwrap_or_default();
            let what = if at == 0 { panel.title.to_owned() } else { format!("{}, {more}", panel.title) };
            asked(server, dashboard.name, &what, &chosen(&query.expr, Clock::SHORT, RANGE), told);
        }
    }
}

pub(crate) fn asked(server: &Server, of: &str, what: &str, expression: &str, told: &mut Told) {
    let empty = EMPTY.iter().find(|(name, _)| expression.contains(name)).map(|(_, why)| *why);
    judged(of, what, server.query(expression), empty, told);
}

/// No answer is as good as an error, unless there is a reason; so is one of no numbers alone.
fn judged(of: &str, what: &str, answer: Result<Vec<Sample>>, empty: Option<&str>, told: &mut Told) {
    let line = |found: &str| row("ok", of, what, found);
    match answer {
        Err(why) => told.line(&row("", of, what, "-"), Some(&format!("{why:#}"))),
        Ok(series) => match (series.iter().filter(|sample| !sample.value.is_nan()).count(), empty) {
            (0, None) => told.line(&row("", of, what, "0"), Some("no answer, and no reason why there should be none")),
            (0, Some(why)) => told.line(&format!("{}  {why}", line("0")), None),
            (found, _) => told.line(&line(&found.to_string()), None),
        },
    }
}

fn row(verdict: &str, of: &str, what: &str, found: &str) -> String {
    format!("{verdict:<6}{of:<14}{what:<62}{found:>6}")
}

/// What is looked at: the last minute.
const RANGE: &str = "60s";

/// As Grafana fills in what was chosen: everything, for as long as this.
pub(crate) fn chosen(expression: &str, clock: Clock, range: &str) -> String {
    let week = format!("offset {}", clock.week);
    let words = [
        ("$__rate_interval", clock.window),
        ("$__range", range),
        ("offset 7d", &week),
        ("$namespace", ".*"),
        ("$workload", ".*"),
        ("$provider", ".*"),
    ];
    words.iter().fold(expression.to_owned(), |text, (word, value)| text.replace(word, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_is_left() {
        for dashboard in dashboards::all() {
            for query in dashboard.rows.iter().flat_map(|row| &row.panels).flat_map(|panel| &panel.queries) {
                assert!(!chosen(&query.expr, Clock::SHORT, RANGE).contains('$'), "{}", query.expr);
            }
        }
    }
}
