//! What is printed of it: rules and dashboards, in the chart and for those who have no operator.

use super::{
    alerts::ALERTS,
    dashboards,
    mode::{Clock, Mode},
    print::rules_file,
};

/// Path and text of each.
pub(crate) fn all() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for mode in Mode::ALL {
        let text = rules_file(mode, Clock::REAL, ALERTS);
        files.push((format!("charts/outrigger/rules/{}.yaml", mode.file()), text.clone()));
        files.push((format!("deploy/prometheus/rules-{}.yaml", mode.file()), text));
    }
    for dashboard in dashboards::all() {
        files.push((format!("charts/outrigger/dashboards/{}.json", dashboard.name), dashboard.json()));
    }
    files
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;
    use crate::{monitoring::rules, tools};

    /// Names like `outrigger_x` or `outrigger:x:y` in a text.
    fn names(text: &str) -> BTreeSet<String> {
        let part = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '_' | ':');
        let starts = text.match_indices("outrigger").filter(|(at, _)| !text[..*at].ends_with(|it| part(&it)));
        let all = starts.map(|(at, _)| text[at..].chars().take_while(part).collect::<String>());
        all.filter(|name| name.contains("outrigger_") || name.contains("outrigger:")).collect()
    }

    /// Dashboards and alerts read what is recorded, and metrics that docs/reference.md has.
    #[test]
    fn every_metric_that_is_read_is_in_the_inventory() {
        let reference = fs::read_to_string(tools::root().join("docs/reference.md")).unwrap();
        let records = rules::names();
        for (path, text) in all() {
            for name in names(&text) {
                let family = ["_bucket", "_sum", "_count"]
                    .iter()
                    .fold(name.as_str(), |it, end| it.strip_suffix(end).unwrap_or(it));
                let known = records.contains(&name)
                    || name == "outrigger:pods"
                    || reference.contains(&format!("`{family}`"))
                    // The control plane's sums of a sidecar's family.
                    || reference.contains(&format!("`{}`", family.replace("outrigger_fleet_", "outrigger_")))
                    || ["sidecars", "stale_sidecars", "resident_bytes"].iter().any(|own| family == format!("outrigger_fleet_{own}"));
                assert!(known, "{path}: {name}");
            }
        }
    }

    #[test]
    fn names_are_found() {
        let found = names("sum(outrigger:a:b{x=\"outrigger\"}) / outrigger_c_total + xoutrigger_d");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["outrigger:a:b", "outrigger_c_total"]);
    }
}
