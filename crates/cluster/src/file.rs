//! Looking up one file in a ConfigMap of any namespace, for somebody who waits for it and goes on without.

use std::{fmt, sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::ConfigMap;
use kube_client::{Api, Client, Error, api::GetParams};
use tokio::{sync::Semaphore, time::timeout};

/// How long it may take, waiting for others included: well within what an API server gives a webhook.
const CALL: Duration = Duration::from_millis(1500);
/// Lookups under way at one time: each has an object in memory, of 1 MiB at most.
const AT_ONCE: usize = 8;

/// Why a file is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// We may not look.
    Denied,
    /// The API server did not say.
    Unsaid,
}

/// ConfigMaps, looked up one at a time. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    client: Client,
    room: Arc<Semaphore>,
}

impl Files {
    /// As `client` may read them.
    pub fn new(client: Client) -> Self {
        Self { client, room: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The file `key` of the ConfigMap `name`, as the API server remembers it: as of some moments ago. `None`: there is none.
    ///
    /// # Errors
    ///
    /// If that is not known after a second and a half.
    pub async fn get(&self, namespace: &str, name: &str, key: &str) -> Result<Option<Vec<u8>>, Unread> {
        let api = Api::<ConfigMap>::namespaced(self.client.clone(), namespace);
        let asked = async {
            let _room = self.room.acquire().await;
            api.get_with(name, &GetParams::any()).await
        };
        said(timeout(CALL, asked).await.ok(), key)
    }
}

/// What an answer means; `None`: there was none in time.
fn said(answer: Option<Result<ConfigMap, Error>>, key: &str) -> Result<Option<Vec<u8>>, Unread> {
    match answer {
        Some(Ok(map)) => Ok(map.binary_data.and_then(|mut files| files.remove(key)).map(|bytes| bytes.0)),
        Some(Err(Error::Api(status))) if status.code == 404 => Ok(None),
        Some(Err(Error::Api(status))) if matches!(status.code, 401 | 403) => Err(Unread::Denied),
        Some(Err(error)) => {
            tracing::warn!(code = "file_unread", %error, "the API server did not say what a ConfigMap holds");
            Err(Unread::Unsaid)
        }
        None => Err(Unread::Unsaid),
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("room", &self.room.available_permits()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(code: u16) -> Option<Result<ConfigMap, Error>> {
        let status = json!({"status": "Failure", "message": "no", "reason": "r", "code": code});
        Some(Err(Error::Api(serde_json::from_value(status).unwrap())))
    }

    #[test]
    fn what_is_not_there_is_told_from_what_nobody_knows() {
        let map = |files: serde_json::Value| Some(Ok(serde_json::from_value(json!({"binaryData": files})).unwrap()));
        assert_eq!(said(map(json!({"a": "AQI="})), "a"), Ok(Some(vec![1, 2])));
        assert_eq!(said(map(json!({"a": "AQI="})), "b"), Ok(None));
        assert_eq!(said(map(serde_json::Value::Null), "a"), Ok(None));
        assert_eq!(said(refused(404), "a"), Ok(None));
        assert_eq!(said(refused(403), "a"), Err(Unread::Denied));
        assert_eq!(said(refused(500), "a"), Err(Unread::Unsaid));
        assert_eq!(said(None, "a"), Err(Unread::Unsaid));
    }
}
