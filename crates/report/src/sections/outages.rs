//! Outages survived.

use std::collections::BTreeMap;

use super::found::{Found, named};
use crate::{
    chart::{Column, columns},
    doc::{Block, Chart, Table},
    error::Error,
    figures::Sums,
    money::{count, share},
};

/// Providers of one table.
const MOST: usize = 15;

pub(super) fn blocks(found: &Found<'_>) -> Result<Vec<Block>, Error> {
    let mut outcomes: BTreeMap<&str, i128> = BTreeMap::new();
    let mut providers: BTreeMap<[&str; 2], (Sums, i128)> = BTreeMap::new();
    for group in &found.figures.providers {
        let sums = group.sums();
        *outcomes.entry(group.name(2)).or_default() += sums.requests;
        let (all, ok) = providers.entry([group.name(0), group.name(1)]).or_default();
        all.add(&sums);
        *ok += if group.name(2) == "ok" { sums.requests } else { 0 };
    }
    let requests: i128 = outcomes.values().sum();
    let mut rows: Vec<_> = providers.into_iter().filter(|([provider, _], _)| !provider.is_empty()).collect();
    rows.sort_by_key(|(_, (sums, _))| (-sums.saved, -sums.attempts));
    let line = |([provider, vendor], (sums, ok)): &([&str; 2], (Sums, i128))| {
        vec![named(provider), named(vendor), count(sums.attempts), count(sums.saved), count(*ok)]
    };
    let weeks: Vec<Column> = found
        .weeks
        .iter()
        .map(|week| Column { label: week.first.strftime("%-d %b").to_string(), parts: vec![week.total.saved] })
        .collect();
    let of = |word: &str| outcomes.get(word).copied().unwrap_or(0);
    Ok(vec![
        Block::Section("Outages survived"),
        Block::Text(format!(
            "{} requests were saved: a provider failed them, and another target then gave the caller the whole answer. Of {} requests, \
             {} ended well, {} with an error, {} broke off, {} were left by their caller, and of {} nobody knows the end.",
            count(found.total.saved),
            count(requests),
            share(of("ok"), requests),
            share(of("error"), requests),
            share(of("broken"), requests),
            share(of("cancelled"), requests),
            count(of("unknown")),
        )),
        Block::Chart(Chart {
            name: "saved",
            title: "Saved requests by week".into(),
            svg: columns(&weeks, &["saved".into()], 1, false)?,
        }),
        Block::Table(Table {
            words: 2,
            head: vec!["Provider", "Vendor", "Attempts", "Saved from its failures", "Requests it served well"],
            rows: rows.iter().take(MOST).map(line).collect(),
            summed: false,
        }),
        Block::Note(
            "A request counts as saved if an attempt failed for which its provider is to blame, and a later one served it whole; \
             it counts once, at the first provider that failed. What the caller did wrong, and what nobody else could answer either, \
             is not among them."
                .into(),
        ),
    ])
}
