//! Pages on the port that sidecars use: for people who are not on this machine, and whom the API server knows.

use std::sync::Arc;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use outrigger_cluster::access::{Access, Denied};

use crate::{
    desk::Desk,
    push::bearer::bearer,
    roster::{self, Page},
};

/// Shows what there is to those who may see it.
#[derive(Debug)]
pub(crate) struct People {
    /// Who says who may; `None` outside Kubernetes, where nobody can.
    access: Option<Access>,
    desk: Arc<Desk>,
}

impl People {
    pub(crate) fn new(access: Option<Access>, desk: Arc<Desk>) -> Self {
        Self { access, desk }
    }

    /// The answer, if it is a page that is asked for; else the request.
    ///
    /// # Errors
    ///
    /// The request, where it is for somebody else.
    pub(super) async fn page(&self, request: Request<Incoming>) -> Result<Response<Page>, Box<Request<Incoming>>> {
        if !Desk::has(request.uri().path()) {
            return Err(Box::new(request));
        }
        Ok(match self.check(&request).await {
            Ok(()) => self.desk.answer(request).await,
            Err(refusal) => *refusal,
        })
    }

    async fn check<B>(&self, request: &Request<B>) -> Result<(), Box<Response<Page>>> {
        let path = Desk::right(request.uri().path());
        let refuse = |status, code: &str, message: &str| Err(Box::new(roster::refusal(status, code, message)));
        let Some(access) = &self.access else {
            return refuse(
                StatusCode::NOT_FOUND,
                "not_in_a_cluster",
                "this control plane runs outside Kubernetes, where nobody says who may read this here: read it at its \
                 --admin-listen address, on its own machine",
            );
        };
        let Some(token) = bearer(request.headers()) else { return Err(Box::new(no_token())) };
        access.check(token, path).await.map_err(|why| {
            let role = format!("bind it to a ClusterRole with nonResourceURLs [\"{path}\"] and verbs [\"get\"]");
            Box::new(refused(why, path, &role))
        })
    }
}

/// Who comes without a token.
pub(crate) fn no_token() -> Response<Page> {
    roster::refusal(
        StatusCode::UNAUTHORIZED,
        "token_missing",
        "send `Authorization: Bearer TOKEN` with a token of the API server: kubectl create token NAME",
    )
}

/// Why whoever asks for `what` does not get it; `role`: what they would need.
pub(crate) fn refused(why: Denied, what: &str, role: &str) -> Response<Page> {
    match why {
        Denied::Unauthenticated => roster::refusal(
            StatusCode::UNAUTHORIZED,
            "token_refused",
            "the API server does not take this token as one for itself: get another, kubectl create token NAME",
        ),
        Denied::Forbidden { user } => {
            roster::refusal(StatusCode::FORBIDDEN, "forbidden", &format!("{user} may not read this: {role}"))
        }
        Denied::Busy => roster::refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many ask at this moment: try again in a second",
        ),
        Denied::Unavailable(why) => {
            tracing::warn!(code = "access_unknown", "whether somebody may read {what} is not known: {why}");
            roster::refusal(StatusCode::SERVICE_UNAVAILABLE, "access_unknown", &why)
        }
    }
}
