//! Our own pages: `/metrics`, `/readyz`, `/livez`, and those of [`Desk`], which are for this machine alone.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{
    desk::Desk,
    fleet::Fleet,
    metrics::Metrics,
    roster::{Page, refusal, text},
    source::Standing,
    tls::Serving,
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
    pub(crate) desk: Arc<Desk>,
    /// `None` without TLS.
    pub(crate) serving: Option<Arc<Serving>>,
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
                let pages = pages.clone();
                async move { Ok::<_, Infallible>(Box::pin(pages.page(request, local)).await) }
            });
            let _ =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

impl Pages {
    /// Why it is of no use yet.
    fn pending(&self) -> Option<String> {
        self.standing.pending().or_else(|| self.serving.as_ref()?.pending())
    }

    async fn page(&self, request: Request<Incoming>, local: bool) -> Response<Page> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/metrics") => {
                text(StatusCode::OK, "text/plain; version=0.0.4", self.metrics.render(self.fleet.len()))
            }
            (&Method::GET, "/livez") => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
            // Ready once a policy could be read (R-CFG-10) and there is a certificate to show: before that a sidecar does
            // better to ask another replica.
            (&Method::GET, "/readyz") => match self.pending() {
                None => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
                Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{why}\n")),
            },
            (_, path) if Desk::has(path) && local => self.desk.answer(request).await,
            (_, path) if Desk::has(path) => refusal(
                StatusCode::NOT_FOUND,
                "not_local",
                "here it is for this machine alone: from elsewhere, ask the port that sidecars use, with a token",
            ),
            (&Method::GET, "/") => text(
                StatusCode::OK,
                "text/plain",
                "/metrics  /readyz  /livez  /fleet  /views/  /policy/changes\n".to_owned(),
            ),
            _ => text(StatusCode::NOT_FOUND, "text/plain", "no such page\n".to_owned()),
        }
    }
}
