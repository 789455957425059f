//! `GET /fleet` on the port that sidecars use: for people who are not on this machine, and whom the API server knows.

use http::{HeaderMap, Method, Request, Response, StatusCode};
use outrigger_cluster::access::{Access, Denied};

use crate::{
    push::service::bearer,
    roster::{self, Page, Roster},
};

/// Shows the fleet to those who may see it.
#[derive(Debug)]
pub(crate) struct People {
    /// Who says who may; `None` outside Kubernetes, where nobody can.
    access: Option<Access>,
    roster: std::sync::Arc<Roster>,
}

impl People {
    pub(crate) fn new(access: Option<Access>, roster: std::sync::Arc<Roster>) -> Self {
        Self { access, roster }
    }

    /// The answer, if it is the page that is asked for.
    pub(super) async fn page<B>(&self, request: &Request<B>) -> Option<Response<Page>> {
        if request.method() != Method::GET || request.uri().path() != roster::PATH {
            return None;
        }
        Some(match self.check(request.headers()).await {
            Ok(()) => self.roster.page(request.uri().query()),
            Err(refusal) => *refusal,
        })
    }

    async fn check(&self, headers: &HeaderMap) -> Result<(), Box<Response<Page>>> {
        let refuse = |status, code: &str, message: &str| Err(Box::new(roster::refusal(status, code, message)));
        let Some(access) = &self.access else {
            return refuse(
                StatusCode::NOT_FOUND,
                "not_in_a_cluster",
                "this control plane runs outside Kubernetes, where nobody says who may read this here: read /fleet at \
                 its --admin-listen address, on its own machine",
            );
        };
        let Some(token) = bearer(headers) else {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "token_missing",
                "send `Authorization: Bearer TOKEN` with a token of the API server: kubectl create token NAME",
            );
        };
        match access.check(token, roster::PATH).await {
            Ok(()) => Ok(()),
            Err(Denied::Unauthenticated) => refuse(
                StatusCode::UNAUTHORIZED,
                "token_refused",
                "the API server does not take this token as one for itself: get another, kubectl create token NAME",
            ),
            Err(Denied::Forbidden { user }) => refuse(
                StatusCode::FORBIDDEN,
                "forbidden",
                &format!(
                    "{user} may not read this: bind it to a ClusterRole with nonResourceURLs [\"{}\"] and verbs [\"get\"]",
                    roster::PATH
                ),
            ),
            Err(Denied::Busy) => {
                refuse(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many ask at this moment: try again in a second")
            }
            Err(Denied::Unavailable(why)) => {
                tracing::warn!(code = "access_unknown", "whether somebody may read /fleet is not known: {why}");
                refuse(StatusCode::SERVICE_UNAVAILABLE, "access_unknown", &why)
            }
        }
    }
}
