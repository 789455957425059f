//! A Prometheus that reads a fleet, and what it answers.

use std::{collections::BTreeMap, fmt::Write as _, fs, net::SocketAddr, path::Path, process::Command};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::{
    alerts::ALERTS,
    http,
    mode::{Clock, Mode},
    print::rules_file,
    programs::Programs,
};
use crate::fleet::member::Member;

/// Who is read, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) namespace: &'static str,
    pub(crate) pod: &'static str,
    /// Whose pod it is.
    pub(crate) owner: &'static str,
    /// A sidecar, or one of the other programs, whose own labels count.
    pub(crate) sidecar: bool,
}

/// Dropped, it is stopped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    _member: Member,
}

/// One series of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Name and value of each label, in one order.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Server {
    /// Starts one with the rules of this mode, whose days are as long as this clock has them.
    pub(crate) fn start(
        programs: &Programs,
        (mode, clock): (Mode, Clock),
        folder: &Path,
        address: SocketAddr,
        targets: &[Target],
    ) -> Result<Self> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("rules.yaml"), rules_file(mode, clock, ALERTS))?;
        fs::write(folder.join("prometheus.yaml"), config(targets))?;
        let mut command = Command::new(&programs.prometheus);
        command.arg(format!("--config.file={}", folder.join("prometheus.yaml").display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
        command.arg(format!("--web.listen-address={address}")).arg("--log.level=warn");
        let name = match mode {
            Mode::ControlPlane => "prometheus of the control plane",
            Mode::Pods => "prometheus of pods",
        };
        let member = Member::start(name, command, folder.join("log"), address, "/-/ready")?;
        Ok(Self { address, _member: member })
    }

    /// What a query is answered by, now. An error or a warning of Prometheus is an error.
    pub(crate) fn query(&self, expression: &str) -> Result<Vec<Sample>> {
        let answer = self.asked(&format!("/api/v1/query?query={}", http::escaped(expression)))?;
        let result = &answer["data"]["result"];
        if answer["data"]["resultType"] == "scalar" {
            return Ok(vec![Sample { labels: BTreeMap::new(), value: number(&result[1]) }]);
        }
        let series = result.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(series.iter().map(|it| Sample { labels: labels(&it["metric"]), value: number(&it["value"][1]) }).collect())
    }

    /// What Prometheus answers at this moment, in seconds, as it says it.
    pub(crate) fn said_at(&self, expression: &str, at: u64) -> Result<Value> {
        let path = format!("/api/v1/query?query={}&time={at}", http::escaped(expression));
        Ok(self.asked(&path)?["data"].take())
    }

    /// The same from one moment to another, every so many seconds.
    pub(crate) fn said_over(&self, expression: &str, (from, to): (u64, u64), step: u64) -> Result<Value> {
        let path = format!("/api/v1/query_range?query={}&start={from}&end={to}&step={step}", http::escaped(expression));
        Ok(self.asked(&path)?["data"].take())
    }

    /// `label_values(series, label)`
    pub(crate) fn label_values(&self, series: &str, label: &str) -> Result<Vec<String>> {
        let answer = self.asked(&format!("/api/v1/label/{label}/values?match%5B%5D={}", http::escaped(series)))?;
        Ok(answer["data"].as_array().into_iter().flatten().filter_map(|it| Some(it.as_str()?.to_owned())).collect())
    }

    /// The labels of each alert of this name that fires.
    pub(crate) fn firing(&self, name: &str) -> Result<Vec<BTreeMap<String, String>>> {
        let answer = self.asked("/api/v1/alerts")?;
        let all = answer["data"]["alerts"].as_array().into_iter().flatten();
        let of = all.map(|alert| (labels(&alert["labels"]), &alert["state"]));
        Ok(of.filter(|(labels, state)| *state == "firing" && labels["alertname"] == name).map(|it| it.0).collect())
    }

    /// What is wrong with rules that were evaluated, by name.
    pub(crate) fn sick_rules(&self) -> Result<Vec<String>> {
        let answer = self.asked("/api/v1/rules")?;
        let groups = answer["data"]["groups"].as_array().cloned().unwrap_or_default();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default());
        let rules: Vec<Value> = rules.collect();
        ensure!(!rules.is_empty(), "Prometheus has no rules");
        Ok(rules
            .iter()
            .filter(|rule| rule["health"] != "ok")
            .map(|rule| format!("{}: {} {}", rule["name"], rule["health"], rule["lastError"]))
            .collect())
    }

    fn asked(&self, path: &str) -> Result<Value> {
        let answer = http::json(self.address, path)?;
        if answer["status"] != "success" {
            bail!("{}", answer["error"].as_str().unwrap_or("no answer"));
        }
        for said in ["warnings", "infos"] {
            let said = &answer[said];
            ensure!(said.as_array().is_none_or(Vec::is_empty), "Prometheus warns: {said}");
        }
        Ok(answer)
    }
}

fn labels(metric: &Value) -> BTreeMap<String, String> {
    let all = metric.as_object().into_iter().flatten();
    all.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// In a folder of policy a token names no owner, and pods have one: here each namespace has one workload.
fn owners(targets: &[Target]) -> String {
    let owners: BTreeMap<_, _> =
        targets.iter().filter(|it| it.sidecar).map(|target| (target.namespace, target.owner)).collect();
    let mut text = "    metric_relabel_configs:\n".to_owned();
    for (namespace, owner) in owners {
        for (families, label) in [("outrigger_workload_info", "owner"), ("outrigger_fleet_.+", "workload")] {
            let _ = writeln!(
                text,
                "      - {{source_labels: [__name__, {label}, namespace], regex: \"{families};;{namespace}\", target_label: \
                 {label}, replacement: {owner}}}"
            );
        }
    }
    text
}

fn config(targets: &[Target]) -> String {
    let mut text =
        "global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}\nrule_files: [rules.yaml]\n\
                    scrape_configs:\n"
            .to_owned();
    let owners = owners(targets);
    for (job, sidecars) in [("outrigger-sidecars", true), ("outrigger", false)] {
        let _ = write!(text, "  - job_name: {job}\n    honor_labels: {}\n{owners}    static_configs:\n", !sidecars);
        for Target { address, namespace, pod, .. } in targets.iter().filter(|target| target.sidecar == sidecars) {
            let _ =
                writeln!(text, "      - {{targets: [\"{address}\"], labels: {{namespace: {namespace}, pod: {pod}}}}}");
        }
    }
    text
}
