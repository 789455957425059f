//! Our own pages: `/metrics`, `/readyz`, `/livez`, and those of [`Desk`], which are for this machine alone.

use std::{convert::Infallible, sync::Arc};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use outrigger_probe::{Peer, browser};
use tokio::net::TcpListener;

use crate::{
    desk::Desk,
    fleet::Fleet,
    metrics::Metrics,
    roster::{Page, refusal, text},
    scrape::Scraper,
    source::Standing,
    tls::Serving,
};

/// What the pages show.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) metrics: Arc<Metrics>,
    /// `None`: what sidecars count is read at their pods.
    pub(crate) scraper: Option<Arc<Scraper>>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) desk: Arc<Desk>,
    /// `None` without TLS.
    pub(crate) serving: Option<Arc<Serving>>,
}

/// Serves the pages until it is dropped.
pub(crate) async fn accept(listener: TcpListener, pages: Arc<Pages>) -> Infallible {
    outrigger_probe::accept(listener, move |request, peer| {
        let pages = pages.clone();
        async move { Box::pin(pages.page(request, peer)).await }
    })
    .await
}

/// What of them a cluster may see.
impl outrigger_probe::Pages for Pages {
    fn metrics(&self) -> String {
        self.metrics.certificate(self.serving.as_ref().and_then(|serving| serving.ends()));
        let shown = self.scraper.as_ref().map(|scraper| scraper.show());
        let mut page = self.metrics.render(self.fleet.len());
        page.extend(shown);
        page
    }

    fn pending(&self) -> Option<String> {
        self.why_pending()
    }
}

impl Pages {
    /// Why it is of no use yet.
    fn why_pending(&self) -> Option<String> {
        self.standing.pending().or_else(|| self.serving.as_ref()?.pending())
    }

    async fn page(&self, request: Request<Incoming>, peer: Peer) -> Response<Page> {
        let (path, local) = (request.uri().path(), peer.from.ip().to_canonical().is_loopback());
        // A browser on this machine is on this machine too, and what it has open is somebody else's (H7).
        if Desk::has(path)
            && local
            && let Some(why) = browser::refusal(request.headers(), peer.to.ip(), &[])
        {
            return refusal(StatusCode::FORBIDDEN, why.code(), why.text());
        }
        match (request.method(), path) {
            (&Method::GET, "/metrics") => {
                text(StatusCode::OK, "text/plain; version=0.0.4", outrigger_probe::Pages::metrics(self))
            }
            (&Method::GET, "/livez") => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
            // Ready once a policy could be read (R-CFG-10) and there is a certificate to show: before that a sidecar does
            // better to ask another replica.
            (&Method::GET, "/readyz") => match self.why_pending() {
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
                "/metrics  /readyz  /livez  /fleet  /fleet/top  /views/  /policy/changes\n".to_owned(),
            ),
            _ => text(StatusCode::NOT_FOUND, "text/plain", "no such page\n".to_owned()),
        }
    }
}
