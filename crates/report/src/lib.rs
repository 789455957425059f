//! The page for whoever pays: figures of a ledger in, Markdown and HTML that prints well out. Pure: it asks nobody and writes
//! nothing.
//!
//! [`report`] takes [`Figures`] and the price list. `sections` say what is on the page, `methods` how it is found, and each
//! section says beside its figures what they cannot know.

mod chart;
mod doc;
mod error;
mod escape;
mod figures;
mod html;
mod markdown;
mod methods;
mod money;
mod quarter;
mod sections;
mod weeks;

pub use error::Error;
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
