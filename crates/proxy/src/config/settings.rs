//! The settings of every program that runs a sidecar: name, default, meaning, parser. Flattened into its own ones by each;
//! `--help` and the README are printed from them.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use outrigger_probe::Listen;
use outrigger_telemetry::logging;

use super::{
    Config, Proxies, Which,
    units::{bytes, duration, generations, threads},
};

/// Settings about traffic and the process. What is not among them is where the policy comes from.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address for callers
    #[arg(long, env = "OUTRIGGER_LISTEN", default_value = "127.0.0.1:4117", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Host names by which callers may ask, beside localhost and addresses: a web page may have any other lead here
    #[arg(long, env = "OUTRIGGER_ALLOW_HOST", value_delimiter = ',', value_name = "NAME")]
    pub allow_host: Vec<Box<str>>,
    /// Address of /metrics, /readyz, /livez, /config and /explain
    #[arg(long, env = "OUTRIGGER_ADMIN_LISTEN", default_value = "127.0.0.1:4118", value_name = "ADDR")]
    pub admin_listen: SocketAddr,
    /// Address of /metrics, /readyz and /livez for a cluster, and of no other page: 127.0.0.1:4121, or *:4121 for every
    /// address
    #[arg(long, env = "OUTRIGGER_PROBE_LISTEN", value_name = "ADDR")]
    pub probe_listen: Option<Listen>,
    /// Largest request body
    #[arg(long, env = "OUTRIGGER_MAX_BODY", default_value = "64MiB", value_parser = bytes, value_name = "SIZE")]
    pub max_body: usize,
    /// Memory for request bodies held at one time, each counted twice; further requests queue
    #[arg(long, env = "OUTRIGGER_BUFFER_BUDGET", default_value = "64MiB", value_parser = bytes, value_name = "SIZE")]
    pub buffer_budget: usize,
    /// Memory for whole answers, and events beyond 64 KiB, held at one time, each counted twice; further ones are read when there is room
    #[arg(long, env = "OUTRIGGER_ANSWER_BUDGET", default_value = "64MiB", value_parser = bytes, value_name = "SIZE")]
    pub answer_budget: usize,
    /// How long a request queues for buffer memory before it is answered 503
    #[arg(long, env = "OUTRIGGER_QUEUE_TIMEOUT", default_value = "10s", value_parser = duration, value_name = "TIME")]
    pub queue_timeout: Duration,
    /// How long a caller may take between parts of its body
    #[arg(long, env = "OUTRIGGER_READ_TIMEOUT", default_value = "10s", value_parser = duration, value_name = "TIME")]
    pub read_timeout: Duration,
    /// How long a connection may wait for its next request's head, idle time included
    #[arg(long, env = "OUTRIGGER_KEEP_ALIVE", default_value = "30s", value_parser = duration, value_name = "TIME")]
    pub keep_alive: Duration,
    /// How long requests in flight may go on after SIGTERM
    #[arg(long, env = "OUTRIGGER_DRAIN_TIMEOUT", default_value = "25s", value_parser = duration, value_name = "TIME")]
    pub drain_timeout: Duration,
    /// How many finished requests /v1/generation remembers
    #[arg(long, env = "OUTRIGGER_GENERATIONS", default_value_t = 512, value_parser = generations, value_name = "N")]
    pub generations: usize,
    /// Whether usage.cost is added to answers whose price is known
    #[arg(long, env = "OUTRIGGER_USAGE_COST", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub usage_cost: bool,
    /// File with certificates (PEM) of authorities that providers may be known by, beside the public ones; read at the start
    #[arg(long, env = "OUTRIGGER_UPSTREAM_CA", value_name = "FILE")]
    pub upstream_ca: Option<PathBuf>,
    /// Believe the authorities of --upstream-ca alone, and no public one
    #[arg(long, env = "OUTRIGGER_UPSTREAM_CA_ONLY")]
    pub upstream_ca_only: bool,
    /// Threads for traffic; the admin pages have one of their own
    #[arg(long, env = "OUTRIGGER_THREADS", default_value_t = 2, value_parser = threads, value_name = "N")]
    pub threads: usize,
    /// How log lines look
    #[arg(long, env = "OUTRIGGER_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Which log lines are written: a level, or directives such as outrigger_proxy=debug
    #[arg(long, env = "OUTRIGGER_LOG", default_value = "info", value_name = "FILTER")]
    pub log: logging::Filter,
    /// Which decisions are told, one JSON object each: off, asked (by x-outrigger-log-decision: true), and beside those
    /// failures (what failed over, broke or failed), all, or a share such as 1%
    #[arg(long, env = "OUTRIGGER_DECISION_LOG", default_value = "off", value_name = "WHICH")]
    pub decision_log: Which,
    /// Count requests by the names of OpenTelemetry's conventions for generative AI too: gen_ai_client_operation_duration_seconds and others
    #[arg(long, env = "OUTRIGGER_GENAI_METRICS")]
    pub genai_metrics: bool,
    /// Where decisions go: stdout, or otlp (as logs, to the collector of --otlp-endpoint)
    #[arg(long, env = "OUTRIGGER_DECISION_LOG_TO", default_value = "stdout", value_name = "WHERE")]
    pub decision_log_to: DecisionLogTo,
    /// File that gets the bound addresses as JSON once the sidecar listens
    #[arg(long, env = "OUTRIGGER_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

impl Settings {
    /// What of them the data plane is told, and of `HTTPS_PROXY` and its like, which `variable` has.
    ///
    /// # Errors
    /// A proxy that cannot be used; the message names its variable.
    pub fn config(&self, variable: impl Fn(&str) -> Option<String>) -> io::Result<Config> {
        Ok(Config {
            listen: self.listen,
            hosts: self.allow_host.clone(),
            admin_listen: self.admin_listen,
            probe_listen: self.probe_listen,
            max_body: self.max_body,
            buffer_budget: self.buffer_budget,
            answer_budget: self.answer_budget,
            queue_timeout: self.queue_timeout,
            read_timeout: self.read_timeout,
            keep_alive: self.keep_alive,
            drain_timeout: self.drain_timeout,
            generations: self.generations,
            decision_log: self.decision_log,
            genai_metrics: self.genai_metrics,
            usage_cost: self.usage_cost,
            upstream_ca: self.upstream_ca.clone(),
            upstream_ca_only: self.upstream_ca_only,
            proxies: Proxies::read(variable).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?,
        })
    }
}

/// Where decisions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DecisionLogTo {
    /// A line each on standard output
    Stdout,
    /// To the collector, as logs of OTLP
    Otlp,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// For collectors
    Json,
}

impl From<LogFormat> for logging::Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Json => Self::Json,
            LogFormat::Text => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let matches = Settings::augment_args(Command::new("any")).get_matches_from(["any"]);
        let settings = Settings::from_arg_matches(&matches).unwrap();
        assert_eq!(format!("{:?}", settings.config(|_| None).unwrap()), format!("{:?}", Config::default()));
    }
}
