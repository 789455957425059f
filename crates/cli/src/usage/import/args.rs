//! What `outrigger usage import` is told.

use std::path::PathBuf;

use clap::Args;
use http::Uri;

use crate::usage::args::BooksArgs;

/// Arguments of `outrigger usage import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// Log with the entries; `-` for standard input
    pub(super) file: PathBuf,
    /// Namespace that they are booked under; without it, the one that each entry names
    #[arg(long, short, value_name = "NAME", conflicts_with = "ledger")]
    pub(super) namespace: Option<String>,
    /// Give them as the workload itself would, with a token of a pod of its (--token-file, --ca-file), to the ledger at
    /// https://HOST:PORT, or http:// on this machine
    #[arg(long, value_name = "URL", requires = "token_file", conflicts_with_all = ["from", "kubeconfig", "context"])]
    pub(super) ledger: Option<Uri>,
    #[command(flatten)]
    pub(super) books: BooksArgs,
}
