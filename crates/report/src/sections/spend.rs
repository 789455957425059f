//! Spend and its trend, by week.

use super::found::{Found, named};
use crate::{
    chart::{APART, Column, columns},
    doc::{Block, Chart, Table},
    error::Error,
    figures::Sums,
    money::{count, growth, short, usd},
};

const DOLLAR: i128 = 1_000_000_000;

pub(super) fn blocks(found: &Found<'_>) -> Result<Vec<Block>, Error> {
    let names = vendors(found);
    let shown: Vec<String> = names.iter().map(|name| name.map_or("others".into(), named)).collect();
    let part = |sums: Option<&Sums>| sums.map_or(0, |sums| sums.nano);
    let column = |week: &crate::weeks::Week| {
        let apart: Vec<i128> = names.iter().flatten().map(|name| part(week.vendors.get(*name))).collect();
        let others = names.contains(&None).then(|| week.total.nano - apart.iter().sum::<i128>());
        Column { label: week.first.strftime("%-d %b").to_string(), parts: apart.into_iter().chain(others).collect() }
    };
    let drawn: Vec<Column> = found.weeks.iter().map(column).collect();
    let mut rows = Vec::new();
    let mut before: Option<&crate::weeks::Week> = None;
    for week in &found.weeks {
        let (now, then) = (week.total.nano, before.map_or(0, |it| it.total.nano));
        let daily = growth(now * before.map_or(0, |it| it.days), then * week.days);
        rows.push(vec![
            format!("{}{}", week.first, if week.days < 7 { format!(" ({} days)", week.days) } else { String::new() }),
            count(week.total.requests),
            short(week.total.tokens()),
            usd(now),
            if before.is_some() { daily } else { "–".into() },
        ]);
        before = Some(week);
    }
    let mut sums = Sums::default();
    found.weeks.iter().for_each(|week| sums.add(&week.total));
    rows.push(vec!["All".into(), count(sums.requests), short(sums.tokens()), usd(sums.nano), String::new()]);
    let spent = found.figures.before.sums().nano;
    Ok(vec![
        Block::Section("Spend by week"),
        Block::Chart(Chart {
            name: "weeks",
            title: "Spend by week and vendor".into(),
            svg: columns(&drawn, &shown, DOLLAR, true)?,
        }),
        Block::Table(Table {
            words: 1,
            head: vec!["Week from", "Requests", "Tokens", "Spent", "A day, against the week before"],
            rows,
            summed: true,
        }),
        Block::Text(format!(
            "{}: {} in {} days, {} a day. {}: {} in {} days, {} a day.",
            found.figures.period,
            usd(sums.nano),
            found.days.0,
            usd(sums.nano / found.days.0.max(1)),
            found.figures.before_period,
            usd(spent),
            found.days.1,
            usd(spent / found.days.1.max(1)),
        )),
        Block::Note(
            "Weeks begin on Monday, in UTC, and are cut at the ends of the period; a trend compares means of a day. Spent is what is \
             true by today's knowledge: what was booked, with what came late or was priced anew."
                .into(),
        ),
    ])
}

/// Vendors that are told apart, the dearest first; `None` for all others.
fn vendors<'f>(found: &'f Found<'_>) -> Vec<Option<&'f str>> {
    let all = &found.concentration.vendors;
    let known = all.iter().take(APART).map(|(name, _)| Some(name.as_str()));
    let apart: i128 = all.iter().take(APART).map(|(_, sums)| sums.nano).sum();
    let rest = all.len() > APART || apart != found.total.nano;
    known.chain(rest.then_some(None)).collect()
}
