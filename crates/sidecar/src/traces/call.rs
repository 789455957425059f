//! A connection to a collector.

use std::{fmt, path::PathBuf, time::Duration};

use http::{Uri, uri::PathAndQuery};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use tonic::{
    Code, Request, Status,
    metadata::{AsciiMetadataKey, AsciiMetadataValue},
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::{message, pairs};
use crate::{config::is_loopback, link::connect::Connector};

/// The method, as `opentelemetry/proto/collector/trace/v1/trace_service.proto` names it.
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// How often a quiet collector is asked whether it is still there while a batch is with it, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(8);
/// Most bytes of an answer: it says how many spans were rejected, and why.
const LONGEST: usize = 64 << 10;

/// Where it is, and what it is shown.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) to: Uri,
    /// By which certificates it is known; `None`: the public ones.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) headers: Headers,
}

impl Way {
    /// Whoever is on the network can read what calls carry.
    pub(crate) fn shows_keys_in_clear(&self) -> bool {
        !self.headers.0.is_empty() && self.to.scheme_str() != Some("https") && !is_loopback(&self.to)
    }
}

/// What every call carries: mostly a key, so it has no `Debug` that shows it.
#[derive(Default)]
pub(crate) struct Headers(Vec<(AsciiMetadataKey, AsciiMetadataValue)>);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} headers", self.0.len())
    }
}

impl Headers {
    /// Those in `text`, as in `OTEL_EXPORTER_OTLP_HEADERS`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without a word of any value.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let header = |(name, value): (String, String)| {
            let lower = name.to_ascii_lowercase();
            let key =
                AsciiMetadataKey::from_bytes(lower.as_bytes()).map_err(|_| format!("`{name}` names no header"))?;
            let mut value = AsciiMetadataValue::try_from(value)
                .map_err(|_| format!("the value of `{name}` holds characters that no header can carry"))?;
            value.set_sensitive(true);
            Ok((key, value))
        };
        pairs(text)?.into_iter().map(header).collect::<Result<_, String>>().map(Self)
    }
}

/// Why a batch was not taken.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) why: String,
    /// It may be taken later.
    pub(super) again: bool,
    /// When, as the collector says.
    pub(super) wait: Option<Duration>,
}

impl Failed {
    pub(super) fn again(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: true, wait: None }
    }

    pub(super) fn never(why: String) -> Self {
        Self { why, again: false, wait: None }
    }

    /// What may be tried again is a list of the protocol's.
    fn of(status: &Status) -> Self {
        let why = format!("the collector of traces says {:?}: {}", status.code(), status.message());
        match status.code() {
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
            // It says so where it has too much to do; whether it says when, in details that are not read, makes no difference.
            | Code::ResourceExhausted
            // What stands before it, or the connection: nothing that this batch could be blamed for.
            | Code::Unknown => Self::again(why),
            _ => Self::never(why),
        }
    }
}

/// One that is open.
pub(super) struct Call {
    channel: tonic::client::Grpc<Channel>,
    headers: Vec<(AsciiMetadataKey, AsciiMetadataValue)>,
}

impl Call {
    /// Connects.
    pub(super) async fn open(way: &Way) -> Result<Self, Failed> {
        let connector = match &way.ca_file {
            Some(file) => Connector::new(&way.to, Some(file)),
            None => Connector::public(&way.to),
        };
        let connector = connector.map_err(|error| Failed::again(format!("{error:#}")))?;
        let channel = Endpoint::from(way.to.clone())
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .connect_with_connector(connector)
            .await
            .map_err(|error| {
                let why = crate::link::innermost(&error);
                Failed::again(format!("cannot reach the collector of traces at {}: {why}", way.to))
            })?;
        let channel = tonic::client::Grpc::new(channel).max_decoding_message_size(LONGEST);
        Ok(Self { channel, headers: way.headers.0.clone() })
    }

    /// Answers how many spans the collector rejected.
    pub(super) async fn export(&mut self, batch: message::Request) -> Result<u64, Failed> {
        let mut request = Request::new(batch);
        for (name, value) in &self.headers {
            request.metadata_mut().insert(name.clone(), value.clone());
        }
        self.channel.ready().await.map_err(|error| Failed::again(crate::link::innermost(&error)))?;
        let codec = ProstCodec::<message::Request, ExportTraceServiceResponse>::default();
        let answer = self.channel.unary(request, PathAndQuery::from_static(EXPORT), codec).await;
        let partial = answer.map_err(|status| Failed::of(&status))?.into_inner().partial_success;
        Ok(partial.map_or(0, |partial| u64::try_from(partial.rejected_spans).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_show_nothing() {
        let headers = Headers::read("Authorization=Bearer%20secret,x-tenant=secret").unwrap();
        assert_eq!(format!("{headers:?} {:?}", headers.0[0].1), "2 headers Sensitive");
        for bad in ["a b=secret", "a=secret%0a", "secret"] {
            let why = Headers::read(bad).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }

    /// The list of the OTLP specification, and what stands before a collector.
    #[test]
    fn what_a_batch_is_to_blame_for_is_not_sent_again() {
        let again = |code| Failed::of(&Status::new(code, "no")).again;
        assert!([Code::Unavailable, Code::ResourceExhausted, Code::DeadlineExceeded].into_iter().all(again));
        assert!(![Code::InvalidArgument, Code::Unauthenticated, Code::Unimplemented].into_iter().any(again));
    }
}
