//! Every setting: name, default, meaning, parser. The one table; `--help` and the README are printed from it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// One API on localhost in front of every model and provider.
#[derive(Debug, Parser)]
#[command(name = "outrigger", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a sidecar on this machine
    Run(RunArgs),
    /// Validate a folder of policy; exit code 1 and every problem with its line if it is not good
    Check(CheckArgs),
    /// Print the decision for a request: candidates, what removed them, scores, order of attempts
    Explain(ExplainArgs),
    /// Print the settings of `run` as a Markdown table
    #[command(hide = true)]
    Settings,
}

/// Settings of `outrigger run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Folder of ModelProvider, ModelRoute and Secret YAML. Without it, provider keys in the environment become
    /// providers; with none of those either, two simulated providers start
    #[arg(long, env = "OUTRIGGER_POLICY", value_name = "DIR")]
    pub(crate) policy: Option<PathBuf>,
    /// Namespace whose policy is served; all of them without it
    #[arg(long, env = "OUTRIGGER_NAMESPACE", value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Address for callers
    #[arg(long, env = "OUTRIGGER_LISTEN", default_value = "127.0.0.1:4117", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address of /metrics, /readyz, /livez, /config and /explain
    #[arg(long, env = "OUTRIGGER_ADMIN_LISTEN", default_value = "127.0.0.1:4118", value_name = "ADDR")]
    pub(crate) admin_listen: SocketAddr,
    /// Largest request body
    #[arg(long, env = "OUTRIGGER_MAX_BODY", default_value = "64MiB", value_parser = bytes, value_name = "SIZE")]
    pub(crate) max_body: usize,
    /// Memory for request bodies held at one time, each counted twice; further requests queue
    #[arg(long, env = "OUTRIGGER_BUFFER_BUDGET", default_value = "64MiB", value_parser = bytes, value_name = "SIZE")]
    pub(crate) buffer_budget: usize,
    /// How long a request queues for buffer memory before it is answered 503
    #[arg(long, env = "OUTRIGGER_QUEUE_TIMEOUT", default_value = "10s", value_parser = duration, value_name = "TIME")]
    pub(crate) queue_timeout: Duration,
    /// How long a caller may take between parts of its body
    #[arg(long, env = "OUTRIGGER_READ_TIMEOUT", default_value = "10s", value_parser = duration, value_name = "TIME")]
    pub(crate) read_timeout: Duration,
    /// How long a connection may wait for its next request's head, idle time included
    #[arg(long, env = "OUTRIGGER_KEEP_ALIVE", default_value = "30s", value_parser = duration, value_name = "TIME")]
    pub(crate) keep_alive: Duration,
    /// How long requests in flight may go on after SIGTERM
    #[arg(long, env = "OUTRIGGER_DRAIN_TIMEOUT", default_value = "25s", value_parser = duration, value_name = "TIME")]
    pub(crate) drain_timeout: Duration,
    /// How many finished requests /v1/generation remembers
    #[arg(long, env = "OUTRIGGER_GENERATIONS", default_value_t = 512, value_name = "N")]
    pub(crate) generations: usize,
    /// Whether usage.cost is added to answers whose price is known
    #[arg(long, env = "OUTRIGGER_USAGE_COST", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub(crate) usage_cost: bool,
    /// Threads for traffic; the admin pages have one of their own
    #[arg(long, env = "OUTRIGGER_THREADS", default_value_t = 2, value_name = "N")]
    pub(crate) threads: usize,
    /// How log lines look
    #[arg(long, env = "OUTRIGGER_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
    /// Which log lines are written: a level, or directives such as outrigger_proxy=debug
    #[arg(long, env = "OUTRIGGER_LOG", default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
    /// File that gets the bound addresses as JSON once the sidecar listens
    #[arg(long, env = "OUTRIGGER_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// Arguments of `outrigger check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Folder of policy
    pub(crate) policy: PathBuf,
    /// Check as seen from one namespace
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
}

/// Arguments of `outrigger explain`.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// Folder of policy; without it, the providers whose keys are in the environment
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: Option<PathBuf>,
    /// Namespace to decide for
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Path the request would be sent to
    #[arg(long, default_value = "/chat/completions", value_name = "PATH")]
    pub(crate) path: String,
    /// Seed of the draw in weighted strategies; random without it
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// File with the request's JSON body; `-` for standard input
    pub(crate) request: PathBuf,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// For collectors
    Json,
}

/// A variable of the environment: where provider keys and `${NAME}` in local Secrets come from.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `512`, `64KiB`, `80MiB`, `1GiB`.
fn bytes(text: &str) -> Result<usize, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => return Err(format!("`{other}` is no unit; use B, KiB, MiB or GiB")),
    };
    number.parse::<usize>().ok().and_then(|n| n.checked_mul(factor)).ok_or_else(|| "not a size".to_owned())
}

/// `250ms`, `10s`, `5m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| "not a time; write 250ms, 10s, 5m or 1h".to_owned())?;
    Ok(match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number * 60),
        "h" => Duration::from_secs(number * 3600),
        _ => return Err("the unit must be ms, s, m or h".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert_eq!(bytes("7"), Ok(7));
        assert!(bytes("7MB").is_err() && bytes("").is_err());
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("2").is_err() && duration("s").is_err());
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Command::Run(args) = Cli::try_parse_from(["outrigger", "run"]).unwrap().command else { panic!() };
        let library = outrigger_proxy::Config::default();
        assert_eq!((args.listen, args.admin_listen), (library.listen, library.admin_listen));
        assert_eq!((args.max_body, args.buffer_budget), (library.max_body, library.buffer_budget));
        assert_eq!((args.drain_timeout, args.generations), (library.drain_timeout, library.generations));
    }
}
