//! Who is answered, and where: sidecars and people with a token on one port, people of this machine on another.

use std::{convert::Infallible, sync::Arc};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use outrigger_probe::{Peer, browser};
use tokio::net::TcpListener;

use super::{program::Program, questions::Asker};
use crate::{
    lock::lock,
    push::Calls,
    roster::{Page, refusal, text},
};

impl Calls for Program {
    type Body = Page;

    async fn answer(&self, request: Request<Incoming>) -> (Response<Page>, bool) {
        if !Self::has(request.uri().path()) {
            return self.call(request).await;
        }
        let answer = self.ask(request, Asker::WithToken).await;
        let good = answer.status().is_success();
        (answer, good)
    }
}

/// Serves the pages of this machine until it is dropped.
pub(super) async fn pages(listener: TcpListener, program: Arc<Program>) -> Infallible {
    outrigger_probe::accept(listener, move |request, peer| {
        let program = program.clone();
        async move { Box::pin(program.page(request, peer)).await }
    })
    .await
}

/// What of them a cluster may see.
impl outrigger_probe::Pages for Program {
    fn metrics(&self) -> String {
        self.metrics.render(self.line.len())
    }

    fn pending(&self) -> Option<String> {
        // A sidecar keeps what it has while the store is away, and asks another replica if there is one.
        self.serving.as_ref().and_then(|serving| serving.pending()).or_else(|| lock(&self.away).clone())
    }
}

impl Program {
    async fn page(&self, request: Request<Incoming>, peer: Peer) -> Response<Page> {
        let (path, local) = (request.uri().path(), peer.from.ip().to_canonical().is_loopback());
        // A browser on this machine is on this machine too, and what it has open is somebody else's (H7).
        if Self::has(path)
            && local
            && let Some(why) = browser::refusal(request.headers(), peer.to.ip(), &[])
        {
            return refusal(StatusCode::FORBIDDEN, why.code(), why.text());
        }
        let plain = |body: String| text(StatusCode::OK, "text/plain", body);
        match (request.method(), path) {
            (&Method::GET, "/metrics") => {
                text(StatusCode::OK, "text/plain; version=0.0.4", self.metrics.render(self.line.len()))
            }
            (&Method::GET, "/livez" | "/healthz") => plain("ok\n".to_owned()),
            (&Method::GET, "/readyz") => match outrigger_probe::Pages::pending(self) {
                None => plain("ok\n".to_owned()),
                Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{why}\n")),
            },
            (_, path) if Self::has(path) && local => self.ask(request, Asker::OnThisMachine).await,
            (_, path) if Self::has(path) => refusal(
                StatusCode::NOT_FOUND,
                "not_local",
                "here it is for this machine alone: from elsewhere, ask the port that sidecars use, with a token",
            ),
            (&Method::GET, "/") => plain(
                "/metrics  /readyz  /livez  /usage  /usage/gaps  /usage/closed  /usage/expensive  \
                 /api/v1/activity  /api/v1/generation\n"
                    .to_owned(),
            ),
            _ => text(StatusCode::NOT_FOUND, "text/plain", "no such page\n".to_owned()),
        }
    }
}
