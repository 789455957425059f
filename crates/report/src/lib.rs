//! The page for whoever pays: figures of a ledger in, Markdown and HTML that prints well out. Pure: it asks nobody and writes
//! nothing.
//!
//! [`report`] takes [`Figures`] and the price list. `sections` say what is on the page, `methods` how it is found, and each
//! section says beside its figures what they cannot know.

mod chart;
mod doc;
mod escape;
mod figures;
mod html;
mod markdown;
mod methods;
mod money;
mod quarter;
mod sections;
mod weeks;

pub use figures::{Apart, Closed, Dear, Figures, Group, Missing, Sums, Tried};
use outrigger_catalog::Catalog;
pub use quarter::Quarter;

/// A report, written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// As Markdown, with its pictures as files beside it.
    pub markdown: String,
    /// As one file of HTML that needs nothing else and runs nothing.
    pub html: String,
    /// The pictures: names of files, and SVG.
    pub charts: Vec<(String, String)>,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A day that is none, or outside of the period.
    #[error("the ledger told of the day {0:?}, which is none of the period")]
    Day(String),
    /// A period of no day, or of more than 400.
    #[error("a report is of one day to 400")]
    Period,
    /// No quarter.
    #[error("{0:?} is no quarter: write 2026Q4")]
    Quarter(String),
    /// The library that draws says no.
    #[error("a chart cannot be drawn: {0}")]
    Drawing(String),
}

/// Writes a report of these figures. `catalog` is the price list by which vendors are compared.
///
/// # Errors
///
/// [`Error`] says what of the figures cannot be.
pub fn report(figures: &Figures, catalog: &Catalog) -> Result<Report, Error> {
    let doc = sections::all(figures, catalog)?;
    let charts = doc.blocks.iter().filter_map(|block| match block {
        doc::Block::Chart(chart) => Some((format!("{}.svg", chart.name), chart.svg.clone())),
        _ => None,
    });
    Ok(Report { markdown: markdown::write(&doc), html: html::write(&doc), charts: charts.collect() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
