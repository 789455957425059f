//! An API server that holds a few objects in memory.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Method, Request, Response, StatusCode};
use kube_client::{Client, client::Body};
use serde_json::{Value, json};

/// What it holds, by path, and what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<State>>);

/// What lies between a client and the server.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<Way>>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    #[default]
    Open,
    /// Calls do not arrive.
    Shut,
    /// Calls arrive, answers do not.
    Mute,
}

impl Gate {
    pub(crate) fn set(&self, way: Way) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = way;
    }

    fn state(&self) -> Way {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    version: u64,
    calls: Vec<(Method, String, Value)>,
    /// What is answered instead, while it is set.
    fails: Option<StatusCode>,
}

impl Server {
    /// A client whose calls arrive while `gate` is open, and are not answered while it is not.
    pub(crate) fn client_behind(&self, gate: Gate) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (server, gate) = (server.clone(), gate.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect_bytes().await.map(|it| it.to_vec()).unwrap_or_default();
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                let wait = || tokio::time::sleep(Duration::from_secs(3600));
                if gate.state() == Way::Shut {
                    wait().await;
                }
                let (status, answer) = server.answer(&head.method, head.uri.path(), body);
                if gate.state() == Way::Mute {
                    wait().await;
                }
                let mut response = Response::new(Body::from(answer.to_string().into_bytes()));
                *response.status_mut() = status;
                Ok::<_, Infallible>(response)
            }
        });
        Client::new(service, "default")
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an object at `path`; its version is the server's.
    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut state = self.state();
        state.version += 1;
        object["metadata"]["resourceVersion"] = state.version.to_string().into();
        state.objects.insert(path.to_owned(), object);
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.state().objects.get(path).cloned()
    }

    pub(crate) fn remove(&self, path: &str) {
        self.state().objects.remove(path);
    }

    pub(crate) fn fail(&self, status: Option<StatusCode>) {
        self.state().fails = status;
    }

    /// The calls so far with this method.
    pub(crate) fn calls(&self, method: &Method) -> Vec<(String, Value)> {
        let state = self.state();
        let of = state.calls.iter().filter(|(other, ..)| other == method);
        of.map(|(_, path, body)| (path.clone(), body.clone())).collect()
    }

    fn answer(&self, method: &Method, path: &str, body: Value) -> (StatusCode, Value) {
        let mut state = self.state();
        state.calls.push((method.clone(), path.to_owned(), body.clone()));
        let refused = |code: StatusCode, reason: &str| {
            let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code.as_u16(),
                "reason": reason, "message": reason});
            (code, status)
        };
        if let Some(code) = state.fails {
            return refused(code, "InternalError");
        }
        state.version += 1;
        let version = Value::from(state.version.to_string());
        let at = path.strip_suffix("/status").unwrap_or(path);
        match *method {
            Method::POST => {
                let at = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap_or_default());
                if state.objects.contains_key(&at) {
                    return refused(StatusCode::CONFLICT, "AlreadyExists");
                }
                let mut body = body;
                body["metadata"]["resourceVersion"] = version;
                state.objects.insert(at, body.clone());
                (StatusCode::CREATED, body)
            }
            Method::GET => match state.objects.get(at) {
                Some(object) => (StatusCode::OK, object.clone()),
                None => refused(StatusCode::NOT_FOUND, "NotFound"),
            },
            _ => {
                let Some(object) = state.objects.get_mut(at) else { return refused(StatusCode::NOT_FOUND, "NotFound") };
                let is = |field: &str| {
                    body["metadata"][field].is_null() || body["metadata"][field] == object["metadata"][field]
                };
                if !is("uid") || (*method == Method::PUT && !is("resourceVersion")) {
                    return refused(StatusCode::CONFLICT, "Conflict");
                }
                match *method {
                    Method::PUT => *object = body,
                    _ => object["status"] = body["status"].clone(),
                }
                object["metadata"]["resourceVersion"] = version;
                (StatusCode::OK, object.clone())
            }
        }
    }
}
