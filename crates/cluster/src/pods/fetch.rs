//! One pod, asked for by name.

use std::{fmt, time::Duration};

use futures_util::{FutureExt as _, future::BoxFuture};
use k8s_openapi::api::core::v1::Pod;
use kube_client::{Api, Client};

use super::Meta;

/// How long the API server may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Whoever knows pods by name.
pub trait Fetch: Send + Sync + 'static {
    /// The pod of this name; `None` if there is none.
    fn fetch<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<Meta>, NotTold>>;
}

/// Why nobody says whether there is such a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTold(pub String);

impl Fetch for Client {
    fn fetch<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<Meta>, NotTold>> {
        async move {
            let pods = Api::<Pod>::namespaced(self.clone(), namespace);
            match tokio::time::timeout(LIMIT, pods.get_metadata_opt(name)).await {
                Ok(Ok(found)) => Ok(found.and_then(|found| Meta::of(found.metadata))),
                Ok(Err(kube_client::Error::Api(status))) if status.code == 401 || status.code == 403 => {
                    Err(NotTold(format!("the control plane may not `get pods` in {namespace}: {}", status.message)))
                }
                Ok(Err(error)) => Err(NotTold(error.to_string())),
                Err(_) => Err(NotTold(format!("the API server does not answer within {} s", LIMIT.as_secs()))),
            }
        }
        .boxed()
    }
}

impl fmt::Display for NotTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotTold {}
