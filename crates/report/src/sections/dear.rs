//! The most expensive requests.

use super::found::{Found, named};
use crate::{
    doc::{Block, Table},
    methods::{Usual, why},
    money::{share, usd},
};

/// Requests of the table.
const MOST: usize = 10;

pub(super) fn blocks(found: &Found<'_>) -> Vec<Block> {
    let section = Block::Section("The most expensive requests");
    if found.figures.dear.is_empty() {
        return vec![section, Block::Text("There are none of which a record is kept.".into())];
    }
    let usual = Usual::of(&found.total);
    let dear = &found.figures.dear[..found.figures.dear.len().min(MOST)];
    let line = |it: &crate::figures::Dear| {
        let who = [&it.team, &it.route].map(|name| named(name)).join(" / ");
        let last = it.attempts.iter().max_by_key(|tried| tried.nano);
        let model = last.map_or_else(|| named(""), |tried| named(&format!("{}/{}", tried.vendor, tried.model)));
        vec![format!("{} {}", it.at.get(..10).unwrap_or_default(), it.id), who, model, why(it, usual), usd(it.nano)]
    };
    vec![
        section,
        Block::Table(Table {
            words: 4,
            head: vec!["Day and id", "Team / route", "Model", "Why", "Cost"],
            rows: dear.iter().map(line).collect(),
            summed: false,
        }),
        Block::Note(format!(
            "Together {} of spend. Means are of all attempts of the period. The 50 dearest of each month are kept as long as its sums, \
             the others for 90 days. Shown is what was booked; a price that was corrected later is in the sums alone. \
             Nobody knows here what was asked: no content is ever kept.",
            share(dear.iter().map(|it| it.nano).sum(), found.total.nano)
        )),
    ]
}
