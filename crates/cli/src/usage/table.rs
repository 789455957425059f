//! What a ledger answers as a table, and as CSV: pure. A sum is never shown without what makes it less exact than it looks.

use std::ops::Range;

use super::{
    money::{exact, grouped, shown},
    wire::{Answer, Gap, Line, Missing, Row, of},
};
use crate::columns::columns;

/// Columns of figures for people: head, and what stands there.
type Column = (&'static str, fn(&Row) -> String);

const FIGURES: [Column; 8] = [
    ("REQUESTS", |row| grouped(row.sum("requests"))),
    ("INPUT", |row| grouped(row.sum("input"))),
    ("OUTPUT", |row| grouped(row.sum("output"))),
    ("COST USD", |row| shown(row.sum("nano"))),
    ("OF IT ESTIMATED", |row| shown(row.sum("nano_estimated"))),
    ("OF IT ADJUSTED", |row| shown(of(&row.adjusted, "nano"))),
    // Attempts: what they cost is not in the sum.
    ("UNPRICED", |row| grouped(of(&row.unpriced, "attempts") + row.sum("partial"))),
    ("UNKNOWN", |row| grouped(of(&row.unknown, "attempts"))),
];

/// The groups and their sum, and under them what is not in it.
pub(super) fn usage(answer: &Answer) -> String {
    let Answer { since, until, by, rows, total, next: _, missing } = answer;
    let heads: Vec<String> = by.iter().map(|name| name.to_uppercase()).collect();
    let mut head: Vec<&str> = heads.iter().map(String::as_str).collect();
    head.extend(FIGURES.iter().map(|(name, _)| *name));
    let mut cells: Vec<Vec<String>> = Vec::new();
    for row in rows.iter().filter(|_| !by.is_empty()) {
        cells.push(row.names.iter().cloned().chain(figures(row)).collect());
    }
    let mut last: Vec<String> =
        by.iter().enumerate().map(|(at, _)| if at == 0 { "TOTAL" } else { "" }.to_owned()).collect();
    last.extend(figures(total));
    cells.push(last);
    let head = right(&mut cells, &head, by.len()..head.len());
    let mut text = columns(&words(&head), cells.into_iter());
    for line in notes(since, until, total, *missing) {
        text.push('\n');
        text.push_str(&line);
    }
    text + "\n"
}

fn figures(row: &Row) -> impl Iterator<Item = String> {
    FIGURES.iter().map(|(_, of)| of(row))
}

/// Numbers, which are in `columns`, end where their heads do. Returns the heads.
pub(super) fn right(cells: &mut [Vec<String>], head: &[&str], columns: Range<usize>) -> Vec<String> {
    let mut head: Vec<String> = head.iter().map(|word| (*word).to_owned()).collect();
    for column in columns {
        let width = cells.iter().map(|row| row[column].chars().count()).chain([head[column].chars().count()]).max();
        let width = width.unwrap_or_default();
        for row in cells.iter_mut().chain([&mut head]) {
            row[column] = format!("{:>width$}", row[column]);
        }
    }
    head
}

pub(super) fn words(head: &[String]) -> Vec<&str> {
    head.iter().map(String::as_str).collect()
}

/// What the sum does not say by itself.
fn notes(since: &str, until: &str, total: &Row, missing: Missing) -> Vec<String> {
    let mut notes = vec![format!("From {since} until {until}.")];
    let (unpriced, partial) = (of(&total.unpriced, "attempts"), total.sum("partial"));
    if unpriced > 0 {
        let tokens = grouped(of(&total.unpriced, "tokens"));
        notes.push(format!("{} attempts have no price ({tokens} tokens): the true cost is higher.", grouped(unpriced)));
    }
    if partial > 0 {
        notes.push(format!("{} attempts have a price for a part alone: the true cost is higher.", grouped(partial)));
    }
    let estimated = total.sum("estimated");
    if estimated > 0 {
        notes.push(format!("{} attempts were counted here, since their provider never said.", grouped(estimated)));
    }
    let unknown = of(&total.unknown, "attempts");
    if unknown > 0 {
        notes.push(format!(
            "{} attempts were sent and nobody knows what became of them: they may be billed.",
            grouped(unknown)
        ));
    }
    let Missing { entries, processes, open } = missing;
    if entries > 0 || processes > 0 {
        let entries = grouped(i128::from(entries));
        notes.push(format!(
            "{entries} entries of {processes} processes are missing, and {open} processes were never closed: outrigger usage gaps"
        ));
    }
    notes
}

/// All figures of every group, and no sum: a spreadsheet makes its own.
pub(super) fn usage_csv(answer: &Answer) -> String {
    const MONEY: [&str; 3] = ["nano", "nano_estimated", "nano_list"];
    const OTHERS: [&str; 18] = [
        "requests",
        "attempts",
        "saved",
        "estimated",
        "partial",
        "input",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "input_audio",
        "input_image",
        "output",
        "reasoning",
        "output_audio",
        "output_image",
        "took_ms",
        "first_token_ms",
        "first_tokens",
    ];
    let heads = ["usd", "usd_estimated", "usd_list", "usd_adjusted"].into_iter().chain(OTHERS);
    let apart = ["unpriced_attempts", "unpriced_tokens", "unknown_attempts"];
    let by = answer.by.iter().map(String::as_str);
    let mut text = csv(by.chain(heads).chain(apart).map(str::to_owned));
    for row in &answer.rows {
        let money = MONEY.iter().map(|name| exact(row.sum(name))).chain([exact(of(&row.adjusted, "nano"))]);
        let others = OTHERS.iter().map(|name| row.sum(name).to_string());
        let apart = [of(&row.unpriced, "attempts"), of(&row.unpriced, "tokens"), of(&row.unknown, "attempts")];
        let apart = apart.into_iter().map(|it| it.to_string());
        text += &csv(row.names.iter().map(|name| plain(name)).chain(money).chain(others).chain(apart));
    }
    text
}

/// What is missing, a process in a line.
pub(super) fn gaps(gaps: &[Gap]) -> String {
    let rows = gaps.iter().map(|gap| {
        let ranges: Vec<String> = gap.missing.iter().take(4).map(|(from, to)| format!("{from}-{to}")).collect();
        let more = if gap.missing.len() > 4 { ",..." } else { "" };
        vec![
            gap.namespace.clone(),
            gap.pod.clone(),
            gap.node.clone(),
            moment(gap.started_at_ms),
            moment(gap.last_heard_ms),
            grouped(i128::from(gap.entries)),
            if gap.open { "at least" } else { "all" }.to_owned(),
            format!("{}{more}", ranges.join(",")),
        ]
    });
    columns(&["NAMESPACE", "POD", "NODE", "STARTED", "LAST HEARD", "MISSING", "WHICH IS", "NUMBERS"], rows)
}

/// The same for programs.
pub(super) fn gaps_csv(gaps: &[Gap]) -> String {
    let heads =
        ["epoch", "namespace", "service_account", "pod", "node", "version", "started", "last_heard", "entries", "open"];
    let mut text = csv(heads.into_iter().map(str::to_owned));
    for gap in gaps {
        let Gap {
            epoch,
            namespace,
            service_account,
            pod,
            node,
            version,
            started_at_ms,
            last_heard_ms,
            missing: _,
            entries,
            open,
        } = gap;
        let words = [epoch, namespace, service_account, pod, node, version].map(|word| plain(word));
        let rest = [moment(*started_at_ms), moment(*last_heard_ms), entries.to_string(), open.to_string()];
        text += &csv(words.into_iter().chain(rest));
    }
    text
}

/// Ours beside the vendor's, and their sums.
pub(super) fn lines(lines: &[Line]) -> String {
    let head = ["DATE", "MODEL", "OURS USD", "BILLED USD", "DIFFERENCE", "MAY BE FOR"];
    let mut cells: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let money = [line.ours_nano, line.billed_nano, line.difference_nano].map(shown);
            let [ours, billed, difference] = money;
            let reasons = match line.reasons.is_empty() && line.difference_nano != 0 {
                true => "not known".to_owned(),
                false => line.reasons.join(", "),
            };
            vec![line.date.clone(), line.model.clone(), ours, billed, difference, reasons]
        })
        .collect();
    let sum = |of: fn(&Line) -> i128| shown(lines.iter().map(of).sum());
    cells.push(vec![
        "TOTAL".to_owned(),
        String::new(),
        sum(|line| line.ours_nano),
        sum(|line| line.billed_nano),
        sum(|line| line.difference_nano),
        String::new(),
    ]);
    let head = right(&mut cells, &head, 2..5);
    columns(&words(&head), cells.into_iter())
}

/// The same for a spreadsheet.
pub(super) fn lines_csv(lines: &[Line]) -> String {
    let mut text =
        csv(["date", "model", "ours_usd", "billed_usd", "difference_usd", "reasons"].into_iter().map(str::to_owned));
    for line in lines {
        let money = [line.ours_nano, line.billed_nano, line.difference_nano].map(exact);
        let words = [line.date.clone(), plain(&line.model)];
        text += &csv(words.into_iter().chain(money).chain([line.reasons.join(" ")]));
    }
    text
}

/// A line of RFC 4180.
pub(super) fn csv(cells: impl Iterator<Item = String>) -> String {
    let cells = cells.map(|cell| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    });
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

/// A word that callers may have chosen: a spreadsheet takes it for a word, whatever it begins with.
pub(super) fn plain(word: &str) -> String {
    match word.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{word}"),
        false => word.to_owned(),
    }
}

fn moment(ms: i64) -> String {
    let since = std::time::Duration::from_millis(u64::try_from(ms).unwrap_or_default().min(253_402_300_799_000));
    humantime::format_rfc3339_seconds(std::time::SystemTime::UNIX_EPOCH + since).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::wire::Sums;

    fn sums(of: &[(&str, i128)]) -> Sums {
        of.iter().map(|(name, sum)| ((*name).to_owned(), *sum)).collect()
    }

    fn row(team: &str, nano: i128) -> Row {
        let booked = sums(&[("requests", 1_200), ("input", 90), ("output", 7), ("nano", nano), ("nano_estimated", 1)]);
        Row { names: vec![team.to_owned()], booked, ..Row::default() }
    }

    fn answer(rows: Vec<Row>, total: Row, missing: Missing) -> Answer {
        let (since, until) = ("2026-07-01T00:00:00Z".to_owned(), "2026-10-01T00:00:00Z".to_owned());
        Answer { since, until, by: vec!["team".to_owned()], rows, total, next: None, missing }
    }

    #[test]
    fn numbers_line_up_with_their_heads() {
        let shown = usage(&answer(vec![row("search", 1), row("", 12_345_000_000_000)], row("", 7), Missing::default()));
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].starts_with("TEAM    REQUESTS  INPUT  OUTPUT     COST USD"), "{shown}");
        assert!(lines[1].starts_with("search     1,200     90       7      <0.0001"), "{shown}");
        assert!(lines[2].starts_with("-          1,200     90       7  12,345.0000"), "{shown}");
        assert!(lines[3].starts_with("TOTAL"), "{shown}");
        assert_eq!(lines.last(), Some(&"From 2026-07-01T00:00:00Z until 2026-10-01T00:00:00Z."), "{shown}");
    }

    /// A sum never looks more exact than it is.
    #[test]
    fn what_is_not_in_a_sum_stands_under_it() {
        let mut total = row("", 5);
        total.unpriced = sums(&[("attempts", 3), ("tokens", 1_000)]);
        total.unknown = sums(&[("attempts", 2)]);
        total.booked.extend([("estimated".to_owned(), 4), ("partial".to_owned(), 6)]);
        let shown = usage(&answer(Vec::new(), total, Missing { entries: 8, processes: 2, open: 1 }));
        for words in [
            "3 attempts have no price (1,000 tokens)",
            "6 attempts have a price for a part",
            "4 attempts were counted here",
            "2 attempts were sent and nobody knows",
            "8 entries of 2 processes are missing, and 1",
        ] {
            assert!(shown.contains(words), "{words} in {shown}");
        }
    }

    /// What callers chose is a word in a spreadsheet, and never a formula.
    #[test]
    fn a_spreadsheet_gets_exact_sums_and_no_formulas() {
        let shown = usage_csv(&answer(vec![row("=cmd|' /C calc'!A0,\"x\"", 1)], Row::default(), Missing::default()));
        let mut lines = shown.split("\r\n");
        assert!(lines.next().unwrap().starts_with("team,usd,usd_estimated,usd_list,usd_adjusted,requests,"), "{shown}");
        assert!(
            lines.next().unwrap().starts_with("\"'=cmd|' /C calc'!A0,\"\"x\"\"\",0.000000001,0.000000001,0.000000000,"),
            "{shown}"
        );
    }

    #[test]
    fn a_difference_without_a_reason_is_said_to_have_none() {
        let line = |ours, billed, reasons: &[&str]| Line {
            date: "2026-11-01".into(),
            model: "m".into(),
            ours_nano: ours,
            billed_nano: billed,
            difference_nano: billed - ours,
            reasons: reasons.iter().map(|it| (*it).to_owned()).collect(),
        };
        let shown =
            lines(&[line(1_000_000_000, 2_000_000_000, &[]), line(5, 5, &[]), line(0, 9_000_000_000, &["not_ours"])]);
        let shown: Vec<&str> = shown.lines().collect();
        assert!(shown[1].ends_with("1.0000  not known"), "{shown:#?}");
        assert!(shown[2].ends_with("0.0000  -") && shown[3].ends_with("not_ours"), "{shown:#?}");
        assert!(shown[4].contains("11.0000"), "{shown:#?}");
    }
}
