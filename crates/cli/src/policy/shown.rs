//! A change in columns: pure.

use outrigger_compile::{
    Problem, Severity,
    change::{Change, Edited, How, Passage, Touched},
};

use crate::columns::columns;

/// Names in one cell.
const NAMED: usize = 3;

/// What is edited, opened, closed, broken and mended, and whose views are different.
pub(super) fn table(change: &Change) -> String {
    if change.is_nothing() {
        return String::new();
    }
    let row = |cells: [String; 5]| Vec::from(cells);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for Edited { object, how } in &change.edited {
        let how = match how {
            How::Added => "adds",
            How::Changed => "edits",
            How::Removed => "deletes",
        };
        rows.push(row([how.to_owned(), object.to_string(), String::new(), String::new(), String::new()]));
    }
    for widened in &change.widened {
        let says = widened.says.join("; ");
        rows.push(row(["widens".to_owned(), widened.policy.to_string(), says, String::new(), String::new()]));
    }
    rows.extend(change.opened.iter().map(|it| passage(if it.whole { "opens" } else { "adds to" }, it)));
    rows.extend(change.closed.iter().map(|it| passage(if it.whole { "closes" } else { "takes from" }, it)));
    let (warnings, broken): (Vec<&Problem>, Vec<&Problem>) =
        change.broken.iter().partition(|it| it.severity == Severity::Warning);
    rows.extend(broken.into_iter().map(|it| problem("breaks", it)));
    rows.extend(change.mended.iter().map(|it| problem("mends", it)));
    rows.extend(change.remaining.iter().map(|it| problem("leaves", it)));
    rows.extend(warnings.into_iter().map(|it| problem("warns of", it)));
    let mut text = columns(&["CHANGE", "WHAT", "DETAIL", "FOR", "WHY"], rows.into_iter());
    if !change.touched.is_empty() {
        let touched = change.touched.iter().map(touched);
        text.push('\n');
        text.push_str(&columns(&["NAMESPACE", "WORKLOADS", "SIDECARS"], touched));
    }
    text
}

/// What it comes to, in one line.
pub(super) fn summary(change: &Change) -> String {
    if change.is_nothing() {
        return "nothing changes".to_owned();
    }
    let sidecars: u64 = change.touched.iter().map(|it| it.sidecars).sum();
    let count = |grave: bool| change.broken.iter().filter(|it| (it.severity != Severity::Warning) == grave).count();
    format!(
        "{} opened, {} closed, {} broken, {} mended; {} of {} different",
        change.opened.len() + change.widened.len(),
        change.closed.len(),
        count(true),
        change.mended.len(),
        many(change.touched.len() as u64, "view"),
        many(sidecars, "sidecar"),
    )
}

fn passage(how: &str, passage: &Passage) -> Vec<String> {
    let Passage { what, why, namespaces, workloads, sidecars, .. } = passage;
    let places = few(namespaces, namespaces.len() as u64);
    let whom = match workloads {
        0 => places,
        _ => format!("{places} ({}, {})", many(*workloads, "workload"), many(*sidecars, "sidecar")),
    };
    vec![how.to_owned(), what.to_string(), passage.listed(), whom, why.clone()]
}

fn problem(how: &str, problem: &Problem) -> Vec<String> {
    let Problem { object, field, reason, .. } = problem;
    vec![how.to_owned(), object.to_string(), field.clone(), object.namespace.clone(), reason.clone()]
}

fn touched(touched: &Touched) -> Vec<String> {
    let Touched { namespace, workloads, total, sidecars } = touched;
    let whose = if workloads.is_empty() { "nobody is connected".to_owned() } else { few(workloads, *total) };
    vec![namespace.clone(), whose, sidecars.to_string()]
}

fn few(names: &[String], total: u64) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let more = total.saturating_sub(shown.len() as u64);
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

fn many(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use outrigger_compile::{
        Cause, Kind, ObjectRef,
        change::{What, Widened},
    };

    use super::*;

    fn object(kind: Kind, name: &str) -> ObjectRef {
        ObjectRef { kind, namespace: "shop".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_change_in_columns() {
        let passage = |what: What, whole: bool, workloads: u64| Passage {
            what,
            whole,
            targets: vec!["a/us at shop/us".to_owned()],
            total: 3,
            why: "ModelPolicy shop/eu (data_region)".to_owned(),
            namespaces: vec!["shop".to_owned(), "till".to_owned()],
            workloads,
            sidecars: 4 * workloads,
        };
        let bad = |severity| Problem {
            object: object(Kind::ModelRoute, "far"),
            field: "spec.targets".to_owned(),
            reason: "none".to_owned(),
            severity,
            cause: Cause::RefNotFound,
        };
        let policy = object(Kind::ModelPolicy, "eu");
        let change = Change {
            edited: vec![Edited { object: policy.clone(), how: How::Changed }],
            widened: vec![Widened { policy, says: vec!["models a -> any".to_owned()] }],
            opened: vec![passage(What::Models("shop/eu".to_owned()), true, 1)],
            closed: vec![passage(What::Route("shop/far".to_owned()), false, 0)],
            broken: vec![bad(Severity::Error), bad(Severity::Warning)],
            touched: vec![
                Touched {
                    namespace: "shop".to_owned(),
                    workloads: vec!["Deployment/web".to_owned()],
                    total: 2,
                    sidecars: 4,
                },
                Touched { namespace: "till".to_owned(), ..Touched::default() },
            ],
            ..Change::default()
        };
        assert_eq!(
            table(&change),
            "\
CHANGE      WHAT                 DETAIL                      FOR                                  WHY
edits       ModelPolicy shop/eu  -                           -                                    -
widens      ModelPolicy shop/eu  models a -> any             -                                    -
opens       models of shop/eu    a/us at shop/us and 2 more  shop, till (1 workload, 4 sidecars)  ModelPolicy shop/eu (data_region)
takes from  ModelRoute shop/far  a/us at shop/us and 2 more  shop, till                           ModelPolicy shop/eu (data_region)
breaks      ModelRoute shop/far  spec.targets                shop                                 none
warns of    ModelRoute shop/far  spec.targets                shop                                 none

NAMESPACE  WORKLOADS                  SIDECARS
shop       Deployment/web and 1 more  4
till       nobody is connected        0
"
        );
        assert_eq!(summary(&change), "2 opened, 1 closed, 1 broken, 0 mended; 2 views of 4 sidecars different");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!((table(&Change::default()).as_str(), summary(&Change::default()).as_str()), ("", "nothing changes"));
    }
}
