//! What `outrigger usage import` is told.

use std::path::PathBuf;

use clap::Args;
use http::Uri;

/// Arguments of `outrigger usage import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// Log with the entries; `-` for standard input
    pub(crate) file: PathBuf,
    /// Where the ledger is: https://HOST:PORT, or http:// on this machine
    #[arg(long, env = "OUTRIGGER_LEDGER", value_name = "URL")]
    pub(crate) ledger: Uri,
    /// File with a token of the workload whose entries they are (kubectl create token NAME); `-` for standard input
    #[arg(long, env = "OUTRIGGER_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: PathBuf,
    /// File with the certificates (PEM) by which the ledger is known: `ca.crt` of the ConfigMap outrigger-ca
    #[arg(long, env = "OUTRIGGER_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}
