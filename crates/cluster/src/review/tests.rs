mod asking;
mod away;
mod server;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{FutureExt as _, future::BoxFuture};
use serde_json::json;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + SECOND * 1_000_000
}

/// A token of the pod `demo/POD` that lives for so long from the start.
fn token(pod: &str, lives: Duration) -> String {
    let exp = (start() + lives).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let payload = json!({"aud": [AUDIENCE], "exp": exp, "sub": pod});
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload.to_string()))
}

fn vouched(pod: &str) -> TokenReviewStatus {
    let extra = json!({
        "authentication.kubernetes.io/pod-name": [pod],
        "authentication.kubernetes.io/pod-uid": [format!("uid-of-{pod}")],
    });
    let user = json!({"username": "system:serviceaccount:demo:chat", "extra": extra});
    serde_json::from_value(json!({"authenticated": true, "audiences": [AUDIENCE], "user": user})).unwrap()
}

/// An API server that takes `takes` for an answer. A token whose pod begins with `bad` it does not know.
#[derive(Clone, Default)]
struct Server(Arc<Behaviour>);

#[derive(Default)]
struct Behaviour {
    takes: Mutex<Duration>,
    fails: Mutex<Option<NoAnswer>>,
    revoked: Mutex<Vec<String>>,
    asked: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

struct Asking<'a>(&'a Behaviour);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Relaxed);
    }
}

impl Ask for Server {
    fn ask<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<TokenReviewStatus, NoAnswer>> {
        async move {
            self.0.asked.fetch_add(1, Relaxed);
            self.0.most.fetch_max(self.0.now.fetch_add(1, Relaxed) + 1, Relaxed);
            let _asking = Asking(&self.0);
            let takes = *lock(&self.0.takes);
            tokio::time::sleep(takes).await;
            if let Some(why) = lock(&self.0.fails).clone() {
                return Err(why);
            }
            let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
            let claims: HashMap<String, serde_json::Value> = serde_json::from_slice(&payload).unwrap();
            let pod = claims["sub"].as_str().unwrap();
            let known = !pod.starts_with("bad") && !lock(&self.0.revoked).iter().any(|revoked| revoked == pod);
            Ok(if known { vouched(pod) } else { TokenReviewStatus::default() })
        }
        .boxed()
    }
}

impl Server {
    fn new() -> (Self, Arc<Reviewer>) {
        let server = Self::default();
        server.takes(Duration::from_millis(2));
        (server.clone(), Arc::new(Reviewer::new(server)))
    }

    fn takes(&self, takes: Duration) {
        *lock(&self.0.takes) = takes;
    }

    fn fails(&self, why: Option<NoAnswer>) {
        *lock(&self.0.fails) = why;
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Relaxed)
    }
}

/// By outcome: good, refused, remembered, unanswered, busy.
fn counted(reviewer: &Reviewer) -> [u64; 5] {
    reviewer.counts().outcomes
}
