//! What an edit means, as the few lines that kubectl prints: pure. Each is one line; the most important first.

use std::collections::BTreeMap;

use outrigger_compile::{
    Kind, ObjectRef, Problem, Severity,
    change::{Change, How, Passage, What},
};

/// Longest line where that reads well, in bytes: API servers cut longer ones if there is much to say.
const LINE: usize = 256;
/// Longest line that has a command to paste in it.
const PASTED: usize = 1024;
/// All lines together, in bytes.
const ALL: usize = 4096;
/// What tells a line with a command.
const COMMAND: &str = "kubectl ";
/// Room for the last line.
const LAST: usize = 64;

/// What to say of an edit of `object`, in no more than 4 KiB.
pub(super) fn warnings(change: &Change, object: &ObjectRef) -> Vec<String> {
    bounded(lines(change, object))
}

fn lines(change: &Change, object: &ObjectRef) -> Vec<String> {
    let own = |it: &&Problem| it.object == *object;
    let mut now: Vec<&Problem> = change.broken.iter().chain(&change.remaining).filter(own).collect();
    now.sort_by_key(|it| (it.severity == Severity::Warning, is_sum(it, change)));
    let grave = now.iter().take_while(|it| it.severity != Severity::Warning).count();
    let hints = now.split_off(grave);

    let mut lines: Vec<String> = now.into_iter().map(problem).collect();
    for widened in &change.widened {
        lines.push(format!("{} opens: {}", widened.policy, widened.says.join("; ")));
    }
    let removed = change.edited.iter().any(|it| it.object == *object && it.how == How::Removed);
    let told = |it: &&Passage| {
        let itself =
            matches!(&it.what, What::Route(name) if *name == object.full_name() && object.kind == Kind::ModelRoute);
        // Who deletes what nobody uses need not be told that nobody can any more.
        !(it.workloads == 0
            && (itself && removed || matches!(it.what, What::Models(_)) && object.kind != Kind::ModelPolicy))
    };
    let closed: Vec<&Passage> = change.closed.iter().filter(told).collect();
    lines.extend(closed.iter().filter(|it| it.whole).map(|it| closes(it)));
    let is_closed =
        |it: &ObjectRef| change.closed.iter().any(|closed| closed.whole && closed.what == What::Route(it.full_name()));
    // One line for each object: the problem that says most.
    let mut others: BTreeMap<&ObjectRef, &Problem> = BTreeMap::new();
    for other in change.broken.iter().filter(|it| !own(it) && it.severity != Severity::Warning) {
        let told = others.entry(&other.object).or_insert(other);
        if is_sum(told, change) {
            *told = other;
        }
    }
    others.retain(|it, _| !(it.kind == Kind::ModelRoute && is_closed(it)));
    lines.extend(others.values().map(|it| format!("breaks {}", problem(it))));
    let added = change.edited.iter().any(|it| it.object == *object && it.how == How::Added);
    let meant = match object.kind {
        Kind::ModelPolicy => true,
        // A new route opens itself, and a provider what it serves: that is what they are for.
        Kind::ModelRoute => !added,
        _ => false,
    };
    if meant {
        lines.extend(change.opened.iter().map(opens));
    }
    lines.extend(closed.iter().filter(|it| !it.whole).map(|it| closes(it)));
    lines.extend(hints.into_iter().map(problem));
    lines
}

/// Whether a problem says no more than that there are others: `spec.targets`, where one is of `spec.targets[0].model`.
fn is_sum(problem: &Problem, change: &Change) -> bool {
    let part = |it: &&Problem| {
        it.object == problem.object && it.field.strip_prefix(&problem.field).is_some_and(|rest| rest.starts_with('['))
    };
    change.broken.iter().chain(&change.remaining).any(|it| part(&it))
}

fn problem(problem: &Problem) -> String {
    let Problem { object, field, reason, .. } = problem;
    let field = if field.is_empty() { String::new() } else { format!(" {field}") };
    format!("{object}{field}: {reason}")
}

/// What becomes of a passage that is closed, in one line.
pub(crate) fn closes(passage: &Passage) -> String {
    let Passage { what, whole, why, .. } = passage;
    let (whom, targets) = (passage.for_whom(), passage.listed());
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    match (what, whole) {
        (What::Everything, _) => format!("closes everything {whom}: {}", passage.why),
        (What::Route(_), true) => format!("closes {what} {whom}: it loses all its targets{why}: {targets}"),
        (What::Route(_), false) => format!("takes {targets} from {what} {whom}{why}"),
        (What::Models(_), _) => format!("closes {what} {whom}{why}: {targets}"),
    }
}

/// What becomes of one that is opened, in one line.
pub(crate) fn opens(passage: &Passage) -> String {
    let Passage { what, whole, why, .. } = passage;
    let (whom, targets) = (passage.for_whom(), passage.listed());
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    match (what, whole) {
        (What::Everything, _) => format!("opens everything {whom}{why}"),
        (What::Route(_), false) => format!("adds {targets} to {what} {whom}{why}"),
        _ => format!("opens {what} {whom}{why}: {targets}"),
    }
}

/// As many of the lines as fit, each cut; the last says how many more there are.
fn bounded(lines: Vec<String>) -> Vec<String> {
    let total = lines.len();
    let (mut said, mut left) = (Vec::new(), ALL - LAST);
    for line in lines {
        let line = cut(&line);
        if line.len() > left {
            break;
        }
        left -= line.len();
        said.push(line);
    }
    if said.len() < total {
        said.push(format!("and {} more: outrigger policy what-changes tells all", total - said.len()));
    }
    said
}

/// One line of bounded length: an API server drops what has a line break in it.
fn cut(line: &str) -> String {
    let line: String = line.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let most = if line.contains(COMMAND) { PASTED } else { LINE };
    if line.len() <= most {
        return line;
    }
    let mut end = most - '…'.len_utf8();
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &line[..end])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use outrigger_compile::{
        Cause,
        change::{Edited, Widened},
    };

    use super::*;

    fn object(kind: Kind, name: &str) -> ObjectRef {
        ObjectRef { kind, namespace: "shop".to_owned(), name: name.to_owned() }
    }

    fn bad(object: &ObjectRef, field: &str, reason: &str, severity: Severity) -> Problem {
        let (field, reason) = (field.to_owned(), reason.to_owned());
        Problem { object: object.clone(), field, reason, severity, cause: Cause::Spec }
    }

    fn passage(what: What, whole: bool, workloads: u64) -> Passage {
        Passage {
            what,
            whole,
            targets: vec!["a/us at shop/us".to_owned()],
            total: 1,
            why: "ModelPolicy shop/eu (data_region)".to_owned(),
            namespaces: vec!["shop".to_owned()],
            workloads,
            sidecars: 4 * workloads,
        }
    }

    #[test]
    fn the_most_important_is_said_first() {
        let policy = object(Kind::ModelPolicy, "eu");
        let route = |name: &str| object(Kind::ModelRoute, name);
        let denied = |name: &str| bad(&route(name), "spec.targets", "none", Severity::Denied);
        let change = Change {
            edited: vec![Edited { object: policy.clone(), how: How::Changed }],
            widened: vec![Widened { policy: policy.clone(), says: vec!["models a -> any".to_owned()] }],
            opened: vec![passage(What::Models("shop/eu".to_owned()), false, 1)],
            closed: vec![
                passage(What::Route("shop/far".to_owned()), true, 2),
                passage(What::Route("shop/both".to_owned()), false, 0),
            ],
            broken: vec![
                denied("far"),
                denied("other"),
                bad(&route("other"), "spec.targets[1].provider", "gone", Severity::Error),
            ],
            remaining: vec![
                bad(&policy, "spec.models", "hint", Severity::Warning),
                bad(&policy, "spec.x", "wrong", Severity::Error),
            ],
            ..Change::default()
        };
        assert_eq!(
            warnings(&change, &policy),
            [
                "ModelPolicy shop/eu spec.x: wrong",
                "ModelPolicy shop/eu opens: models a -> any",
                "closes ModelRoute shop/far for 2 workloads with 8 sidecars in shop: it loses all its targets \
                 (ModelPolicy shop/eu (data_region)): a/us at shop/us",
                "breaks ModelRoute shop/other spec.targets[1].provider: gone",
                "opens models of shop/eu for 1 workload with 4 sidecars in shop (ModelPolicy shop/eu (data_region)): \
                 a/us at shop/us",
                "takes a/us at shop/us from ModelRoute shop/both in shop, where nobody is connected (ModelPolicy \
                 shop/eu (data_region))",
                "ModelPolicy shop/eu spec.models: hint",
            ]
        );
    }

    #[test]
    fn what_a_new_object_is_for_is_no_warning() {
        let route = object(Kind::ModelRoute, "r");
        let mut change = Change {
            edited: vec![Edited { object: route.clone(), how: How::Added }],
            opened: vec![passage(What::Route("shop/r".to_owned()), true, 1)],
            ..Change::default()
        };
        assert_eq!(warnings(&change, &route), [""; 0]);
        change.edited[0].how = How::Removed;
        (change.opened, change.closed) = (Vec::new(), vec![passage(What::Route("shop/r".to_owned()), true, 0)]);
        assert_eq!(warnings(&change, &route), [""; 0], "nobody uses it");
        change.closed[0].workloads = 1;
        assert_eq!(warnings(&change, &route).len(), 1);
    }

    #[test]
    fn a_line_is_one_line_and_bounded() {
        assert_eq!(cut("a\nb\tc\u{1b}[2Jd"), "a b c [2Jd");
        let long = cut(&"ä".repeat(200));
        assert!(long.len() <= LINE && long.ends_with('…'), "{}", long.len());
        assert_eq!(cut(&"a".repeat(LINE)).len(), LINE);
        assert_eq!(cut(&format!("kubectl {}", "a".repeat(500))).len(), 508, "what is to be pasted is whole");
        assert_eq!(cut(&format!("kubectl {}", "a".repeat(5000))).len(), PASTED);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let lines = |count: usize| bounded((0..count).map(|at| format!("{at:0>200}")).collect());
        assert_eq!(lines(20).len(), 20);
        let said = lines(100);
        let total: usize = said.iter().map(String::len).sum();
        assert!(total <= ALL, "{total}");
        assert_eq!(said.last().unwrap(), "and 80 more: outrigger policy what-changes tells all");
        assert_eq!(bounded(Vec::new()), [""; 0]);
    }
}
