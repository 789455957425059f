//! Of what a report is, and where it is written.

use std::path::PathBuf;

use clap::Args;
use outrigger_report::Quarter;

use crate::usage::args::BooksArgs;

/// Arguments of `outrigger report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// The quarter: 2026Q4
    #[arg(long, value_name = "QUARTER")]
    pub(super) quarter: Quarter,
    /// Of this namespace alone: all that its readers may ask
    #[arg(long, short, value_name = "NAME")]
    pub(super) namespace: Option<String>,
    /// Folder for report.html, report.md and its charts; without it, report-QUARTER. What was written there before is replaced
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) books: BooksArgs,
}
