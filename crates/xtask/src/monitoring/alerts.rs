//! The alerts: one table. Each is a value and when it is too much, so that the value can be asked for while all is well.

use super::mode::Clock;

/// How soon somebody has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// At once, at night too.
    Critical,
    /// In working hours.
    Warning,
}

impl Severity {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// In what way an alert can be wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrong {
    /// Nothing is too much.
    Never,
    /// Everything is.
    Always,
    /// It lasts longer than anybody waits.
    Late,
}

impl Wrong {
    pub(crate) const ALL: [Self; 3] = [Self::Never, Self::Always, Self::Late];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Never => "never fire",
            Self::Always => "always fire",
            Self::Late => "fire too late",
        }
    }
}

/// An alert.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) name: &'static str,
    pub(crate) severity: Severity,
    /// What is looked at: there is an answer while all is well, unless [`Alert::quiet`] says why not.
    value: &'static str,
    /// When it is too much.
    too_much: &'static str,
    /// Another condition that must hold too; empty: none.
    and: &'static str,
    /// For how long.
    pub(crate) lasting: &'static str,
    /// One line. `{{ $labels.x }}` are the labels of the value.
    pub(crate) summary: &'static str,
    /// What it means, and what to do.
    pub(crate) says: &'static str,
    /// The page of docs/runbooks, without its ending.
    pub(crate) page: &'static str,
    /// Why the value may be empty where nothing is wrong.
    pub(crate) quiet: Option<&'static str>,
}

/// Outcomes of attempts that are the provider's doing, and no answer.
const DOWN: &str = "connect_failed|connect_timeout|proxy_unreachable|first_token_timeout|idle_timeout|total_timeout|\
                    connection_reset|truncated|malformed_answer|overloaded|server_error";

pub(crate) const ALERTS: &[Alert] = &[
    Alert {
        name: "OutriggerProviderDown",
        severity: Severity::Critical,
        value: "sum by (provider) (outrigger:attempts:rate5m{outcome=~\"DOWN\"}) / sum by (provider) (outrigger:attempts:rate5m{outcome!=\"cancelled\"})",
        too_much: "> 0.9",
        and: "",
        lasting: "5m",
        summary: "{{ $labels.provider }} answers next to nothing",
        says: "More than nine of ten calls to {{ $labels.provider }} fail for reasons of its own or of the way to it. Routes with another target go on with that one; those without fail. Look at its status page, at the outcomes on the dashboard Providers, and whether pods can reach it; take it out of routes if it lasts.",
        page: "provider-down",
        quiet: None,
    },
    Alert {
        name: "OutriggerFailoverStorm",
        severity: Severity::Warning,
        value: "sum by (namespace, workload) (outrigger:fallbacks:rate5m) / sum by (namespace, workload) (outrigger:requests:rate5m)",
        too_much: "> 0.2",
        and: "",
        lasting: "10m",
        summary: "One request in five of {{ $labels.namespace }}/{{ $labels.workload }} fails over",
        says: "Requests of {{ $labels.namespace }}/{{ $labels.workload }} move on from the target that policy prefers: they take longer, and may cost more. Find the target and the reason on the dashboard Providers; mend it, or put another one first.",
        page: "failover-storm",
        quiet: None,
    },
    Alert {
        name: "OutriggerKeyRefused",
        severity: Severity::Critical,
        value: "sum by (provider) (outrigger:attempts:rate5m{outcome=~\"unauthorized|forbidden\"})",
        too_much: "> 0",
        and: "",
        lasting: "2m",
        summary: "{{ $labels.provider }} refuses our key",
        says: "{{ $labels.provider }} answers 401 or 403: its key was revoked, has expired, or may not use this model. Routes go on with other targets. Put a good key into the Secret that the ModelProvider names; sidecars have it within seconds.",
        page: "key-refused",
        quiet: Some("no provider refuses a key"),
    },
    Alert {
        name: "OutriggerSpendUnusual",
        severity: Severity::Warning,
        value: "abs(log2(sum by (namespace, team) (outrigger:cost_nano_usd:increase1d) / sum by (namespace, team) (outrigger:cost_nano_usd:increase1d offset WEEK)))",
        too_much: "> 1",
        // Less than a dollar a day is nobody's sleep.
        and: "sum by (namespace, team) (outrigger:cost_nano_usd:increase1d) + sum by (namespace, team) (outrigger:cost_nano_usd:increase1d offset WEEK) > 1e9",
        lasting: "1h",
        summary: "{{ $labels.team }} in {{ $labels.namespace }} spends twice or half of what it spent on this weekday",
        says: "In 24 hours {{ $labels.team }} spent more than twice, or less than half, of what it spent in the same 24 hours a week ago. The dashboard Cost shows by which route and model; `outrigger usage --since 2d --by team,route,model` says it to the cent. Ask the team; limit it with a ModelPolicy if it is an accident.",
        page: "spend-unusual",
        quiet: Some("nothing was spent a week ago"),
    },
    Alert {
        name: "OutriggerUnpriced",
        severity: Severity::Warning,
        value: "sum by (namespace) (outrigger:unpriced:rate5m) / sum by (namespace) (outrigger:attempts:rate5m{outcome=\"ok\"})",
        too_much: "> 0.05",
        and: "",
        lasting: "30m",
        summary: "More than one answer in twenty has no price in {{ $labels.namespace }}",
        says: "What answers cost in {{ $labels.namespace }} is not known for more than one in twenty: figures of cost are too low by that. The dashboard Cost lists provider and model; give their prices in `spec.models[].prices` of the ModelProvider.",
        page: "unpriced",
        quiet: Some("every model has a price"),
    },
    Alert {
        name: "OutriggerPolicyHeld",
        severity: Severity::Warning,
        value: "max(outrigger_control_plane_policy_stale)",
        too_much: "> 0",
        and: "",
        lasting: "5m",
        summary: "The control plane serves its last good policy and takes no edits",
        says: "The control plane cannot read its source, or the source has become empty at once: it serves what it had last. Requests go on; edits have no effect. Its log says why: `kubectl -n outrigger-system logs deployment/outrigger-control-plane`.",
        page: "policy-held",
        quiet: None,
    },
    Alert {
        name: "OutriggerPolicyRejected",
        severity: Severity::Warning,
        value: "sum(increase(outrigger_control_plane_rejections_total[WINDOW]))",
        too_much: "> 0",
        and: "",
        lasting: "1m",
        summary: "Sidecars do not apply a part of their policy",
        says: "Sidecars keep the last good value of what they rejected. Most often they are older than the control plane. `kubectl outrigger fleet` says which, and what they said of it.",
        page: "policy-rejected",
        quiet: None,
    },
    Alert {
        name: "OutriggerSidecarsStale",
        severity: Severity::Warning,
        value: "sum by (namespace, workload) (outrigger:stale_sidecars)",
        too_much: "> 0",
        and: "",
        lasting: "10m",
        summary: "Sidecars of {{ $labels.namespace }}/{{ $labels.workload }} hear nothing of the control plane",
        says: "Sidecars of {{ $labels.namespace }}/{{ $labels.workload }} serve a policy that was not confirmed for more than a minute. Requests go on, under what was good then. Look whether the control plane is ready, and whether a NetworkPolicy keeps the pods from port 4119.",
        page: "sidecars-stale",
        quiet: None,
    },
    Alert {
        name: "OutriggerSidecarsUnheard",
        severity: Severity::Warning,
        // Replicas of the injector that do not look say 0, and one that is not there says nothing.
        value: "max(outrigger_injector_pods_with_sidecar) - (sum(outrigger_control_plane_sidecars) or vector(0))",
        too_much: "> 0",
        and: "",
        lasting: "10m",
        summary: "Some sidecars are connected to no control plane",
        says: "There are more pods with a sidecar than sidecars that a control plane hears. Their requests go on under the last policy; edits and keys do not reach them, and where the control plane reads their metrics nobody does. `kubectl outrigger check` says what is wrong with the control plane and between; `kubectl outrigger fleet` lists those that are connected.",
        page: "sidecars-unheard",
        quiet: Some("there is an injector only in a cluster"),
    },
    Alert {
        name: "OutriggerCertificateEnds",
        severity: Severity::Critical,
        value: "min(outrigger_control_plane_certificate_end_seconds - time())",
        // Ours is for seven days and is made anew with 56 hours to go.
        too_much: "< 129600",
        and: "",
        lasting: "10m",
        summary: "The control plane's certificate ends within 36 hours and was not made anew",
        says: "When it ends no sidecar connects any more: requests go on under the last policy, and edits do not reach them. If cert-manager issues it, look at the Certificate; else at the control plane's log, for `authority`.",
        page: "certificate-ends",
        quiet: None,
    },
    Alert {
        name: "OutriggerSpoolFilling",
        severity: Severity::Warning,
        value: "sum by (namespace, workload) (outrigger:ledger_spool_bytes) / sum by (namespace, workload) (outrigger:sidecars)",
        // A quarter of `--spool-limit` as it is by default.
        too_much: "> 16777216",
        and: "",
        lasting: "10m",
        summary: "Sidecars of {{ $labels.namespace }}/{{ $labels.workload }} cannot tell the ledger what they did",
        says: "More than 16 MiB wait in each sidecar of {{ $labels.namespace }}/{{ $labels.workload }}, where there is room for 64. Beyond that, or after a day, the oldest entries are lost to the books. Look whether the ledger is ready and its store answers.",
        page: "spool-filling",
        quiet: None,
    },
    Alert {
        name: "OutriggerPodWithoutSidecar",
        severity: Severity::Warning,
        value: "max(outrigger_injector_pods_without_sidecar)",
        too_much: "> 0",
        and: "",
        lasting: "10m",
        summary: "Pods that are to have a sidecar have none",
        says: "They were made while the injector was away, or before their namespace was labelled: their calls go nowhere, or past all policy. `outrigger check` names them; delete them one by one, and their owner makes them anew with a sidecar.",
        page: "pod-without-sidecar",
        quiet: Some("there is an injector only in a cluster"),
    },
];

impl Alert {
    /// What is looked at.
    pub(crate) fn value(&self, clock: Clock) -> String {
        clock.fill(&self.value.replace("DOWN", DOWN))
    }

    /// When it fires.
    pub(crate) fn expression(&self, clock: Clock) -> String {
        let value = format!("{} {}", self.value(clock), self.too_much);
        if self.and.is_empty() { value } else { format!("({value})\nand ({})", clock.fill(self.and)) }
    }

    /// The same, wrong in this way.
    pub(crate) fn wrong(&self, wrong: Wrong) -> Self {
        let above = self.too_much.starts_with('>');
        let mut mutant = self.clone();
        match wrong {
            Wrong::Never => mutant.too_much = if above { "> 1e30" } else { "< -1e30" },
            Wrong::Always => mutant.too_much = if above { "> -1e30" } else { "< 1e30" },
            Wrong::Late => mutant.lasting = "30d",
        }
        mutant
    }

    /// Where it says what to do.
    pub(crate) fn runbook(&self) -> String {
        format!("docs/runbooks/{}.md", self.page)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::tools;

    #[test]
    fn each_alert_has_a_page_that_says_what_to_do() {
        for alert in ALERTS {
            let page = fs::read_to_string(tools::root().join(alert.runbook())).expect(alert.page);
            for head in [
                "## What it means",
                "## Whose fault it may be",
                "## What to look at",
                "## What to do",
                "## How to see that it is over",
            ] {
                assert!(page.contains(head), "{}: {head}", alert.page);
            }
            assert!(page.starts_with(&format!("# {}\n", alert.name)), "{}", alert.page);
        }
        let pages = fs::read_dir(tools::root().join("docs/runbooks")).unwrap().count();
        assert_eq!(pages, ALERTS.len(), "a page without an alert");
    }

    #[test]
    fn what_an_alert_says_names_labels_that_its_value_has() {
        for alert in ALERTS {
            let by = alert.value.split_once("by (").map(|(_, rest)| rest.split(')').next().unwrap_or_default());
            for text in [alert.summary, alert.says] {
                for label in text.split("{{ $labels.").skip(1).filter_map(|rest| rest.split(" }}").next()) {
                    assert!(by.is_some_and(|by| by.split(", ").any(|it| it == label)), "{}: {label}", alert.name);
                }
                assert!(!text.contains("$value"), "{}: stories do not know how it is written", alert.name);
            }
        }
    }
}
