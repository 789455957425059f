//! By team, by route, by workload, by model: the dearest first.

use std::collections::BTreeMap;

use super::found::{Found, named};
use crate::{
    chart::{Bar, bars},
    doc::{Block, Chart, Table},
    error::Error,
    figures::{Group, Sums},
    money::{count, share, short, usd},
};

/// Groups that a table tells apart.
const MOST: usize = 15;
/// Groups that a chart does.
const BARS: usize = 8;

pub(super) fn blocks(found: &Found<'_>) -> Result<Vec<Block>, Error> {
    let figures = found.figures;
    let teams = ranked(figures.teams.iter().map(|group| (group.name(0).to_owned(), group)));
    let routes = ranked(figures.offers.iter().map(|group| (group.name(0).to_owned(), group)));
    let workloads = ranked(figures.workloads.iter().map(|group| (group.name(0).to_owned(), group)));
    let model = |group: &Group| match (group.name(1), group.name(2)) {
        ("", "") => String::new(),
        (vendor, model) => format!("{vendor}/{model}"),
    };
    let models = ranked(figures.offers.iter().map(|group| (model(group), group)));
    Ok(vec![
        Block::Section("By team"),
        Block::Chart(Chart { name: "teams", title: "Spend by team".into(), svg: bars(&drawn(&teams))? }),
        Block::Table(table("Team", &teams)),
        Block::Note("The team is the one of the pod's label when the request was made, else its namespace's.".into()),
        Block::Section("By route and workload"),
        Block::Chart(Chart { name: "routes", title: "Spend by route".into(), svg: bars(&drawn(&routes))? }),
        Block::Table(table("Route", &routes)),
        Block::Table(table("Workload", &workloads)),
        Block::Note(
            "A request without a route named its model itself. An hour keeps 2,000 combinations of names apart; beyond them names \
             are other, and no figure is lost."
                .into(),
        ),
        Block::Section("By model"),
        Block::Table(table("Model", &models)),
    ])
}

/// What is of one name.
#[derive(Clone, Debug, Default)]
struct Ranked {
    name: String,
    sums: Sums,
    /// Tokens that nobody can price.
    unpriced: i128,
}

impl Ranked {
    fn add(&mut self, sums: &Sums, unpriced: i128) {
        self.sums.add(sums);
        self.unpriced += unpriced;
    }
}

/// By name, the dearest first.
fn ranked<'g>(groups: impl Iterator<Item = (String, &'g Group)>) -> Vec<Ranked> {
    let mut all: BTreeMap<String, Ranked> = BTreeMap::new();
    for (name, group) in groups {
        let one = all.entry(name.clone()).or_insert_with(|| Ranked { name, ..Ranked::default() });
        one.add(&group.sums(), group.unpriced.tokens);
    }
    let mut all: Vec<Ranked> = all.into_values().collect();
    all.sort_by_key(|one| (-one.sums.nano, -one.sums.tokens()));
    all
}

/// The first ones by themselves, and one line for the others.
fn folded(all: &[Ranked], most: usize) -> Vec<Ranked> {
    let (apart, others) = all.split_at(if all.len() > most { most - 1 } else { all.len() });
    let mut rows: Vec<Ranked> = apart.iter().map(|one| Ranked { name: named(&one.name), ..one.clone() }).collect();
    if !others.is_empty() {
        rows.push(together(format!("{} others", others.len()), others));
    }
    rows
}

fn together(name: String, parts: &[Ranked]) -> Ranked {
    let mut all = Ranked { name, ..Ranked::default() };
    parts.iter().for_each(|one| all.add(&one.sums, one.unpriced));
    all
}

fn table(what: &'static str, all: &[Ranked]) -> Table {
    let sum = together("All".into(), all);
    let line = |Ranked { name, sums, unpriced }: Ranked| {
        vec![
            name,
            count(sums.requests),
            short(sums.tokens()),
            share(unpriced, sums.tokens()),
            spent(sums.nano, unpriced),
            share(sums.nano, sum.sums.nano),
        ]
    };
    let rows = folded(all, MOST).into_iter().chain([sum.clone()]).map(line).collect();
    Table { words: 1, head: vec![what, "Requests", "Tokens", "Without a price", "Spent", "Share"], rows, summed: true }
}

/// Money; what nobody can price is not nothing.
pub(super) fn spent(nano: i128, unpriced: i128) -> String {
    if nano == 0 && unpriced > 0 { "not known".into() } else { usd(nano) }
}

fn drawn(all: &[Ranked]) -> Vec<Bar> {
    let bar = |Ranked { name, sums, unpriced }: Ranked| {
        let shown = spent(sums.nano, unpriced);
        Bar { name, value: sums.nano, shown, ours: false }
    };
    folded(all, BARS).into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_apart_is_in_one_line() {
        let one = |name: String, nano| Ranked { name, sums: Sums { nano, ..Sums::default() }, unpriced: 1 };
        let all: Vec<Ranked> = (0..20).map(|at| one(format!("t{at}"), 100 - at)).collect();
        let rows = folded(&all, MOST);
        assert_eq!((rows.len(), rows[14].name.as_str()), (15, "6 others"));
        assert_eq!(rows.iter().map(|one| one.sums.nano).sum::<i128>(), (81..=100).sum());
        assert_eq!(rows[14].unpriced, 6);
        assert_eq!((spent(0, 1), spent(0, 0)), ("not known".into(), "$0.00".into()));
        assert_eq!(folded(&all[..15], MOST).len(), 15);
        assert_eq!(folded(&[Ranked::default()], MOST)[0].name, "(none)");
    }
}
