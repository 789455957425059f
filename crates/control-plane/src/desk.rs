//! What people are shown beyond metrics: `/fleet`, `/views/...`, `/policy/changes`. At our own pages for whoever is on this
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
    roster::{self, Page, Roster, refusal},
    source::Worlds,
};

/// Shows it.
#[derive(Debug)]
pub(crate) struct Desk {
    roster: Arc<Roster>,
    changes: changes::Changes,
    views: views::Views,
}

impl Desk {
    pub(crate) fn new(
        roster: Arc<Roster>,
        outlook: Arc<Outlook>,
        catalog: Arc<Catalog>,
        worlds: Worlds,
        fleet: Arc<Fleet>,
    ) -> Self {
        let views = views::Views::new(catalog, worlds, fleet);
        Self { roster, changes: changes::Changes::new(outlook), views }
    }

    /// Whether this is one of its pages.
    pub(crate) fn has(path: &str) -> bool {
        path == roster::PATH || path == changes::PATH || path.starts_with(views::PATH)
    }

    /// The answer for one who may see it.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response<Page>
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let (path, query) = (request.uri().path(), request.uri().query());
        match request.method() {
            &Method::GET if path == roster::PATH => self.roster.page(query),
            &Method::GET if path.starts_with(views::PATH) => self.views.page(path).await,
            &Method::POST if path == changes::PATH => self.changes.page(request.into_body()).await,
            method => {
                let why = format!("{path} does not take {method}: GET /fleet, GET /views/..., POST /policy/changes");
                refusal(StatusCode::METHOD_NOT_ALLOWED, "bad_method", &why)
            }
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
        Arc::new(Self::new(Arc::new(roster), Arc::new(outlook), catalog, worlds, fleet.clone()))
    }
}
