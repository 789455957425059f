use super::*;

fn ours(date: &str, model: &str, nano: i128) -> Ours {
    Ours { date: date.into(), model: model.into(), nano, ..Ours::default() }
}

#[test]
fn a_bill_is_read_to_the_nano_dollar() {
    let bill = "model, amount ,date,region\ngpt-5,1.000000001,2026-11-01,eu\ngpt-5,\"-1,234.50\",2026-11-02,eu\nx,$.5,2026-11-02,\n";
    let rows = read_bill(bill.as_bytes()).unwrap();
    let sums: Vec<i128> = rows.iter().map(|row| row.nano).collect();
    assert_eq!(sums, [1_000_000_001, -1_234_500_000_000, 500_000_000]);
    assert_eq!((rows[1].date.as_str(), rows[1].model.as_str()), ("2026-11-02", "gpt-5"));
}

#[test]
fn a_bill_that_is_wrong_is_refused_with_its_line() {
    for (bill, word) in [
        ("date,model\n2026-11-01,x\n", "amount"),
        ("date,model,amount\n2026-11-01,x,1\n2026-11-31,x,1\n", "line 3"),
        ("date,model,amount\n2026-11-01,x,1.0000000001\n", "line 2"),
        ("date,model,amount\n2026-11-01,x,many\n", "line 2"),
        ("date,model,amount\n2026-11-01,x,\n", "line 2"),
        ("date,model,amount\n2026-11-01,x,.\n", "line 2"),
    ] {
        let error = read_bill(bill.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(word), "{bill}: {error}");
    }
}

#[test]
fn what_agrees_has_no_reason_and_what_differs_has_those_that_may_be_why() {
    let equal = Ours { unpriced: 3, ..ours("2026-11-01", "a", 5) };
    let short = Ours { unpriced: 1, nano_estimated: 2, unknown: 1, ..ours("2026-11-02", "a", 5) };
    let bill = |date: &str, model: &str, nano| Billed { date: date.into(), model: model.into(), nano };
    let lines = reconcile(
        &[equal, short, ours("2026-11-03", "b", 7)],
        &[
            bill("2026-11-01", "a", 2),
            bill("2026-11-01", "a", 3),
            bill("2026-11-02", "a", 9),
            bill("2026-11-04", "c", 1),
        ],
        &[Hole { from: "2026-11-02".into(), to: "2026-11-03".into() }],
    );
    let told: Vec<_> =
        lines.iter().map(|line| (line.date.as_str(), line.difference_nano, line.reasons.clone())).collect();
    assert_eq!(
        told,
        [
            ("2026-11-01", 0, vec![]),
            ("2026-11-02", 4, vec![Reason::Unpriced, Reason::Estimated, Reason::Unknown, Reason::Gaps]),
            ("2026-11-03", -7, vec![Reason::Gaps, Reason::NotBilled]),
            ("2026-11-04", 1, vec![Reason::NotOurs]),
        ]
    );
}

#[test]
fn a_gap_may_hide_entries_from_its_start_until_it_was_last_heard() {
    let hour = 3_600_000;
    // From noon of the 15th of September 2026.
    let gap = |open| Gap {
        started_at_ms: 1_789_473_600_000,
        last_heard_ms: 1_789_473_600_000 + 13 * hour,
        open,
        epoch: String::new(),
        namespace: String::new(),
        service_account: String::new(),
        pod: String::new(),
        node: String::new(),
        version: String::new(),
        missing: vec![],
        entries: 0,
    };
    let days: Vec<_> = holes(&[gap(false), gap(true)]).into_iter().map(|hole| (hole.from, hole.to)).collect();
    assert_eq!(days, [("2026-09-15".into(), "2026-09-16".into()), ("2026-09-15".into(), "2026-09-17".into())]);
}
