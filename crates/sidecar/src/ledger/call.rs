//! A connection to the ledger: the same certificates and the same token as towards the control plane.

use std::{
    error::Error,
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use http::Uri;
use outrigger_api::ledger::{AppendRequest, AppendResponse, ledger_service_client::LedgerServiceClient};
use outrigger_otlp::connect;
use tonic::{
    Code, Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use crate::link::TOKEN;

/// A token is read anew this often: it is replaced while it is still good.
const FRESH: Duration = Duration::from_secs(60);
/// How often a quiet ledger is asked whether it is still there, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(8);

/// Where it is, and who asks.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) to: Uri,
    pub(crate) token_file: PathBuf,
    pub(crate) ca_file: Option<PathBuf>,
}

/// The ledger never takes this batch.
#[derive(Debug)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the ledger refuses it: {}", self.0)
    }
}

impl Error for Refused {}

/// One that is open.
pub(super) struct Call {
    client: LedgerServiceClient<Channel>,
    bearer: MetadataValue<Ascii>,
    opened: Instant,
}

impl Call {
    /// Reads token and certificates, and connects.
    ///
    /// # Errors
    ///
    /// Why it cannot. The token is in none of them.
    pub(super) async fn open(way: &Way) -> anyhow::Result<Self> {
        let token = connect::small_file(&way.token_file, TOKEN).context("cannot read the token")?;
        let token = String::from_utf8(token).ok().context("the token is not text")?;
        let mut bearer = MetadataValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| anyhow::anyhow!("the token holds characters that no header can carry"))?;
        bearer.set_sensitive(true);
        let connector = connect::Connector::new(&way.to, way.ca_file.as_deref())?;
        let channel = Endpoint::from(way.to.clone())
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .connect_with_connector(connector)
            .await
            .map_err(|error| anyhow::anyhow!("cannot reach {}: {}", way.to, connect::innermost(&error)))?;
        Ok(Self { client: LedgerServiceClient::new(channel), bearer, opened: Instant::now() })
    }

    /// Its token may have been replaced.
    pub(super) fn is_stale(&self) -> bool {
        self.opened.elapsed() > FRESH
    }

    /// Answers up to which number the ledger has all, and by which key users are hashed.
    ///
    /// # Errors
    ///
    /// What the ledger says instead: [`Refused`] where it will never say anything else.
    pub(super) async fn append(&mut self, batch: AppendRequest) -> anyhow::Result<AppendResponse> {
        let mut request = Request::new(batch);
        request.metadata_mut().insert("authorization", self.bearer.clone());
        let answer = self.client.append(request).await;
        let answer = answer.map_err(|status| match status.code() {
            Code::InvalidArgument => Refused(status.message().to_owned()).into(),
            code => anyhow::anyhow!("the ledger says {code:?}: {}", status.message()),
        })?;
        Ok(answer.into_inner())
    }
}
