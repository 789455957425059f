//! Closed months, and what came after.

use super::found::Found;
use crate::{
    doc::{Block, Table},
    figures::Sums,
    money::{change, usd},
};

pub(super) fn blocks(found: &Found<'_>) -> Vec<Block> {
    let figures = found.figures;
    let (mut booked, mut adjusted) = (Sums::default(), Sums::default());
    let mut rows = Vec::new();
    for month in &figures.months {
        booked.add(&month.booked);
        adjusted.add(&month.adjusted);
        let closed = figures.closed.as_ref().map(|all| all.iter().any(|closed| closed.month == month.name(0)));
        rows.push(vec![
            super::found::named(month.name(0)),
            match closed {
                Some(true) => "closed",
                Some(false) => "open",
                None => "not known to readers of one namespace",
            }
            .into(),
            usd(month.booked.nano),
            change(month.adjusted.nano),
            usd(month.sums().nano),
        ]);
    }
    rows.push(vec![
        "All".into(),
        String::new(),
        usd(booked.nano),
        change(adjusted.nano),
        usd(booked.nano + adjusted.nano),
    ]);
    vec![
        Block::Section("Booked, and adjusted since"),
        Block::Table(Table {
            words: 2,
            head: vec!["Month", "", "Booked", "Adjusted since", "By today's knowledge"],
            rows,
            summed: true,
        }),
        Block::Note(
            "What is booked in a closed month never changes. Records that came late for it, and what another price makes of old \
             records in any month, are adjustments: they stand beside it, and all other figures of this report hold both."
                .into(),
        ),
    ]
}
