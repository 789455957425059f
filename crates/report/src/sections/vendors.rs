//! How much hangs on one vendor, and what one alone would have cost.

use super::found::{Found, named};
use crate::{
    chart::{Bar, bars},
    doc::{Block, Chart, Table},
    error::Error,
    methods::Concentration,
    money::{change, count, share, short, usd},
};

/// Vendors of one table.
const MOST: usize = 20;

pub(super) fn blocks(found: &Found<'_>) -> Result<Vec<Block>, Error> {
    let mut blocks = concentration(found);
    blocks.extend(alone(found)?);
    Ok(blocks)
}

fn concentration(found: &Found<'_>) -> Vec<Block> {
    let Concentration { vendors, unpriced, spend, tokens } = &found.concentration;
    let (nano, all): (i128, i128) =
        vendors.iter().fold((0, 0), |(nano, all), (_, sums)| (nano + sums.nano, all + sums.tokens()));
    let line = |((name, sums), unpriced): (&(String, crate::figures::Sums), &i128)| {
        vec![
            named(name),
            count(sums.requests),
            short(sums.tokens()),
            share(sums.tokens(), all),
            super::groups::spent(sums.nano, *unpriced),
            share(sums.nano, nano),
        ]
    };
    vec![
        Block::Section("Vendors, and how much hangs on one"),
        Block::Table(Table {
            words: 1,
            head: vec!["Vendor", "Requests", "Tokens", "Share of tokens", "Spent", "Share of spend"],
            rows: vendors.iter().zip(unpriced).take(MOST).map(line).collect(),
            summed: false,
        }),
        Block::Text(format!(
            "Herfindahl-Hirschman index (HHI): {} by spend, {} by tokens.",
            Concentration::said(*spend),
            Concentration::said(*tokens)
        )),
        Block::Note(
            "The index is the sum of the squares of all vendors' shares in percent: 10,000 is one vendor alone. Up to 1,000 is called \
             spread out here, up to 1,800 moderately and above highly concentrated, as the United States Department of Justice \
             divides markets. A vendor is who is asked and paid: a cloud that serves another's models counts as itself. \
             What nobody can price counts by tokens alone."
                .into(),
        ),
    ]
}

fn alone(found: &Found<'_>) -> Result<Vec<Block>, Error> {
    let list: i128 = found.used.iter().filter_map(|used| used.list).sum();
    let listed: i128 = found.used.iter().filter(|used| used.list.is_some()).map(|used| used.sums.nano).sum();
    let section = Block::Section("What one vendor alone would have cost");
    if found.alone.is_empty() {
        let nothing = "No vendor that was used has a list price for what was used: there is nothing to compare with.";
        return Ok(vec![section, Block::Text(nothing.into())]);
    }
    let shown: Vec<_> = found.alone.iter().take(MOST).collect();
    let mut drawn = vec![Bar { name: "as it was, at list price".into(), value: list, shown: usd(list), ours: true }];
    drawn.extend(shown.iter().map(|it| Bar {
        name: format!("{} alone", it.vendor),
        value: it.nano,
        shown: usd(it.nano),
        ours: false,
    }));
    let line = |it: &&crate::methods::Alone| {
        vec![named(&it.vendor), stand_ins(it), share(it.same_nano, it.nano), usd(it.nano), change(it.nano - list)]
    };
    Ok(vec![
        section,
        Block::Chart(Chart {
            name: "alone",
            title: "The same tokens with one vendor, at list price".into(),
            svg: bars(&drawn)?,
        }),
        Block::Table(Table {
            words: 2,
            head: vec![
                "Vendor alone",
                "Models that stand in",
                "For the very models used",
                "Would have cost",
                "Against list price as it was",
            ],
            rows: shown.iter().map(line).collect(),
            summed: false,
        }),
        Block::Note(format!(
            "How: all tokens of each kind whose cost is known, at the vendor's list price (price list {}). Where the vendor offers the \
             very model that was used, that price; else the price of the one of this vendor's models in use here whose price for these \
             tokens is nearest to the one that was used. Booked for them: {}; at list price: {}. Left out: {} of spend, of models without a list price. It does not know \
             whether that model would have been good enough, would have used as many tokens, or what discount a vendor gives. \
             Tokens that were cached count as cached there; a dearer rate for long prompts is taken where the mean prompt is that long.",
            found.list,
            usd(listed),
            usd(list),
            share(
                found.used.iter().filter(|used| used.list.is_none()).map(|used| used.sums.nano).sum(),
                found.total.nano
            ),
        )),
    ])
}

fn stand_ins(it: &crate::methods::Alone) -> String {
    let names: Vec<&str> = it.stand_ins.iter().map(String::as_str).collect();
    if names.is_empty() { "(it has them all)".into() } else { named(&names.join(", ")) }
}
