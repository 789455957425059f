//! The call itself, to an API server made of a function.

use http::{Method, Request, Response, StatusCode};
use kube_client::{Client, client::Body};

use super::*;

/// What a token of `web` is told where the API server answers `status` and `body`; what was asked is looked at by `look`.
async fn asked(
    status: StatusCode,
    body: String,
    look: fn(&Request<Body>, &serde_json::Value),
) -> Result<TokenReviewStatus, NoAnswer> {
    let service = tower::service_fn(move |request: Request<Body>| {
        let body = body.clone();
        async move {
            let (head, sent) = request.into_parts();
            let sent = sent.collect_bytes().await.map_err(|_| std::io::Error::other("no body"))?;
            look(&Request::from_parts(head, Body::empty()), &serde_json::from_slice(&sent).unwrap());
            let response = Response::builder().status(status).body(Body::from(body.into_bytes())).unwrap();
            Ok::<_, std::io::Error>(response)
        }
    });
    ApiServer::new(Client::new(service, "default")).ask("the.token.itself").await
}

#[tokio::test]
async fn a_review_is_asked_for_and_read() {
    let answer = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "metadata": {"creationTimestamp": null},
        "spec": {"token": "the.token.itself", "audiences": [AUDIENCE]},
        "status": {"authenticated": true, "audiences": [AUDIENCE], "user": {"username": "x"}},
    });
    let status = asked(StatusCode::CREATED, answer.to_string(), |head, sent| {
        assert_eq!((head.method(), head.uri().path()), (&Method::POST, "/apis/authentication.k8s.io/v1/tokenreviews"));
        assert_eq!(
            *sent,
            json!({
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenReview",
                "spec": {"token": "the.token.itself", "audiences": [AUDIENCE]},
            })
        );
    })
    .await
    .unwrap();
    assert_eq!((status.authenticated, status.user.unwrap().username.as_deref()), (Some(true), Some("x")));
}

#[tokio::test]
async fn what_is_no_answer_says_why_and_shows_no_token() {
    let failure = |code: u16, reason: &str| {
        json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
            "message": "something about the.token.itself",
        })
        .to_string()
    };
    let why = async |code: u16, body: String| {
        let why = asked(StatusCode::from_u16(code).unwrap(), body, |_, _| {}).await.unwrap_err();
        assert!(!format!("{why} {why:?}").contains("the.token.itself"), "{why}");
        why
    };
    for code in [401, 403] {
        assert_eq!(why(code, failure(code, "Forbidden")).await, NoAnswer::Forbidden);
    }
    assert!(NoAnswer::Forbidden.to_string().contains("system:auth-delegator"));
    let unreachable = |text: &str| NoAnswer::Unreachable(text.to_owned());
    assert_eq!(why(500, failure(500, "InternalError")).await, unreachable("it answers 500 InternalError"));
    assert!(matches!(why(503, "<html>the.token.itself".to_owned()).await, NoAnswer::Unreachable(_)));
    assert_eq!(why(201, "the.token.itself".to_owned()).await, unreachable("its answer is no TokenReview"));
    assert_eq!(why(201, "{}".to_owned()).await, unreachable("its answer is no TokenReview"));
}
