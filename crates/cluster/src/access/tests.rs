use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::join_all;
use http::{Request, Response};
use kube_client::client::Body;
use serde_json::{Value, json};

use super::*;
use crate::Account;

/// An API server that knows `good` as ann, who may, and `other` as bob, who may not; everything takes a tenth of a second.
#[derive(Clone, Default)]
struct Server {
    asked: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Server {
    fn access(&self) -> Access {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        let client = Client::new(service, "default");
        Access::new(&Cluster { client, namespace: "n".to_owned(), account: Account::default() })
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.asked.fetch_add(1, SeqCst);
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.now.fetch_sub(1, SeqCst);
        let body = request.into_body().collect_bytes().await.unwrap();
        let mut asked: Value = serde_json::from_slice(&body).unwrap();
        asked["status"] = match asked["spec"]["token"].as_str() {
            Some("away") => {
                let status = json!({"kind": "Status", "status": "Failure", "code": 500, "reason": "InternalError"});
                return Response::builder().status(500).body(status.to_string().into_bytes().into()).unwrap();
            }
            Some("other") => json!({"authenticated": true, "user": {"username": "bob"}}),
            Some(token) if token.starts_with("good") => json!({"authenticated": true, "user": {"username": "ann"}}),
            Some(_) => json!({"authenticated": false}),
            None => json!({"allowed": asked["spec"]["user"] == "ann"}),
        };
        Response::new(asked.to_string().into_bytes().into())
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_and_for_how_long_that_is_known() {
    let server = Server::default();
    let access = server.access();
    let asked = |more: usize| assert_eq!(server.asked.swap(0, SeqCst), more);
    assert_eq!(access.check("good", "/fleet").await, Ok(()));
    asked(2);
    assert_eq!(access.check("good", "/fleet").await, Ok(()));
    asked(0);
    assert_eq!(access.check("good", "/other").await, Ok(()));
    asked(2);
    let bob = Err(Denied::Forbidden { user: "bob".to_owned() });
    assert_eq!((access.check("other", "/fleet").await, access.check("other", "/fleet").await), (bob.clone(), bob));
    asked(2);
    assert_eq!(access.check("unknown", "/fleet").await, Err(Denied::Unauthenticated));
    asked(1);
    assert_eq!(access.check("no token", "/fleet").await, Err(Denied::Unauthenticated));
    asked(0);
    // What is about the moment is asked again.
    for _ in 0..2 {
        assert!(matches!(access.check("away", "/fleet").await, Err(Denied::Unavailable(_))));
    }
    asked(2);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(access.check("good", "/fleet").await, Ok(()));
    asked(2);
}

/// Four ask at one time, so many wait, and whoever comes then is told so.
#[tokio::test(start_paused = true)]
async fn only_so_many_ask_and_wait() {
    let server = Server::default();
    let access = server.access();
    let tokens: Vec<String> = (0..100).map(|n| format!("good-{n}")).collect();
    let told = join_all(tokens.iter().map(|token| access.check(token, "/fleet"))).await;
    let busy = told.iter().filter(|told| **told == Err(Denied::Busy)).count();
    assert_eq!((busy, server.most.load(SeqCst)), (100 - AT_ONCE - WAITING, AT_ONCE));
    assert!(told.iter().all(|told| matches!(told, Ok(()) | Err(Denied::Busy))));
}
