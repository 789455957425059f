//! `POST /policy/changes`: objects in, what they would change out.
//!
//! `{"put": [OBJECT, ...], "remove": [{"kind": "ModelRoute", "namespace": "shop", "name": "fast"}, ...]}`; the answer is a
//! [`Change`](outrigger_compile::change::Change).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use outrigger_compile::{ObjectRef, manifest};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    outlook::{Edit, Outlook, Unknown},
    roster::{Page, json, refusal},
    webhook::bare,
};

/// Its path.
pub(super) const PATH: &str = "/policy/changes";
/// What an edit is made of.
const KINDS: [&str; 6] = ["ModelProvider", "ModelRoute", "ModelPolicy", "Secret", "ConfigMap", "Namespace"];
/// Longest body.
const BODY: usize = 8 << 20;
/// Most objects in one edit.
const OBJECTS: usize = 4_096;
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);
/// How long it may take to find out.
const LIMIT: Duration = Duration::from_secs(15);
/// Edits at one time, from their first byte: each may hold a body.
const AT_ONCE: usize = 4;

/// Tells what edits would change.
#[derive(Debug)]
pub(super) struct Changes {
    outlook: Arc<Outlook>,
    room: Semaphore,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    put: Vec<Value>,
    #[serde(default)]
    remove: Vec<ObjectRef>,
}

impl Changes {
    pub(super) fn new(outlook: Arc<Outlook>) -> Self {
        Self { outlook, room: Semaphore::new(AT_ONCE) }
    }

    pub(super) async fn page<B>(&self, body: B) -> Response<Page>
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let Ok(_place) = self.room.try_acquire() else {
            let why = "as many ask for changes as may at one time: try again in a second";
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "busy", why);
        };
        let body = match timeout(ARRIVAL, Limited::new(body, BODY).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => {
                let why = "the edit is longer than 8 MiB, or broke off: ask for a part of it";
                return refusal(StatusCode::PAYLOAD_TOO_LARGE, "too_large", why);
            }
            Err(_) => return refusal(StatusCode::REQUEST_TIMEOUT, "too_slow", "the edit did not come in time"),
        };
        let edit = match read(&body) {
            Ok(edit) => edit,
            Err(why) => return refusal(StatusCode::BAD_REQUEST, "bad_edit", &why),
        };
        match self.outlook.foresee(edit, LIMIT).await {
            Ok(change) => match serde_json::to_vec(&change) {
                Ok(bytes) => json(StatusCode::OK, Full::new(Bytes::from(bytes)).boxed_unsync()),
                Err(error) => {
                    tracing::error!(code = "change_not_compiled", %error, "a change cannot be written");
                    refusal(StatusCode::INTERNAL_SERVER_ERROR, "change_not_compiled", "this is a bug: see the log")
                }
            },
            Err(why) => unknown(why),
        }
    }
}

fn unknown(why: Unknown) -> Response<Page> {
    let (status, message) = match why {
        Unknown::Pending => (StatusCode::SERVICE_UNAVAILABLE, "no policy was read yet: try again in a second"),
        Unknown::Late => {
            (StatusCode::SERVICE_UNAVAILABLE, "it takes too long at this moment: try again, or ask for less")
        }
        Unknown::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "compiling it failed: this is a bug; see the log"),
    };
    refusal(status, why.code(), message)
}

/// Values of what is sent are in no error: some of it may be keys.
fn read(body: &[u8]) -> Result<Edit, String> {
    let asked: Asked = serde_json::from_slice(body).map_err(|error| {
        format!("it is no {{\"put\": [...], \"remove\": [...]}}: line {} column {}", error.line(), error.column())
    })?;
    let Asked { put, remove } = asked;
    if put.len() + remove.len() > OBJECTS {
        return Err(format!("more than {OBJECTS} objects: ask for a part of it"));
    }
    let put = put.into_iter().enumerate().map(|(at, object)| {
        let object = bare(object, "").ok_or_else(|| format!("put[{at}] is no object with metadata"))?;
        if !object["kind"].as_str().is_some_and(|kind| KINDS.contains(&kind)) {
            return Err(format!("put[{at}] is of no kind that policy is made of: {}", KINDS.join(", ")));
        }
        Ok(manifest::object(object))
    });
    Ok(Edit { put: put.collect::<Result<_, String>>()?, removed: remove })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_edit_is_read_and_held_to_its_bounds() {
        let route = json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "ModelRoute",
            "metadata": {"name": "r", "namespace": "a"}, "spec": {"targets": [{"model": "m"}]}});
        let gone = json!({"kind": "ModelPolicy", "namespace": "a", "name": "p"});
        let edit = read(
            json!({"put": [route, {"kind": "ModelRoute", "metadata": {}}], "remove": [gone]}).to_string().as_bytes(),
        );
        let edit = edit.unwrap();
        assert!(edit.put[0].is_ok() && edit.put[1].is_err() && edit.removed.len() == 1);
        let many = |count: usize| read(json!({"remove": vec![gone.clone(); count]}).to_string().as_bytes());
        assert!(many(OBJECTS).is_ok() && many(OBJECTS + 1).is_err());
        for bad in [
            "",
            "[7]",
            r#"{"put": [{"kind": "Service", "metadata": {}}]}"#,
            r#"{"puts": []}"#,
            r#"{"put": ["sk-secret"]}"#,
            r#"{"remove": [{"kind": "sk-secret"}]}"#,
        ] {
            let why = read(bad.as_bytes()).unwrap_err();
            assert!(!why.contains("sk-secret"), "{why}");
        }
    }
}
