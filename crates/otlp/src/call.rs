//! A connection to a collector.

use std::{fmt, path::PathBuf, time::Duration};

use http::{Uri, uri::PathAndQuery};
use tokio::sync::Mutex;
use tonic::{
    Code, Request, Status,
    metadata::{AsciiMetadataKey, AsciiMetadataValue},
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use crate::{
    address::is_loopback,
    connect::{Connector, innermost},
    pairs::pairs,
    signal::Signal,
};

/// How often a quiet collector is asked whether it is still there while a batch is with it, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(8);
/// Most bytes of an answer: it says how many were rejected, and why.
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
pub(crate) struct Failed {
    pub(crate) why: String,
    /// It may be taken later.
    pub(crate) again: bool,
    /// When, as the collector says.
    pub(crate) wait: Option<Duration>,
}

impl Failed {
    pub(crate) fn again(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: true, wait: None }
    }

    pub(crate) fn never(why: String) -> Self {
        Self { why, again: false, wait: None }
    }

    /// What may be tried again is a list of the protocol's.
    fn of(status: &Status) -> Self {
        let why = format!("the collector says {:?}: {}", status.code(), status.message());
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

/// The way, and the connection that all signals share, where one is open.
#[derive(Debug)]
pub(crate) struct Line {
    way: Way,
    open: Mutex<Option<Channel>>,
}

impl Line {
    pub(crate) fn new(way: Way) -> Self {
        Self { way, open: Mutex::default() }
    }

    /// Answers how many the collector rejected.
    pub(crate) async fn export<S: Signal>(&self, batch: S::Request) -> Result<i64, Failed> {
        let channel = self.channel().await?;
        let mut channel = tonic::client::Grpc::new(channel).max_decoding_message_size(LONGEST);
        let mut request = Request::new(batch);
        for (name, value) in &self.way.headers.0 {
            request.metadata_mut().insert(name.clone(), value.clone());
        }
        channel.ready().await.map_err(|error| Failed::again(innermost(&error)))?;
        let codec = ProstCodec::<S::Request, S::Response>::default();
        let answer = channel.unary(request, PathAndQuery::from_static(S::EXPORT), codec).await;
        answer.map(|answer| S::rejected(answer.into_inner())).map_err(|status| Failed::of(&status))
    }

    /// The next call opens another connection; one that is under way keeps its own.
    pub(crate) async fn drop(&self) {
        self.open.lock().await.take();
    }

    async fn channel(&self) -> Result<Channel, Failed> {
        let mut open = self.open.lock().await;
        match &*open {
            Some(channel) => Ok(channel.clone()),
            None => Ok(open.insert(connect(&self.way).await?).clone()),
        }
    }
}

async fn connect(way: &Way) -> Result<Channel, Failed> {
    let connector = match &way.ca_file {
        Some(file) => Connector::new(&way.to, Some(file)),
        None => Connector::public(&way.to),
    };
    let connector = connector.map_err(|error| Failed::again(format!("{error:#}")))?;
    Endpoint::from(way.to.clone())
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .connect_with_connector(connector)
        .await
        .map_err(|error| Failed::again(format!("cannot reach the collector at {}: {}", way.to, innermost(&error))))
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
