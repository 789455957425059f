//! Our own pages: `/metrics`, `/readyz`, `/livez`, and `/fleet`, which is for this machine alone.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{
    fleet::{About, Fleet},
    metrics::Metrics,
    source::Standing,
};

/// Connections at one time: probes and scrapers are few.
const MOST: usize = 64;
/// How long a listener rests after an `accept` that failed.
const REST: Duration = Duration::from_millis(50);

/// What the pages show.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) standing: Arc<Standing>,
}

/// Serves the pages until it is dropped.
pub(crate) async fn accept(listener: TcpListener, pages: Arc<Pages>) {
    let room = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let Ok((socket, peer)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let pages = pages.clone();
        tokio::spawn(async move {
            let _place = place;
            let local = peer.ip().is_loopback();
            let service = service_fn(move |request: Request<Incoming>| {
                let page = pages.page(&request, local);
                async move { Ok::<_, Infallible>(page) }
            });
            let _ =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

impl Pages {
    fn page(&self, request: &Request<Incoming>, local: bool) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/metrics") => {
                text(StatusCode::OK, "text/plain; version=0.0.4", self.metrics.render(self.fleet.len()))
            }
            (&Method::GET, "/livez") => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
            // Ready once a policy could be read (R-CFG-10): before that a sidecar does better to ask another replica.
            (&Method::GET, "/readyz") => match self.standing.pending() {
                None => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
                Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{why}\n")),
            },
            (&Method::GET, "/fleet") if local => {
                text(StatusCode::OK, "application/json", format!("{:#}\n", self.sidecars()))
            }
            (&Method::GET, "/") => text(StatusCode::OK, "text/plain", "/metrics  /readyz  /livez  /fleet\n".to_owned()),
            _ => text(StatusCode::NOT_FOUND, "text/plain", "no such page\n".to_owned()),
        }
    }

    /// Every sidecar that is connected here, in order of workload and instance.
    fn sidecars(&self) -> Value {
        let mut rows: Vec<(String, Value)> = self
            .fleet
            .connections()
            .iter()
            .map(|connection| {
                let About { hello, revision, rejections } = connection.about();
                let (seat, token) = (connection.seat(), &connection.token);
                let workload = seat.subscription.workload();
                let order = format!("{}/{}/{}", workload.namespace, workload.service_account, hello.instance_id);
                let row = json!({
                    "namespace": workload.namespace,
                    "serviceAccount": workload.service_account,
                    "labels": workload.labels,
                    "team": seat.account.team,
                    "token": token.id,
                    "instance": hello.instance_id,
                    "version": hello.version,
                    "startedAtMs": hello.started_at_ms,
                    "revision": revision,
                    "current": *revision == *seat.subscription.view().revision,
                    "rejections": rejections.iter().map(|it| json!({
                        "key": it.key, "code": it.code, "reason": it.reason,
                    })).collect::<Vec<_>>(),
                });
                (order, row)
            })
            .collect();
        rows.sort_by(|(left, _), (right, _)| left.cmp(right));
        json!({"sidecars": rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), "policy": self.standing.shown()})
    }
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
