//! The call.

use std::fmt;

use futures_util::{FutureExt as _, future::BoxFuture};
use http::{Method, Request, header};
use k8s_openapi::api::authentication::v1::TokenReviewStatus;
use kube_client::{Client, Error};
use serde::{Deserialize, Serialize};

use super::verdict::AUDIENCE;

/// Whoever knows tokens.
pub trait Ask: Send + Sync + 'static {
    /// What there is to say of this token, for our audience. May take as long as it likes.
    fn ask<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<TokenReviewStatus, NoAnswer>>;
}

/// Why nothing was said of a token. Holds nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The control plane has no right to ask.
    Forbidden,
    /// The API server does not answer, or with an error.
    Unreachable(String),
}

/// The API server.
#[derive(Clone)]
pub struct ApiServer(Client);

impl ApiServer {
    /// As `client` sees it.
    pub fn new(client: Client) -> Self {
        Self(client)
    }
}

const PATH: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

/// A `TokenReview`, borrowed.
#[derive(Serialize)]
struct Asked<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    kind: &'a str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    token: &'a str,
    audiences: [&'a str; 1],
}

/// What is wanted of the answer. Not the client's own way to read it: that logs what it cannot read, and the answer holds
/// the token.
#[derive(Deserialize)]
struct Answer {
    status: TokenReviewStatus,
}

impl Ask for ApiServer {
    fn ask<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<TokenReviewStatus, NoAnswer>> {
        let spec = Spec { token, audiences: [AUDIENCE] };
        let asked = Asked { api_version: "authentication.k8s.io/v1", kind: "TokenReview", spec };
        let unreachable = |why: &str| NoAnswer::Unreachable(why.to_owned());
        async move {
            let body = serde_json::to_vec(&asked).map_err(|_| unreachable("the review cannot be written"))?;
            let request = Request::builder()
                .method(Method::POST)
                .uri(PATH)
                .header(header::CONTENT_TYPE, "application/json")
                .body(body)
                .map_err(|_| unreachable("the review cannot be asked for"))?;
            let answer = self.0.request_text(request).await.map_err(|error| NoAnswer::of(&error))?;
            let answer: Answer =
                serde_json::from_str(&answer).map_err(|_| unreachable("its answer is no TokenReview"))?;
            Ok(answer.status)
        }
        .boxed()
    }
}

impl NoAnswer {
    fn of(error: &Error) -> Self {
        match error {
            Error::Api(status) if matches!(status.code, 401 | 403) => Self::Forbidden,
            Error::Api(status) => Self::Unreachable(format!("it answers {} {}", status.code, status.reason)),
            // Of what was sent or received these say nothing.
            Error::HyperError(_) | Error::Service(_) => Self::Unreachable(error.to_string()),
            _ => Self::Unreachable("the call failed".to_owned()),
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden => f.write_str(
                "the control plane may not `create tokenreviews.authentication.k8s.io`: bind its service account to the \
                 ClusterRole system:auth-delegator",
            ),
            Self::Unreachable(why) => write!(f, "the API server: {why}"),
        }
    }
}

impl std::error::Error for NoAnswer {}

impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServer").finish_non_exhaustive()
    }
}
