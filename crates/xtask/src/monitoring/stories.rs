//! For each alert the story in which it fires, and one quiet day for all: as tests of promtool, over what a Prometheus reads
//! in each mode.

use std::fmt::Write as _;

use super::{
    alerts::{ALERTS, Alert},
    mode::{Clock, Mode},
    print::MONEY,
};

/// What a sidecar's family does, every 30 s from the start on, or every minute where it takes days: in promtool's words, such
/// as `0+30x60`.
struct Series {
    family: &'static str,
    labels: &'static str,
    values: &'static str,
}

/// How one alert comes to fire.
struct Story {
    alert: &'static str,
    /// Of sidecars: named without what stands before it in each mode.
    sidecars: &'static [Series],
    /// Of the other programs: the same in both.
    others: &'static [(&'static str, &'static str)],
    /// When it is to fire.
    at: &'static str,
    /// With which labels beside name and severity.
    labels: &'static [(&'static str, &'static str)],
}

const fn of(family: &'static str, labels: &'static str, values: &'static str) -> Series {
    Series { family, labels, values }
}

const TARGET: &str = r#"provider="shop/acme",model="m""#;
const OWNED: &[(&str, &str)] = &[("namespace", "shop"), ("workload", "web")];

const STORIES: &[Story] = &[
    Story {
        alert: "OutriggerProviderDown",
        sidecars: &[
            of("attempts_total", r#"route="shop/r",provider="shop/acme",model="m",outcome="server_error""#, "0+30x60"),
            of("attempts_total", r#"route="shop/r",provider="shop/acme",model="m",outcome="ok""#, "0+1x60"),
            of("attempts_total", r#"route="shop/r",provider="shop/other",model="m",outcome="ok""#, "0+30x60"),
        ],
        others: &[],
        at: "20m",
        labels: &[("provider", "shop/acme")],
    },
    Story {
        alert: "OutriggerFailoverStorm",
        sidecars: &[
            of("fallbacks_total", r#"provider="shop/acme",model="m",reason="rate_limited""#, "0+10x80"),
            of("requests_total", r#"operation="chat",route="shop/r",outcome="ok",code="""#, "0+30x80"),
        ],
        others: &[],
        at: "30m",
        labels: OWNED,
    },
    Story {
        alert: "OutriggerKeyRefused",
        sidecars: &[of(
            "attempts_total",
            r#"route="shop/r",provider="shop/acme",model="m",outcome="unauthorized""#,
            "0+1x60",
        )],
        others: &[],
        at: "15m",
        labels: &[("provider", "shop/acme")],
    },
    Story {
        alert: "OutriggerSpendUnusual",
        // A dollar an hour for a week, and three from then on.
        sidecars: &[of(
            "cost_nano_usd_total",
            r#"route="shop/r",provider="shop/acme",model="m""#,
            "0+16666667x10080 168000000000+50000000x2880",
        )],
        others: &[],
        at: "9d",
        labels: &[("namespace", "shop"), ("team", "search")],
    },
    Story {
        alert: "OutriggerUnpriced",
        sidecars: &[
            of("unpriced_total", TARGET, "0+3x120"),
            of("attempts_total", r#"route="shop/r",provider="shop/acme",model="m",outcome="ok""#, "0+30x120"),
        ],
        others: &[],
        at: "50m",
        labels: &[("namespace", "shop")],
    },
    Story {
        alert: "OutriggerPolicyHeld",
        sidecars: &[],
        others: &[("outrigger_control_plane_policy_stale{pod=\"cp-1\"}", "0x10 1x50")],
        at: "20m",
        labels: &[],
    },
    Story {
        alert: "OutriggerPolicyRejected",
        sidecars: &[],
        others: &[("outrigger_control_plane_rejections_total{pod=\"cp-1\"}", "0x20 1x50")],
        at: "12m",
        labels: &[],
    },
    Story {
        alert: "OutriggerSidecarsStale",
        // In seconds where pods are read, and as a count of sidecars where the control plane does: both are more than 60.
        sidecars: &[of("policy_stale_seconds", "", "61+30x60")],
        others: &[],
        at: "15m",
        labels: OWNED,
    },
    Story {
        alert: "OutriggerSidecarsUnheard",
        sidecars: &[],
        others: &[
            ("outrigger_injector_pods_with_sidecar{pod=\"injector-1\"}", "4x60"),
            ("outrigger_injector_pods_with_sidecar{pod=\"injector-2\"}", "0x60"),
            ("outrigger_control_plane_sidecars{pod=\"cp-1\"}", "1x60"),
            ("outrigger_control_plane_sidecars{pod=\"cp-2\"}", "3x10 1x60"),
        ],
        at: "25m",
        labels: &[],
    },
    Story {
        alert: "OutriggerCertificateEnds",
        sidecars: &[],
        // 36 hours after the start of time, of which ten minutes are over.
        others: &[("outrigger_control_plane_certificate_end_seconds{pod=\"cp-1\"}", "129600x60")],
        at: "15m",
        labels: &[],
    },
    Story {
        alert: "OutriggerSpoolFilling",
        sidecars: &[
            of("ledger_spool_bytes", r#"place="disk""#, "20000000x60"),
            of("ledger_spool_bytes", r#"place="memory""#, "0x60"),
        ],
        others: &[],
        at: "15m",
        labels: OWNED,
    },
    Story {
        alert: "OutriggerPodWithoutSidecar",
        sidecars: &[],
        others: &[("outrigger_injector_pods_without_sidecar{pod=\"injector-1\"}", "0x10 2x60")],
        at: "20m",
        labels: &[],
    },
];

/// Hours in which all is as it should be: some requests fail over, one provider says 429 now and then, one key was refused once
/// long ago, a model without a price is hardly used, spending is what it was a week ago.
const QUIET: &[Series] = &[
    of("requests_total", r#"operation="chat",route="shop/r",outcome="ok",code="""#, "0+30x13000"),
    of("attempts_total", r#"route="shop/r",provider="shop/acme",model="m",outcome="ok""#, "0+30x13000"),
    of("attempts_total", r#"route="shop/r",provider="shop/acme",model="m",outcome="server_error""#, "0+1x13000"),
    of("attempts_total", r#"route="shop/r",provider="shop/acme",model="m",outcome="unauthorized""#, "7x13000"),
    of("fallbacks_total", r#"provider="shop/acme",model="m",reason="server_error""#, "0+1x13000"),
    of("unpriced_total", TARGET, "0+1x13000"),
    of("cost_nano_usd_total", r#"route="shop/r",provider="shop/acme",model="m""#, "0+16666667x13000"),
    of("ledger_spool_bytes", r#"place="disk""#, "4096x13000"),
    of("policy_stale_seconds", "", "0x13000"),
];
const QUIET_OTHERS: &[(&str, &str)] = &[
    ("outrigger_control_plane_policy_stale{pod=\"cp-1\"}", "0x13000"),
    ("outrigger_control_plane_rejections_total{pod=\"cp-1\"}", "3x13000"),
    ("outrigger_control_plane_certificate_end_seconds{pod=\"cp-1\"}", "1296000x13000"),
    ("outrigger_injector_pods_without_sidecar{pod=\"injector-1\"}", "0x13000"),
    // One that rolls out: for some minutes there are more pods than anybody hears.
    ("outrigger_injector_pods_with_sidecar{pod=\"injector-1\"}", "4x100 6x12 4x12888"),
    ("outrigger_control_plane_sidecars{pod=\"cp-1\"}", "4x13000"),
];

/// The tests of one mode, for promtool beside a file of rules of this name: those that take minutes, or days.
pub(crate) fn tests(mode: Mode, rules: &str, days: bool) -> String {
    let every = if days { Clock::REAL.slice } else { Clock::REAL.every };
    let mut text = format!("rule_files: [{rules}]\nevaluation_interval: {every}\ntests:\n");
    for story in STORIES.iter().filter(|story| story.at.ends_with('d') == days) {
        test(&mut text, mode, days, &format!("{} fires", story.alert), story.sidecars, story.others);
        let fires = ALERTS.iter().find(|alert| alert.name == story.alert);
        expect(&mut text, story.at, &[story.alert], |_| fires.map(|alert| fired(alert, story)));
    }
    test(&mut text, mode, days, "all is quiet", QUIET, QUIET_OTHERS);
    let names = ALERTS.iter().map(|alert| alert.name).filter(|name| !days || name.starts_with(MONEY));
    expect(&mut text, if days { "9d" } else { "110m" }, &names.collect::<Vec<_>>(), |_| None);
    text
}

/// How many checks they are.
pub(crate) fn count() -> usize {
    STORIES.len() + ALERTS.len() + 1
}

fn test(text: &mut String, mode: Mode, days: bool, name: &str, sidecars: &[Series], others: &[(&str, &str)]) {
    let interval = if days { "1m" } else { "30s" };
    let _ = writeln!(text, "  - name: {name}\n    interval: {interval}\n    input_series:");
    let mut series = |name: &str, values: &str| {
        let _ = writeln!(text, "      - {{series: '{name}', values: '{values}'}}");
    };
    for it in sidecars {
        let (name, values) = read(mode, it);
        series(&name, &values);
    }
    if !sidecars.is_empty() {
        match mode {
            Mode::ControlPlane => {
                series(
                    r#"outrigger_fleet_sidecars{namespace="shop",workload="web",team="search",version="1"}"#,
                    "1x13000",
                );
            }
            Mode::Pods => {
                let info = r#"outrigger_workload_info{namespace="shop",pod="web-1",owner="web",service_account="s",team="search"}"#;
                series(info, "1x13000");
                series(
                    r#"outrigger_process_info{exported_instance="x",namespace="shop",pod="web-1",version="1"}"#,
                    "1x13000",
                );
            }
        }
    }
    for (name, values) in others {
        series(name, values);
    }
    text.push_str("    alert_rule_test:\n");
}

/// A family as a Prometheus finds it in this mode.
fn read(mode: Mode, series: &Series) -> (String, String) {
    let Series { family, labels, values } = series;
    let comma = if labels.is_empty() { "" } else { "," };
    match mode {
        Mode::Pods => {
            (format!("outrigger_{family}{{namespace=\"shop\",pod=\"web-1\"{comma}{labels}}}"), (*values).to_owned())
        }
        Mode::ControlPlane => {
            // The control plane says how many, and not how long.
            let stale = *family == "policy_stale_seconds";
            let name = if stale { "stale_sidecars" } else { family };
            let values = if stale && !values.starts_with('0') { "1x60" } else { values };
            let owner = r#"namespace="shop",workload="web",team="search""#;
            (format!("outrigger_fleet_{name}{{{owner}{comma}{labels}}}"), values.to_owned())
        }
    }
}

fn expect(text: &mut String, at: &str, names: &[&str], fires: impl Fn(&str) -> Option<String>) {
    for name in names {
        let expected = fires(name).unwrap_or_else(|| "[]".to_owned());
        let _ = writeln!(text, "      - {{eval_time: {at}, alertname: {name}, exp_alerts: {expected}}}");
    }
}

/// Labels and annotations of an alert in its story, as JSON, which is YAML too.
fn fired(alert: &Alert, story: &Story) -> String {
    let said = |text: &str| {
        story
            .labels
            .iter()
            .fold(text.to_owned(), |text, (label, value)| text.replace(&format!("{{{{ $labels.{label} }}}}"), value))
    };
    let mut labels = serde_json::Map::from_iter([("severity".to_owned(), alert.severity.word().into())]);
    labels.extend(story.labels.iter().map(|(label, value)| ((*label).to_owned(), (*value).into())));
    let annotations = serde_json::json!({
        "summary": said(alert.summary), "description": said(alert.says), "runbook_url": alert.runbook(),
    });
    serde_json::json!([{"exp_labels": labels, "exp_annotations": annotations}]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alert_has_its_story() {
        let told: Vec<&str> = STORIES.iter().map(|story| story.alert).collect();
        let alerts: Vec<&str> = ALERTS.iter().map(|alert| alert.name).collect();
        assert_eq!(told, alerts);
    }
}
