//! Findings as people read them, a line each: pure.

use super::finding::{Finding, State};

/// What a mark looks like on a terminal.
fn mark(state: State, colours: bool) -> String {
    let (word, colour) = match state {
        State::Ok => ("ok     ", 32),
        State::Note => ("note   ", 36),
        State::Unknown => ("unknown", 33),
        State::Wrong => ("wrong  ", 31),
    };
    if colours { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() }
}

/// Every finding: mark, what, and if it is not well its code, whose it is and what to do. What would break a line, or move the
/// cursor of whoever reads it, is a question mark: a cluster says some of it.
pub(super) fn lines(findings: &[Finding], colours: bool) -> String {
    let one = |it: &Finding| {
        let Finding { state, object, what, code, whose, next } = it;
        let mut line = format!("{object}: {what}");
        if let (Some(code), Some(whose)) = (code, whose) {
            line = format!("{line} [{}; {}]", code.row().0, whose.text());
        }
        if let Some(next) = next {
            line = format!("{line} -> {next}");
        }
        let line: String = line.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        format!("{}  {line}\n", mark(*state, colours))
    };
    findings.iter().map(one).collect()
}

/// What it comes to, in one line.
pub(super) fn summary(findings: &[Finding], installed: bool) -> String {
    let count = |state| findings.iter().filter(|it| it.state == state).count();
    let part = if installed { "installed" } else { "not installed" };
    format!(
        "{part}: {} ok, {} to note, {} unknown, {} wrong",
        count(State::Ok),
        count(State::Note),
        count(State::Unknown),
        count(State::Wrong)
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::finding::{Code, Findings},
        *,
    };

    fn findings() -> Vec<Finding> {
        let mut out = Findings::default();
        out.ok("API server", "it is well");
        out.say(Code::KindMissing, "CustomResourceDefinition x", "is not\u{1b}[2J\nthere", "helm upgrade x");
        out.unknown("nodes", "forbidden");
        out.all()
    }

    #[test]
    fn a_finding_is_a_line() {
        assert_eq!(
            lines(&findings(), false),
            "\
ok       API server: it is well
wrong    CustomResourceDefinition x: is not?[2J?there [kind_missing; whoever installs Outrigger] -> helm upgrade x
unknown  nodes: could not be looked at: forbidden [not_looked; whoever asks] -> kubectl auth can-i --list
"
        );
        assert!(lines(&findings(), true).starts_with("\u{1b}[32mok     \u{1b}[0m  API server"));
        assert_eq!(summary(&findings(), true), "installed: 1 ok, 0 to note, 1 unknown, 1 wrong");
    }

    #[test]
    fn a_script_reads_words() {
        let told = serde_json::to_value(findings()).unwrap();
        assert_eq!(told[0], serde_json::json!({"state": "ok", "object": "API server", "what": "it is well"}));
        assert_eq!((told[1]["code"].as_str(), told[1]["whose"].as_str()), (Some("kind_missing"), Some("installer")));
    }
}
