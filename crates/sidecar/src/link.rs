//! The link to the control plane: one stream, opened again for ever. Nothing of a request waits for it.

pub(crate) mod backoff;
mod pushback;

use std::{
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, bail};
use http::Uri;
use outrigger_api::v1::{
    self, policy_service_client::PolicyServiceClient, sync_request::Message as Said, sync_response::Message as Told,
};
use outrigger_otlp::connect::{self, innermost};
use outrigger_proxy::{About, Sidecar};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{
    Request, Streaming,
    codec::CompressionEncoding,
    metadata::{Ascii, MetadataValue},
};

use crate::{
    disk::Disk,
    holdings::{BYTES, Holdings},
    mounted::Mounted,
};
use backoff::Backoff;

/// How long the control plane may take to greet, connecting included.
const GREETING: Duration = Duration::from_secs(15);
/// How long it may take from there to its first update: it may have to compile it.
const FIRST: Duration = Duration::from_secs(60);
/// How often it is noted on disk that the policy is still confirmed.
const NOTE: Duration = Duration::from_secs(60);
/// Most of what a hello says is held: what is left out is sent again.
const HELLO: usize = 3 << 19;
/// How often a quiet control plane is asked whether it is still there, and how long it may take to answer: a half-open
/// connection is found within half a minute.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(8);
/// A token and its file are small.
pub(crate) const TOKEN: u64 = 16 << 10;

/// Everything the link needs.
pub(crate) struct Link {
    pub(crate) control_plane: Uri,
    pub(crate) token_file: PathBuf,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) sidecar: Arc<Sidecar>,
    pub(crate) disk: Option<Disk>,
    pub(crate) holdings: Holdings,
    /// Keys in files, until the control plane has said which there are.
    pub(crate) mounted: Option<Mounted>,
    pub(crate) max_staleness: Option<Duration>,
    pub(crate) instance: String,
    /// Streams that a control plane has answered, so far.
    pub(crate) streams: u64,
    pub(crate) started: SystemTime,
    /// When the control plane last said that this is the policy.
    pub(crate) confirmed: Option<SystemTime>,
    /// Nothing is served any more, for the policy's age.
    pub(crate) expired: bool,
}

/// How often the age of the policy is looked at while nobody answers.
const LOOK: Duration = Duration::from_secs(1);

impl Link {
    /// Follows the control plane for ever.
    pub(crate) async fn run(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            let began = Instant::now();
            let ended = self.stream(&mut backoff).await;
            let told = ended.as_ref().err().and_then(|error| error.downcast_ref::<Ended>()?.pushback);
            let why =
                ended.map_or_else(|error| format!("{error:#}"), |()| "the control plane ended the stream".to_owned());
            let wait = backoff.next(began.elapsed(), fastrand::f64());
            let wait = pushback::wait(wait, told, fastrand::f64());
            tracing::warn!(
                code = "control_plane_lost",
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "{why}; {}",
                self.meanwhile()
            );
            self.sidecar.staleness(self.confirmed);
            let until = tokio::time::Instant::now() + wait;
            while tokio::time::Instant::now() < until {
                self.tend();
                tokio::time::sleep_until(until.min(tokio::time::Instant::now() + LOOK)).await;
            }
        }
    }

    /// What is served while nobody answers.
    fn meanwhile(&self) -> &'static str {
        match () {
            () if self.expired => "nothing is served: the policy is too old",
            () if self.sidecar.revision().is_none() => "no policy has come yet",
            () => "the last good policy goes on being served",
        }
    }

    /// One stream, from connecting to its end.
    async fn stream(&mut self, backoff: &mut Backoff) -> anyhow::Result<()> {
        let mut opening = pin!(tokio::time::timeout(GREETING, self.dial()?.open()));
        let (acks, mut told) = loop {
            tokio::select! {
                opened = &mut opening => match opened {
                    Ok(opened) => break opened?,
                    Err(_) => bail!("the control plane did not answer within {} s", GREETING.as_secs()),
                },
                () = tokio::time::sleep(LOOK) => self.tend(),
            }
        };
        backoff.reset();
        // Until the first update the control plane has said nothing of what is held.
        let mut confirmed = false;
        let first = tokio::time::Instant::now() + FIRST;
        loop {
            let message = tokio::select! {
                message = told.next() => message,
                () = tokio::time::sleep(LOOK) => {
                    match confirmed {
                        true => self.confirm(),
                        false if tokio::time::Instant::now() > first => bail!("the control plane says nothing"),
                        false => self.tend(),
                    }
                    continue;
                }
            };
            let Some(message) = message else { return Ok(()) };
            match message.map_err(said)?.message {
                Some(Told::Update(update)) => {
                    let mut ack = self.take(update)?;
                    // It was said when it came, to a stream that has ended.
                    if !std::mem::replace(&mut confirmed, true) {
                        ack.rejections.extend(self.holdings.unsupported(&ack.rejections));
                    }
                    acks.send(v1::SyncRequest { message: Some(Said::Ack(ack)) })
                        .await
                        .context("the stream is closed")?;
                }
                Some(Told::Welcome(v1::Welcome { workload, version: _, replica })) => {
                    self.streams += 1;
                    self.sidecar.linked(&replica, self.streams);
                    self.welcome(workload.unwrap_or_default())?;
                }
                // Of a later version: a hint.
                None => {}
            }
        }
    }

    /// Reads the token and the certificates, and puts together what is said first.
    fn dial(&self) -> anyhow::Result<Dial> {
        let token = connect::small_file(&self.token_file, TOKEN).context("cannot read the token")?;
        let token = String::from_utf8(token).ok().context("the token is not text")?;
        let mut bearer = MetadataValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| anyhow::anyhow!("the token holds characters that no header can carry"))?;
        bearer.set_sensitive(true);

        let connector = connect::Connector::new(&self.control_plane, self.ca_file.as_deref())?;
        let started = self.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut room = HELLO;
        let mut fits = |holding: &v1::Holding| {
            // The key, the hash, and what frames them.
            room = room.saturating_sub(holding.key.len() + 48);
            room > 0
        };
        let hello = v1::Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Vec::new(),
            instance_id: self.instance.clone(),
            started_at_ms: u64::try_from(started.as_millis()).unwrap_or(u64::MAX),
            holdings: self.holdings.holdings().into_iter().take_while(|holding| fits(holding)).collect(),
            probe_port: self.sidecar.probe().map_or(0, |at| at.port().into()),
        };
        Ok(Dial { control_plane: self.control_plane.clone(), connector, bearer, hello })
    }

    /// # Errors
    ///
    /// If this is another workload than the one whose policy is held: then nothing of that is held any more.
    fn welcome(&mut self, workload: v1::Workload) -> anyhow::Result<()> {
        tracing::info!(
            namespace = workload.namespace,
            service_account = workload.service_account,
            "the control plane answers"
        );
        self.sidecar.about(about(&workload));
        let before = self.holdings.workload.replace(workload.clone());
        if before.is_some_and(|before| !same(&before, &workload)) {
            // Policy and keys of one workload are none of another's, also where the two have parts in common.
            self.holdings = Holdings { workload: Some(workload), ..Holdings::default() };
            (self.confirmed, self.expired, self.mounted) = (None, false, None);
            self.sidecar.publish(outrigger_route::Snapshot::pending(), Vec::new());
            self.save();
            bail!("the token is another workload's now: its policy is asked for anew");
        }
        Ok(())
    }

    /// One update: applied, served, kept.
    fn take(&mut self, update: v1::Update) -> anyhow::Result<v1::Ack> {
        let (revision, parts) = (update.revision.clone(), update.resources.len() + update.removed.len());
        let now = SystemTime::now();
        let rejections =
            self.holdings.apply(update, now).map_err(|why| anyhow::anyhow!("the update is refused: {why}"))?;
        for rejection in &rejections {
            tracing::error!(
                code = "policy_rejected",
                key = rejection.key,
                why = rejection.code,
                "{}",
                rejection.reason
            );
        }
        self.confirmed = Some(now);
        self.sidecar.staleness(None);
        let mounted = self.mounted.take().is_some();
        // A sidecar that held all of it serves on as it is.
        if parts > 0 || mounted || self.expired || self.sidecar.revision().is_none() {
            self.serve();
            tracing::info!(revision, parts, rejected = rejections.len(), "policy applied");
        }
        self.save();
        Ok(v1::Ack { revision, rejections })
    }

    fn serve(&mut self) {
        let problems = self.holdings.problems();
        problems.iter().for_each(|problem| tracing::error!(code = "policy_problem", "{problem}"));
        self.sidecar.publish(self.holdings.view().assemble(), problems);
        self.expired = false;
    }

    fn save(&self) {
        let Some(disk) = &self.disk else { return };
        if let Err(error) = disk.save(&self.holdings) {
            // A full disk is no reason to refuse a policy: the next start asks the control plane instead.
            tracing::error!(code = "policy_not_kept", %error, "the policy is in memory only, not on disk");
        }
    }

    /// The stream lives, so what is held is what should be.
    fn confirm(&mut self) {
        let now = SystemTime::now();
        self.confirmed = Some(now);
        let noted = self.holdings.received.and_then(|received| now.duration_since(received).ok());
        if noted.is_none_or(|age| age > NOTE) {
            self.holdings.received = Some(now);
            self.save();
        }
    }

    /// What is done while nobody has said what the policy is.
    fn tend(&mut self) {
        self.expire();
        if self.expired {
            return;
        }
        if let Some(found) = self.mounted.as_mut().and_then(|mounted| mounted.look(Instant::now())) {
            found.log();
            self.holdings.mounted = found;
            self.sidecar.publish(self.holdings.view().assemble(), self.holdings.problems());
        }
    }

    /// Stops serving under a policy that is too old, where somebody has said what that is.
    fn expire(&mut self) {
        if !self.expired && too_old(self.confirmed, self.max_staleness) {
            tracing::error!(
                code = "policy_stale",
                "the policy was not confirmed for too long: nothing is served any more"
            );
            self.sidecar.publish(outrigger_route::Snapshot::stale(&self.holdings.revision), vec![TOO_OLD.to_owned()]);
            self.expired = true;
        }
    }
}

/// All that one attempt to connect needs.
struct Dial {
    control_plane: Uri,
    connector: connect::Connector,
    bearer: MetadataValue<Ascii>,
    hello: v1::Hello,
}

impl Dial {
    /// Connects, says hello and waits for the answer to begin.
    async fn open(self) -> anyhow::Result<(mpsc::Sender<v1::SyncRequest>, Streaming<v1::SyncResponse>)> {
        let Self { control_plane, connector, bearer, hello } = self;
        let channel = tonic::transport::Endpoint::from(control_plane.clone())
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .keep_alive_while_idle(true)
            .connect_with_connector(connector)
            .await
            .map_err(|error| anyhow::anyhow!("cannot reach {}: {}", control_plane, innermost(&error)))?;
        let mut client = PolicyServiceClient::new(channel)
            .accept_compressed(CompressionEncoding::Gzip)
            // As much as is ever held, and the keys beside it.
            .max_decoding_message_size(BYTES + (8 << 20));

        let (acks, requests) = mpsc::channel(2);
        acks.send(v1::SyncRequest { message: Some(Said::Hello(hello)) }).await.context("the stream is closed")?;
        let mut request = Request::new(ReceiverStream::new(requests));
        request.metadata_mut().insert("authorization", bearer);
        let response = client.sync(request).await.map_err(said)?;
        Ok((acks, response.into_inner()))
    }
}

/// What is shown while nothing is served for it.
pub(crate) const TOO_OLD: &str = "the policy is older than --max-staleness allows";

/// Whether a policy that was last confirmed then may not be served, where somebody has said how long it may.
pub(crate) fn too_old(confirmed: Option<SystemTime>, most: Option<Duration>) -> bool {
    let age = confirmed.and_then(|confirmed| SystemTime::now().duration_since(confirmed).ok());
    age.zip(most).is_some_and(|(age, most)| age > most)
}

/// Whether both are of one namespace and service account: labels may change, and the view with them.
pub(crate) fn same(one: &v1::Workload, other: &v1::Workload) -> bool {
    (&one.namespace, &one.service_account) == (&other.namespace, &other.service_account)
}

/// Who this is, in the data plane's words.
pub(crate) fn about(workload: &v1::Workload) -> About {
    let v1::Workload { namespace, owner, service_account, team } = workload;
    let told = |text: &str| (!text.is_empty()).then(|| text.into());
    About { namespace: told(namespace), owner: told(owner), service_account: told(service_account), team: told(team) }
}

/// The control plane has ended a call.
#[derive(Debug)]
struct Ended {
    code: tonic::Code,
    message: String,
    /// How long it asks to be left alone.
    pushback: Option<Duration>,
}

impl std::error::Error for Ended {}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the control plane says {:?}: {}", self.code, self.message)
    }
}

/// What a status says; of its metadata only what is known.
fn said(status: tonic::Status) -> anyhow::Error {
    let (code, message) = (status.code(), status.message().to_owned());
    Ended { code, message, pushback: pushback::told(status.metadata()) }.into()
}
