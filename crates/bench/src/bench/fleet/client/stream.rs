//! One stream, from connecting to its end, on h2 itself.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Method, Request, Version};
use outrigger_api::v1::{self, sync_request::Message as Said, sync_response::Message as Told};
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, sync::watch, task::JoinHandle, time::Instant};

use super::{backoff::Backoff, frame, shared::Shared};
use crate::bench::clock;

/// As the sidecar's.
const GREETING: Duration = Duration::from_secs(15);
/// What hyper's client asks for unless told otherwise, which the sidecar does not.
const STREAM_WINDOW: u32 = 2 << 20;
const WINDOW: u32 = 5 << 20;

/// How a stream ended.
pub(super) enum End {
    /// We were told to.
    Dropped,
    /// It could not be opened, or broke.
    Lost(String),
    /// The control plane did what it must not.
    Fault(String),
}

/// A stream that is open. Its connection ends with it, at once.
struct Open {
    connection: JoinHandle<()>,
    said: SendStream<Bytes>,
    told: RecvStream,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

pub(super) async fn stream(
    shared: &Shared,
    number: usize,
    backoff: &mut Backoff,
    drops: &mut watch::Receiver<u64>,
) -> End {
    drops.mark_unchanged();
    let mut open = match tokio::time::timeout(GREETING, connect(shared, number)).await {
        Ok(Ok(open)) => open,
        Ok(Err(end)) => return end,
        Err(_) => return End::Lost("no answer within 15 s".to_owned()),
    };
    backoff.reset();
    let mut settled = false;
    let end = follow(shared, number, &mut open, &mut settled, drops).await;
    if settled {
        shared.counts.borrow_mut().settled -= 1;
    }
    end
}

async fn connect(shared: &Shared, number: usize) -> Result<Open, End> {
    let lost = |what: &'static str| move |error: &dyn std::fmt::Display| End::Lost(format!("{what}: {error}"));
    let socket = TcpStream::connect(shared.setup.addr).await.map_err(|error| lost("connecting")(&error))?;
    let _ = socket.set_nodelay(true);
    let name = ServerName::IpAddress(shared.setup.addr.ip().into());
    let socket = shared.tls.connect(name, socket).await.map_err(|error| lost("handshake")(&error))?;
    let (requests, connection) = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake::<_, Bytes>(socket)
        .await
        .map_err(|error| lost("HTTP/2")(&error))?;
    let connection = tokio::task::spawn_local(async move {
        // What ends it is seen by the stream.
        let _ = connection.await;
    });
    let open = async {
        let mut requests = requests.ready().await?;
        let (response, said) = requests.send_request(request(shared, number), false)?;
        Ok::<_, h2::Error>((response, said))
    };
    let (response, mut said) = match open.await {
        Ok(open) => open,
        Err(error) => {
            connection.abort();
            return Err(lost("call")(&error));
        }
    };
    let hello = v1::Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        capabilities: Vec::new(),
        instance_id: format!("{number:016x}"),
        started_at_ms: 0,
        holdings: shared.holdings[number].borrow().holdings(),
        probe_port: 0,
    };
    let sent = said.send_data(frame::write(Said::Hello(hello)), false);
    let response = match sent {
        Ok(()) => response.await,
        Err(error) => Err(error),
    };
    match response {
        Ok(response) if response.headers().contains_key("grpc-status") => {
            connection.abort();
            Err(over(response.headers()))
        }
        Ok(response) => Ok(Open { connection, said, told: response.into_body() }),
        Err(error) => {
            connection.abort();
            Err(lost("call")(&error))
        }
    }
}

fn request(shared: &Shared, number: usize) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    let uri = format!("https://{}/outrigger.policy.v1.PolicyService/Sync", shared.setup.addr);
    *request.uri_mut() = uri.parse().unwrap_or_default();
    let bearer = format!("Bearer {}", shared.setup.sidecars[number].token);
    for (name, value) in [
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("grpc-accept-encoding", "gzip,identity"),
        ("authorization", &bearer),
    ] {
        if let Ok(value) = http::HeaderValue::try_from(value) {
            request.headers_mut().insert(name, value);
        }
    }
    request
}

async fn follow(
    shared: &Shared,
    number: usize,
    open: &mut Open,
    settled: &mut bool,
    drops: &mut watch::Receiver<u64>,
) -> End {
    let mut buffer = BytesMut::new();
    // The update that is not acknowledged yet, and until when.
    let mut due: Option<(Instant, String)> = None;
    loop {
        let until = due.as_ref().map(|(until, _)| *until);
        let data = tokio::select! {
            data = open.told.data() => data,
            () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {
                if let Some((_, revision)) = due.take()
                    && let Err(end) = acknowledge(shared, open, settled, revision)
                {
                    return end;
                }
                continue;
            }
            _ = drops.changed() => return End::Dropped,
        };
        let data = match data {
            Some(Ok(data)) => data,
            Some(Err(error)) => return End::Lost(format!("stream: {error}")),
            None => return ended(open).await,
        };
        let _ = open.told.flow_control().release_capacity(data.len());
        shared.counts.borrow_mut().bytes += data.len() as u64;
        buffer.extend_from_slice(&data);
        loop {
            let namespace = &shared.setup.sidecars[number].namespace;
            let message = match frame::next(&mut buffer) {
                Some((packed, message)) => shared.read.borrow_mut().read(namespace, packed, message),
                None => break,
            };
            match message.and_then(|message| take(shared, number, &message, due.is_some())) {
                Ok(None) => {}
                Ok(Some(revision)) => match shared.slow.get() {
                    Some((one_of, wait)) if number.is_multiple_of(one_of) => {
                        due = Some((Instant::now() + wait, revision));
                    }
                    _ => {
                        if let Err(end) = acknowledge(shared, open, settled, revision) {
                            return end;
                        }
                    }
                },
                Err(why) => return End::Fault(why),
            }
        }
        if buffer.is_empty() {
            // A policy is large and the stream is quiet after it.
            buffer = BytesMut::new();
        }
    }
}

/// What a stream that is over says of it.
async fn ended(open: &mut Open) -> End {
    match open.told.trailers().await {
        Ok(Some(trailers)) => over(&trailers),
        _ => End::Lost("the stream was closed".to_owned()),
    }
}

/// An end in gRPC's words. Only a control plane that cannot serve now is none of a fault.
fn over(headers: &HeaderMap) -> End {
    let said = format!("ended: {:?} {:?}", headers.get("grpc-status"), headers.get("grpc-message"));
    let unavailable = headers.get("grpc-status").is_some_and(|code| code == "14");
    if unavailable { End::Lost(said) } else { End::Fault(said) }
}

/// The revision of an update, which is to be acknowledged.
fn take(shared: &Shared, number: usize, message: &v1::SyncResponse, pending: bool) -> Result<Option<String>, String> {
    let namespace = &shared.setup.sidecars[number].namespace;
    match &message.message {
        Some(Told::Welcome(v1::Welcome { workload, .. })) => match workload {
            Some(told) if told.namespace == *namespace => Ok(None),
            told => Err(format!("taken for {told:?}")),
        },
        Some(Told::Update(update)) => {
            let mut counts = shared.counts.borrow_mut();
            counts.most_pending = counts.most_pending.max(1 + usize::from(pending));
            if pending {
                return Err("an update before the ack of the last one".to_owned());
            }
            shared.holdings[number].borrow_mut().apply(namespace, update)?;
            Ok(Some(update.revision.clone()))
        }
        None => Err("an empty message".to_owned()),
    }
}

fn acknowledge(shared: &Shared, open: &mut Open, settled: &mut bool, revision: String) -> Result<(), End> {
    let ack = v1::Ack { revision, rejections: Vec::new() };
    let sent = open.said.send_data(frame::write(Said::Ack(ack)), false);
    sent.map_err(|error| End::Lost(format!("ack: {error}")))?;
    let mut counts = shared.counts.borrow_mut();
    counts.acks += 1;
    counts.last_ack = clock::now().as_secs_f64();
    counts.settled += usize::from(!std::mem::replace(settled, true));
    Ok(())
}
