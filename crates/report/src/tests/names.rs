//! Names that look like a part of the page.

use super::books::{figures, prices, quarter};
use crate::report;

const EVIL: &str = "<img src=x onerror=alert(1)>|`*_[a](javascript:b)\n# c\u{202e}</style></svg><script>";

/// Whoever names a team names a team, and changes no page.
#[test]
fn a_name_that_looks_like_markup_is_text() {
    let mut evil = quarter();
    let lists = [&mut evil.days, &mut evil.teams, &mut evil.offers, &mut evil.workloads, &mut evil.providers];
    for (list, group) in lists.into_iter().enumerate().flat_map(|(at, list)| list.iter_mut().map(move |it| (at, it))) {
        for (at, name) in group.names.iter_mut().enumerate() {
            // Days are days, and whose word a cost is decides what is counted.
            if !((list == 0 && at == 0) || (list == 2 && at == 3)) {
                name.push_str(EVIL);
            }
        }
    }
    for dear in &mut evil.dear {
        dear.id = EVIL.into();
        dear.route = EVIL.into();
        dear.attempts.iter_mut().for_each(|tried| tried.model = EVIL.into());
    }
    evil.namespace = Some(EVIL.into());
    let report = report(&evil, &prices()).unwrap();
    assert!(report.html.contains("&lt;img src=x"), "the names are there");
    assert!(!report.html.contains("<img") && !report.html.contains("<script"));
    assert_eq!(report.html.matches("</style>").count(), 1);
    assert_eq!(report.html.matches("<svg").count(), report.html.matches("</svg>").count());
    for svg in report.charts.iter().map(|(_, svg)| svg) {
        assert!(!svg.contains("<img") && svg.matches("</svg>").count() == 1);
    }
    assert!(!report.html.contains('\u{202e}') && !report.markdown.contains('\u{202e}'));
    assert!(!report.markdown.contains('<') && !report.markdown.contains("[a]") && !report.markdown.contains('`'));
    // A cell ends where it ends: no line has more of them than its table's head.
    let mut head = 0;
    for line in report.markdown.lines() {
        let cells = line.matches(" | ").count();
        match line.starts_with('|') {
            true if head == 0 => head = cells + 1,
            true => assert_eq!(cells + 1, head, "{line}"),
            false => head = 0,
        }
    }
    assert_eq!(report.markdown.matches("\n# ").count(), 0, "one title");
}

/// A ledger in which nothing is yet has a report, which says so.
#[test]
fn nothing_has_a_report_too() {
    let empty = report(&figures(&[]), &prices()).unwrap();
    assert!(empty.markdown.contains("There are none") && empty.html.contains("$0.00"));
}
