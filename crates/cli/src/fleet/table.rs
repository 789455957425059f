//! A fleet in columns: pure.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::roll::{Roll, Sidecar};
use crate::columns::columns;

/// So much of a hash tells one from the next.
const SHORT: usize = 12;

/// Every sidecar.
pub(super) fn sidecars(roll: &Roll, wide: bool, now: SystemTime) -> String {
    let mut head = vec!["NAMESPACE", "WORKLOAD", "POD", "VERSION", "REVISION", "CURRENT", "SINCE", "REJECTIONS"];
    if wide {
        head.extend(["TEAM", "INSTANCE", "LABELS", "CREDENTIALS"]);
    }
    let rows = roll.sidecars.iter().map(|it| {
        let revision = if wide { it.revision.clone() } else { short(&it.revision) };
        let mut row = who(it);
        row.extend([it.version.clone(), revision, yes(it.current), since(it, now), rejections(it, wide)]);
        if wide {
            let labels: Vec<String> = it.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let keys = it.credentials.iter().flatten().map(|(name, hash)| format!("{name}={hash}"));
            let kept = it.kept.iter().map(|provider| format!("{provider}/*=?"));
            let keys: Vec<String> = keys.chain(kept).collect();
            row.extend([it.team.clone().unwrap_or_default(), it.instance.clone(), labels.join(","), keys.join(",")]);
        }
        row
    });
    columns(&head, rows)
}

/// Who has a key, by version of it.
pub(super) fn holders(roll: &Roll, credential: &str, wide: bool, now: SystemTime) -> String {
    let mut head = vec!["KEY", "NAMESPACE", "WORKLOAD", "POD", "CURRENT", "SINCE"];
    if wide {
        head.extend(["TEAM", "INSTANCE", "REVISION"]);
    }
    let mut rows: Vec<Vec<String>> = roll
        .sidecars
        .iter()
        .map(|it| {
            let mut row = vec![version(it, credential).to_owned()];
            row.extend(who(it));
            row.extend([yes(it.current), since(it, now)]);
            if wide {
                row.extend([it.team.clone().unwrap_or_default(), it.instance.clone(), it.revision.clone()]);
            }
            row
        })
        .collect();
    rows.sort();
    columns(&head, rows.into_iter())
}

/// What the table comes to.
pub(super) fn summary(roll: &Roll, credential: Option<&str>) -> Vec<String> {
    let count = |good: fn(&Sidecar) -> bool| roll.sidecars.iter().filter(|it| good(it)).count();
    let (behind, rejecting) = (count(|it| !it.current), count(|it| !it.rejections.is_empty()));
    let all = roll.sidecars.len();
    let mut lines = vec![format!("{}, {behind} not current, {rejecting} with rejections", many(all, "sidecar"))];
    if let Some(credential) = credential {
        let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
        for sidecar in &roll.sidecars {
            *versions.entry(version(sidecar, credential)).or_default() += 1;
        }
        let held: Vec<String> = versions.iter().map(|(key, by)| format!("{key} by {by}")).collect();
        lines[0] = match versions.len() {
            0 => format!("nobody is known to hold {credential}"),
            n => format!("{} of {credential}: {}", many(n, "version"), held.join(", ")),
        };
        if roll.unsure > 0 {
            let who = many(usize::try_from(roll.unsure).unwrap_or(usize::MAX), "more sidecar");
            lines.push(format!("{who} may hold one: they have acknowledged nothing yet, or go on with earlier keys"));
        }
    }
    if let Some(why) = &roll.policy.pending {
        lines.push(format!("no policy is served: {why}"));
    }
    if let Some(stale) = &roll.policy.stale {
        lines.push(format!("an earlier policy is served: {}", stale.reason));
    }
    if !roll.policy.problems.is_empty() {
        lines.push(format!(
            "{} in the policy, the first: {}",
            many(roll.policy.problems.len(), "problem"),
            roll.policy.problems[0]
        ));
    }
    lines
}

fn many(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn who(sidecar: &Sidecar) -> Vec<String> {
    let workload = sidecar.owner.clone().unwrap_or_else(|| format!("ServiceAccount/{}", sidecar.service_account));
    let pod = sidecar.pod.as_ref().unwrap_or(&sidecar.token);
    vec![sidecar.namespace.clone(), workload, pod.clone()]
}

/// The keyed hash of its key; a question mark while the control plane cannot tell.
fn version<'a>(sidecar: &'a Sidecar, credential: &str) -> &'a str {
    sidecar.credentials.as_ref().and_then(|all| all.get(credential)).map_or("?", String::as_str)
}

fn short(hash: &str) -> String {
    hash.chars().take(SHORT).collect()
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// For how long it has not been current, in the two largest units.
fn since(sidecar: &Sidecar, now: SystemTime) -> String {
    let Some(since) = sidecar.behind_since_unix else { return String::new() };
    let since = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since)).unwrap_or(now);
    let seconds = now.duration_since(since).unwrap_or_default().as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let first = units.iter().position(|(_, unit)| seconds >= *unit).unwrap_or(units.len() - 1);
    let mut left = seconds;
    let mut text = String::new();
    for (name, unit) in units.into_iter().skip(first).take(2) {
        if left >= unit || text.is_empty() {
            text.push_str(&format!("{}{name}", left / unit));
        }
        left %= unit;
    }
    text
}

fn rejections(sidecar: &Sidecar, wide: bool) -> String {
    let said = |at: usize| {
        let it = &sidecar.rejections[at];
        if wide { format!("{} {}: {}", it.key, it.code, it.reason) } else { format!("{} {}", it.key, it.code) }
    };
    match sidecar.rejections.len() {
        0 => String::new(),
        n if wide => (0..n).map(said).collect::<Vec<_>>().join("; "),
        1 => said(0),
        n => format!("{} and {} more", said(0), n - 1),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn roll() -> Roll {
        let sidecar = |namespace: &str, key: &str, more: serde_json::Value| {
            let mut it = json!({
                "namespace": namespace, "serviceAccount": "default", "labels": {"app": "web"}, "team": null,
                "token": "a1b2", "instance": "host", "version": "0.1.0", "revision": "0123456789abcdef0123456789abcdef",
                "current": true, "behindSinceUnix": null, "rejections": [],
                "credentials": {"shop/openai/main": key}, "kept": [],
            });
            it.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            it
        };
        let rejections = json!([{"key": "route/shop/r", "code": "malformed", "reason": "a\u{1b}[2J\nb"}]);
        let answer = json!({
            "sidecars": [
                sidecar("shop", "bbbb", json!({"owner": "Deployment/web", "pod": "web-7d-x"})),
                sidecar("shop", "aaaa", json!({"current": false, "behindSinceUnix": 1_000, "rejections": rejections})),
                sidecar("till", "bbbb", json!({"kept": ["shop/other"]})),
            ],
            "total": 3, "more": 0, "unsure": 1, "policy": {"pending": null, "stale": null, "problems": ["p"]},
        });
        let mut roll = Roll::default();
        roll.add(answer.to_string().as_bytes()).unwrap();
        roll
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + seconds)
    }

    #[test]
    fn a_fleet_in_columns() {
        assert_eq!(
            sidecars(&roll(), false, at(3_723)),
            "\
NAMESPACE  WORKLOAD                POD       VERSION  REVISION      CURRENT  SINCE  REJECTIONS
shop       Deployment/web          web-7d-x  0.1.0    0123456789ab  yes      -      -
shop       ServiceAccount/default  a1b2      0.1.0    0123456789ab  no       1h2m   route/shop/r malformed
till       ServiceAccount/default  a1b2      0.1.0    0123456789ab  yes      -      -
"
        );
        let wide = sidecars(&roll(), true, at(0));
        assert!(wide.contains("app=web") && wide.contains("shop/openai/main=bbbb,shop/other/*=?"), "{wide}");
        assert!(wide.contains("malformed: a?[2J?b") && wide.lines().count() == 4, "{wide}");
        assert_eq!(
            summary(&roll(), None),
            ["3 sidecars, 1 not current, 1 with rejections", "1 problem in the policy, the first: p"]
        );
    }

    #[test]
    fn who_has_a_key() {
        assert_eq!(
            holders(&roll(), "shop/openai/main", false, at(59)),
            "\
KEY   NAMESPACE  WORKLOAD                POD       CURRENT  SINCE
aaaa  shop       ServiceAccount/default  a1b2      no       59s
bbbb  shop       Deployment/web          web-7d-x  yes      -
bbbb  till       ServiceAccount/default  a1b2      yes      -
"
        );
        let told = summary(&roll(), Some("shop/openai/main"));
        assert_eq!(told[0], "2 versions of shop/openai/main: aaaa by 1, bbbb by 2");
        assert!(told[1].starts_with("1 more sidecar may hold one"), "{told:?}");
        assert_eq!(summary(&Roll::default(), Some("a/b/c"))[0], "nobody is known to hold a/b/c");
    }

    #[test]
    fn how_long_in_two_units() {
        let sidecar = Sidecar { behind_since_unix: Some(1_000), ..Sidecar::default() };
        for (seconds, text) in [(0, "0s"), (59, "59s"), (60, "1m"), (61, "1m1s"), (3_600, "1h"), (90_000, "1d1h")] {
            assert_eq!(since(&sidecar, at(seconds)), text);
        }
        assert_eq!(since(&sidecar, SystemTime::UNIX_EPOCH), "0s");
        assert_eq!(since(&Sidecar::default(), at(0)), "");
    }
}
