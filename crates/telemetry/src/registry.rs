//! The metric registry: hands out handles that are registered once and rendered as Prometheus text.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::{Mutex, PoisonError},
};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

pub use crate::family::{Family, Stability};
use crate::logging;

/// Label of a metric.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

/// A registry of its own, not the process-wide one, so that two sidecars in one test process do not mix.
pub struct Registry {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// The families that say what is the case, by name: one series each.
    info: Mutex<BTreeMap<&'static str, String>>,
}

/// A table of families, one line for each, and of what every program has.
pub fn markdown(families: &[Family]) -> String {
    let mut table =
        "| metric | type | unit | labels | stable | meaning |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for family in families.iter().chain([&logging::DROPPED]) {
        let Family { name, kind, labels, help, buckets: _, stability } = family;
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(", ") };
        let (unit, stable) = (family.unit().unwrap_or("-"), stability.word());
        let _ = writeln!(table, "| `{name}` | {kind} | {unit} | {labels} | {stable} | {} |", help.replace('|', "\\|"));
    }
    table
}

const METADATA: Metadata<'static> = Metadata::new("outrigger", Level::INFO, None);

impl Registry {
    /// A registry for `families`.
    pub fn new(families: &[Family]) -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for family in families.iter().filter(|family| !family.buckets.is_empty()) {
            builder = builder.set_buckets_for_metric(Matcher::Full(family.name.to_owned()), family.buckets)?;
        }
        let recorder = builder.build_recorder();
        for family in families {
            match family.kind {
                "counter" => recorder.describe_counter(family.name.into(), None, family.help.into()),
                "gauge" => recorder.describe_gauge(family.name.into(), None, family.help.into()),
                _ => recorder.describe_histogram(family.name.into(), None, family.help.into()),
            }
        }
        let handle = recorder.handle();
        Ok(Self { recorder, handle, info: Mutex::default() })
    }

    /// A counter; the same name and labels give the same counter.
    pub fn counter(&self, family: &Family, labels: Labels<'_>) -> Counter {
        self.recorder.register_counter(&key(family, labels), &METADATA)
    }

    /// A gauge.
    pub fn gauge(&self, family: &Family, labels: Labels<'_>) -> Gauge {
        self.recorder.register_gauge(&key(family, labels), &METADATA)
    }

    /// A histogram.
    pub fn histogram(&self, family: &Family, labels: Labels<'_>) -> Histogram {
        self.recorder.register_histogram(&key(family, labels), &METADATA)
    }

    /// Says what is the case now: `family` has one series of value 1, whose labels have `values` in their order, and no
    /// other. A gauge for each value would stay for good, since a registry forgets no series.
    pub fn info(&self, family: &Family, values: &[&str]) {
        let Family { name, kind, labels, help, .. } = family;
        let mut text = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{{");
        for (at, (label, value)) in labels.iter().zip(values).enumerate() {
            let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{label}=\"{value}\"");
        }
        text.push_str("} 1\n");
        self.info.lock().unwrap_or_else(PoisonError::into_inner).insert(name, text);
    }

    /// Everything in the Prometheus text format, with what there is to know of the process's log.
    pub fn render(&self) -> String {
        let mut text = self.handle.render();
        let Family { name, kind, help, .. } = logging::DROPPED;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {}", logging::dropped());
        text.extend(self.info.lock().unwrap_or_else(PoisonError::into_inner).values().map(String::as_str));
        text
    }

    /// Moves histogram samples into their buckets; call it every few seconds so that they do not pile up unscraped.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

fn key(family: &Family, labels: Labels<'_>) -> Key {
    let labels: Vec<Label> = labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(family.name, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVISION: Family = Family {
        name: "revision_info",
        kind: "gauge",
        labels: &["revision"],
        help: "1 for the revision being served.",
        buckets: &[],
        stability: Stability::Stable,
    };

    /// The page, but for what every page has.
    fn families(registry: &Registry) -> String {
        let page = registry.render();
        page.split_inclusive('\n').filter(|line| !line.contains(logging::DROPPED.name)).collect()
    }

    #[test]
    fn every_page_says_how_many_lines_of_the_log_were_dropped() {
        let page = Registry::new(&[]).unwrap().render();
        assert!(page.ends_with("outrigger_log_lines_dropped_total 0\n"), "{page}");
    }

    #[test]
    fn what_is_the_case_has_one_series_however_often_it_changes() {
        let registry = Registry::new(&[REVISION]).unwrap();
        assert_eq!(families(&registry), "");
        registry.info(&REVISION, &["one"]);
        registry.info(&REVISION, &["t\"w\\o\n"]);
        let expected = "# HELP revision_info 1 for the revision being served.\n# TYPE revision_info gauge\n\
                        revision_info{revision=\"t\\\"w\\\\o\\n\"} 1\n";
        assert_eq!(families(&registry), expected);
    }

    #[test]
    fn each_family_has_its_own_series_with_all_its_labels() {
        const OWNER: Family = Family { name: "owner_info", labels: &["namespace", "team"], ..REVISION };
        let registry = Registry::new(&[REVISION, OWNER]).unwrap();
        registry.info(&REVISION, &["one"]);
        registry.info(&OWNER, &["shop", ""]);
        let page = families(&registry);
        let series: Vec<&str> = page.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(series, ["owner_info{namespace=\"shop\",team=\"\"} 1", "revision_info{revision=\"one\"} 1"]);
    }
}
