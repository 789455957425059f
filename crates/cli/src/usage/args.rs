//! What a ledger is asked, and where it is.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use outrigger_compile::SYSTEM_NAMESPACE;

use crate::plane::args::PlaneArgs;

/// Arguments of `outrigger usage`: it asks, unless another word follows.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct UsageArgs {
    #[command(subcommand)]
    pub(crate) command: Option<UsageCommand>,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
    #[command(flatten)]
    pub(crate) books: BooksArgs,
}

/// What to do with usage.
#[derive(Debug, Subcommand)]
pub(crate) enum UsageCommand {
    /// Give a ledger what sidecars could not deliver and wrote to their logs instead. What it has already is not booked again
    #[command(after_help = IMPORT)]
    Import(ImportArgs),
    /// Print what is missing: processes of which something never came, or of which nobody knows how far they got
    Gaps(GapsArgs),
    /// Take a user out of every record. Sums stay
    Forget(ForgetArgs),
    /// Close a period that is over: what was booked in it never changes again, and what comes later is shown apart
    Close(CloseArgs),
    /// Hold the ledger against a vendor's bill, by day and model
    Reconcile(ReconcileArgs),
    /// Print what other prices would make of records, which are kept for 90 days; --apply books the differences beside what was
    /// booked, which stays
    Reprice(RepriceArgs),
}

const IMPORT: &str = "\
The file is a log, of any number of sidecars: lines that are not such entries are passed over. Each entry says of which namespace
it is; whoever gives it may `create` the resource `usage` of the API group outrigger.dev there.

Exit codes:
  0  the ledger has all of them
  1  it has not, or an entry could not be read";

/// Which ledger is asked, and who asks.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub(crate) struct BooksArgs {
    /// Where the ledger is. The default is its pages, as `kubectl port-forward` brings them here (kubectl -n outrigger-system
    /// port-forward statefulset/outrigger-ledger 4124) [http://127.0.0.1:4124]; https://HOST:PORT is the port that sidecars use,
    /// with a token and certificates
    #[arg(long, value_name = "URL")]
    from: Option<http::Uri>,
    /// File with a token of the API server (kubectl create token NAME) for an https:// address; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// File with the certificates (PEM) by which the ledger is known: `ca.crt` of the ConfigMap outrigger-ca
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// Ask as the user of this kubeconfig, by way of kubectl: it gives the token and the certificates, and without --from it
    /// leads to the ledger (port-forward)
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The same, of this context
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Namespace of the ledger, where kubectl looks for it
    #[arg(long, env = "OUTRIGGER_SYSTEM_NAMESPACE", default_value = SYSTEM_NAMESPACE, value_name = "NAME")]
    system_namespace: String,
}

impl BooksArgs {
    /// The same, as every program of ours is found.
    pub(crate) fn place(&self) -> PlaneArgs {
        let Self { from, token_file, ca_file, kubeconfig, context, system_namespace } = self.clone();
        PlaneArgs { from, token_file, ca_file, kubeconfig, context, system_namespace }
    }
}

/// The stretch of time that is meant.
#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct StretchArgs {
    /// From when on: how long ago (90d, 12h, 4w), a date (2026-07-01), a moment (2026-07-01T09:00:00Z) or a period (2026-Q3);
    /// without it, 30 days ago
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// Until when, likewise; without it, now
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<String>,
    /// A whole period instead: 2026-Q3, 2026-09 or 2026
    #[arg(long, value_name = "PERIOD", conflicts_with_all = ["since", "until"])]
    pub(super) period: Option<String>,
}

/// What is asked.
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct QuestionArgs {
    #[command(flatten)]
    pub(super) stretch: StretchArgs,
    /// What is told apart, with commas between: namespace, team, workload, route, provider, vendor, model, outcome, source, hour,
    /// day, month, quarter; of records, which are kept for 90 days, also user, session, code and tag:NAME
    #[arg(long, value_name = "WHAT")]
    pub(super) by: Option<String>,
    /// What counts: team=search or outcome!=ok; may be given more than once
    #[arg(long = "where", value_name = "WHAT=VALUE")]
    pub(super) filters: Vec<String>,
    /// Of this namespace alone: all that its readers may ask
    #[arg(long, short, value_name = "NAME")]
    pub(super) namespace: Option<String>,
    /// How groups are ordered
    #[arg(long, default_value = "names", value_name = "HOW")]
    pub(super) order: Order,
    /// How to print them
    #[arg(long, short, default_value = "table", value_name = "FORMAT")]
    pub(super) output: Format,
}

/// How groups are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// By their names
    Names,
    /// The most expensive first
    Cost,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns for people
    Table,
    /// All figures, for a spreadsheet: dollars with nine decimals
    Csv,
    /// All of it
    Json,
}

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
    pub(super) ledger: Option<http::Uri>,
    #[command(flatten)]
    pub(super) books: BooksArgs,
}

/// Arguments of `outrigger usage gaps`.
#[derive(Args, Debug)]
pub(crate) struct GapsArgs {
    /// Of this namespace alone
    #[arg(long, short, value_name = "NAME")]
    pub(super) namespace: Option<String>,
    /// How to print them
    #[arg(long, short, default_value = "table", value_name = "FORMAT")]
    pub(super) output: Format,
    #[command(flatten)]
    pub(super) books: BooksArgs,
}

/// Arguments of `outrigger usage forget`.
#[derive(Args, Debug)]
pub(crate) struct ForgetArgs {
    /// The user, as callers name it: the ledger finds its hash; or as the records have it (`n:`, `h:` or `p:` and a hash, `c:` and
    /// the clear word)
    #[arg(long, value_name = "USER")]
    pub(super) user: String,
    /// Of this namespace alone; without it, of every one
    #[arg(long, short, value_name = "NAME")]
    pub(super) namespace: Option<String>,
    #[command(flatten)]
    pub(super) books: BooksArgs,
}

/// Arguments of `outrigger usage close`.
#[derive(Args, Debug)]
pub(crate) struct CloseArgs {
    /// The period: 2026-Q3, 2026-09 or 2026
    #[arg(value_name = "PERIOD")]
    pub(super) period: String,
    #[command(flatten)]
    pub(super) books: BooksArgs,
}

/// Arguments of `outrigger usage reconcile`.
#[derive(Args, Debug)]
pub(crate) struct ReconcileArgs {
    /// The bill: CSV with the columns date (2026-11-28), model and amount (dollars); `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) bill: PathBuf,
    /// What of ours is held against it: vendor=openai; may be given more than once
    #[arg(long = "where", value_name = "WHAT=VALUE")]
    pub(super) filters: Vec<String>,
    /// How to print it
    #[arg(long, short, default_value = "table", value_name = "FORMAT")]
    pub(super) output: Format,
    #[command(flatten)]
    pub(super) books: BooksArgs,
}

/// Arguments of `outrigger usage reprice`.
#[derive(Args, Debug)]
pub(crate) struct RepriceArgs {
    #[command(flatten)]
    pub(super) stretch: StretchArgs,
    /// Of this namespace alone
    #[arg(long, short, value_name = "NAME")]
    pub(super) namespace: Option<String>,
    /// The prices: CSV with the columns vendor, model, input, output and, where they are known, cache_read, cache_write_5m,
    /// cache_write_1h, reasoning, input_audio, output_audio, input_image and output_image, in dollars for a million tokens; or a
    /// catalogue (JSON); `-` for standard input; without it, the price list within the ledger
    #[arg(long, value_name = "FILE")]
    pub(super) prices: Option<PathBuf>,
    /// Book it; without it, nothing is changed
    #[arg(long)]
    pub(super) apply: bool,
    /// How to print it
    #[arg(long, short, default_value = "table", value_name = "FORMAT")]
    pub(super) output: Format,
    #[command(flatten)]
    pub(super) books: BooksArgs,
}
