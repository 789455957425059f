//! What is on the page, in order.

mod closed;
mod dear;
mod found;
mod groups;
mod limits;
mod outages;
mod overview;
mod savings;
mod spend;
mod vendors;

use found::Found;
use outrigger_catalog::Catalog;

use crate::{
    doc::{Block, Doc},
    error::Error,
    figures::Figures,
    methods::{alone, caching, concentration, routing, used},
    weeks,
};

/// The whole page.
pub(crate) fn all(figures: &Figures, catalog: &Catalog) -> Result<Doc, Error> {
    let (first, end) = (weeks::day(&figures.first_day)?, weeks::day(&figures.end_day)?);
    let asked = weeks::day(&figures.asked_at)?.tomorrow().map_err(|_| Error::Period)?;
    let until = end.min(asked).max(first.tomorrow().map_err(|_| Error::Period)?);
    let used = used(&figures.offers, catalog);
    let found = Found {
        total: figures.total.sums(),
        weeks: weeks::weeks(first, until, &figures.days)?,
        days: (weeks::between(first, until), weeks::between(weeks::day(&figures.before_day)?, first)),
        alone: alone(&used, catalog),
        routed: routing(&used, catalog),
        caching: caching(&used, catalog),
        concentration: concentration(&figures.offers),
        used,
        list: catalog.version(),
        figures,
    };
    let over = if until == end { "" } else { ", which is not over: the last day counts as far as it goes" };
    let of = figures.namespace.as_ref().map_or_else(|| "all namespaces".into(), |name| format!("the namespace {name}"));
    let mut blocks: Vec<Block> = Vec::new();
    blocks.extend(overview::blocks(&found));
    blocks.extend(spend::blocks(&found)?);
    blocks.extend(groups::blocks(&found)?);
    blocks.extend(vendors::blocks(&found)?);
    blocks.extend(savings::blocks(&found));
    blocks.extend(outages::blocks(&found)?);
    blocks.extend(dear::blocks(&found));
    blocks.extend(closed::blocks(&found));
    blocks.extend(limits::blocks(&found));
    Ok(Doc {
        title: format!("What AI cost, {}", figures.period),
        under: format!(
            "Of {of}, {first} to {}{over}. The ledger was asked at {}.",
            until.yesterday().unwrap_or(until),
            figures.asked_at
        ),
        blocks,
    })
}
