//! What a program is told of a collector: by the variables of OpenTelemetry, and by flags that mean the same.

use std::{fmt, path::PathBuf, str::FromStr};

use clap::Args;
use http::Uri;
use outrigger_proxy::{config::DecisionLogTo, trace::Sampler};

use crate::{
    address::address,
    call::{Headers, Way},
    message::Resource,
    pairs::pairs,
};

/// Where spans go, and which.
#[derive(Args, Debug)]
pub struct TraceArgs {
    /// Where the collector of traces is: http://HOST:4317, OTLP over gRPC; without it, nothing is traced and `traceparent` passes
    /// as it comes
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<Unshown>,
    /// Headers for the collector, NAME=VALUE,..., values percent-encoded: keys, so better said by the variable
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS", hide_env_values = true, value_name = "PAIRS")]
    otlp_headers: Option<Unshown>,
    /// File with the certificates (PEM) by which the collector is known, where its URL is https://; without it, the public ones
    #[arg(long, env = "OTEL_EXPORTER_OTLP_CERTIFICATE", value_name = "FILE")]
    otlp_ca_file: Option<PathBuf>,
    /// Which requests are traced, decided at their head: always_on, always_off, traceidratio, or parentbased_ before always_on,
    /// always_off or traceidratio. What failed over or broke is told in any case, unless it is always_off
    #[arg(long, env = "OTEL_TRACES_SAMPLER", default_value = "parentbased_always_on", value_name = "WORD")]
    traces_sampler: String,
    /// The ratio of those of traceidratio: 0 to 1; without it, all
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", default_value = "", value_name = "RATIO")]
    traces_sampler_arg: String,
    /// What it is called in its spans; without it, the `service.name` of --resource-attributes, or outrigger-sidecar
    #[arg(long, env = "OTEL_SERVICE_NAME", default_value = "", value_name = "NAME")]
    service_name: String,
    /// What else is said of it with its spans, NAME=VALUE,..., values percent-encoded
    #[arg(long, env = "OTEL_RESOURCE_ATTRIBUTES", default_value = "", value_name = "PAIRS")]
    resource_attributes: String,
}

/// A text that nothing shows, not even the error of a wrong command line: it is judged later.
#[derive(Clone)]
struct Unshown(String);

impl FromStr for Unshown {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Unshown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A collector that is named.
#[derive(Debug)]
pub struct Named {
    /// Which requests are told.
    pub(crate) sampler: Sampler,
    pub(crate) way: Way,
    /// What is said of the sidecar.
    pub(crate) resource: Resource,
}

/// Who says it.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// Name of the program.
    pub program: &'static str,
    /// Name of the pod; empty: not known.
    pub pod: &'a str,
    /// Name of its node, likewise.
    pub node: &'a str,
}

impl TraceArgs {
    /// The collector; `None`: there is none, and nothing is traced. As the specification has it, an empty variable is none.
    ///
    /// # Errors
    ///
    /// What is wrong, without a word of the headers; decisions are to go to a collector that is not named.
    pub fn read(&self, speaker: Speaker<'_>, decisions: DecisionLogTo) -> Result<Option<Named>, String> {
        let endpoint = self.otlp_endpoint.as_ref().map(|url| url.0.trim()).filter(|url| !url.is_empty());
        let Some(endpoint) = endpoint else {
            return match decisions {
                DecisionLogTo::Stdout => Ok(None),
                DecisionLogTo::Otlp => Err("--decision-log-to otlp: no --otlp-endpoint says where".to_owned()),
            };
        };
        let to: Uri = address(endpoint).map_err(|why| format!("--otlp-endpoint: {why}"))?;
        let sampler = Sampler::read(&self.traces_sampler, &self.traces_sampler_arg)
            .map_err(|why| format!("--traces-sampler: {why}"))?;
        let headers = self.otlp_headers.as_ref().map_or("", |headers| &headers.0);
        let headers = Headers::read(headers).map_err(|why| format!("--otlp-headers: {why}"))?;
        let attributes = pairs(&self.resource_attributes).map_err(|why| format!("--resource-attributes: {why}"))?;
        let ca_file = self.otlp_ca_file.clone().filter(|file| !file.as_os_str().is_empty());
        let way = Way { to, ca_file, headers };
        let Speaker { program, pod, node } = speaker;
        let (service, pod, node) = (self.service_name.trim().to_owned(), pod.to_owned(), node.to_owned());
        let resource = Resource { program, service, attributes, pod, node };
        Ok(Some(Named { sampler, way, resource }))
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;

    fn told(words: &[&str], to: DecisionLogTo) -> Result<bool, String> {
        let command = TraceArgs::augment_args(Command::new("any"));
        let matches = command.try_get_matches_from(["any"].iter().chain(words)).map_err(|error| error.to_string())?;
        let args = TraceArgs::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        assert!(!format!("{args:?}").contains("secret"));
        let speaker = Speaker { program: "any", pod: "pod", node: "node" };
        args.read(speaker, to).map(|traced| traced.is_some())
    }

    fn read(words: &[&str]) -> Result<bool, String> {
        told(words, DecisionLogTo::Stdout)
    }

    /// Decisions that nobody would get are a mistake, and no silence.
    #[test]
    fn decisions_go_to_a_collector_that_is_named() {
        assert_eq!(told(&["--otlp-endpoint", "http://collector:4317"], DecisionLogTo::Otlp), Ok(true));
        assert!(told(&[], DecisionLogTo::Otlp).unwrap_err().contains("--otlp-endpoint"));
    }

    #[test]
    fn nothing_is_traced_unless_a_collector_is_named() {
        assert_eq!(read(&[]), Ok(false));
        assert_eq!(read(&["--otlp-endpoint", ""]), Ok(false));
        assert_eq!(read(&["--otlp-endpoint", "http://collector:4317", "--otlp-headers", "k=secret"]), Ok(true));
    }

    #[test]
    fn what_is_wrong_is_said_and_no_key_with_it() {
        let named = "--otlp-endpoint=http://collector:4317";
        for bad in [
            [named, "--traces-sampler=xray"].as_slice(),
            &[named, "--traces-sampler=traceidratio", "--traces-sampler-arg=2"],
            &[named, "--otlp-headers=secret"],
            &[named, "--resource-attributes=x"],
            &["--otlp-endpoint=https://user:secret@collector"],
        ] {
            let why = read(bad).unwrap_err();
            assert!(why.starts_with("--") && !why.contains("secret"), "{why}");
        }
    }
}
