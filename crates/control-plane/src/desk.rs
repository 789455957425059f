//! What people are shown beyond metrics: `/fleet`, `/fleet/top`, `/views/...`, `/policy/changes`. At our own pages for whoever is on this
//! machine, at the port for sidecars for whom the API server lets see it ([`crate::push`]).

mod changes;
mod views;

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use outrigger_catalog::Catalog;

use crate::{
    fleet::Fleet,
    outlook::Outlook,
    roster::{self, Page, Roster, refusal, text},
    scrape::{Scraper, top},
    source::Worlds,
};

/// Shows it.
#[derive(Debug)]
pub(crate) struct Desk {
    roster: Arc<Roster>,
    changes: changes::Changes,
    views: views::Views,
    /// `None`: what sidecars count is read at their pods.
    scraper: Option<Arc<Scraper>>,
}

impl Desk {
    pub(crate) fn new(
        roster: Arc<Roster>,
        outlook: Arc<Outlook>,
        catalog: Arc<Catalog>,
        worlds: Worlds,
        fleet: Arc<Fleet>,
        scraper: Option<Arc<Scraper>>,
    ) -> Self {
        let views = views::Views::new(catalog, worlds, fleet);
        Self { roster, changes: changes::Changes::new(outlook), views, scraper }
    }

    /// Whether this is one of its pages.
    pub(crate) fn has(path: &str) -> bool {
        [roster::PATH, top::PATH, changes::PATH].contains(&path) || path.starts_with(views::PATH)
    }

    /// The answer for one who may see it.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response<Page>
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let (path, query) = (request.uri().path(), request.uri().query());
        match request.method() {
            &Method::GET if path == roster::PATH => self.roster.page(query),
            &Method::GET if path == top::PATH => self.top(),
            &Method::GET if path.starts_with(views::PATH) => self.views.page(path).await,
            &Method::POST if path == changes::PATH => self.changes.page(request.into_body()).await,
            method => {
                let why = format!(
                    "{path} does not take {method}: GET /fleet, GET /fleet/top, GET /views/..., POST /policy/changes"
                );
                refusal(StatusCode::METHOD_NOT_ALLOWED, "bad_method", &why)
            }
        }
    }
}

impl Desk {
    /// Which right a page wants: that of another, or its own.
    pub(crate) fn right(path: &str) -> &str {
        if path == top::PATH { roster::PATH } else { path }
    }

    fn top(&self) -> Response<Page> {
        match &self.scraper {
            Some(scraper) => text(StatusCode::OK, "application/json", format!("{}\n", scraper.top())),
            None => refusal(
                StatusCode::NOT_FOUND,
                "metrics_from_pods",
                "this control plane does not read what its sidecars count: it was started with --metrics-from pods, the \
                 chart's metrics.from: Pods. Ask the Prometheus that reads the pods",
            ),
        }
    }
}

#[cfg(test)]
impl Desk {
    /// One of a control plane that follows nothing.
    pub(crate) fn idle(roster: Roster, fleet: &Arc<Fleet>) -> Arc<Self> {
        let (_, worlds) = tokio::sync::watch::channel(None);
        let catalog = Arc::new(Catalog::embedded());
        let outlook = Outlook::new(catalog.clone(), worlds.clone(), fleet.clone(), None, None);
        Arc::new(Self::new(Arc::new(roster), Arc::new(outlook), catalog, worlds, fleet.clone(), None))
    }
}
