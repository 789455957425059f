//! Looking one `Secret` up, for an object that is not there yet: what follows the policy of the cluster follows only what
//! objects name that are there.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::Secret as Core;
use kube_client::{Api, Error};
use outrigger_compile::{Kind, ObjectRef, Unreadable, World};
use tokio::time::timeout;

use crate::{
    Cluster,
    source::{how_to_permit, plain},
};

/// How long an answer may take.
const CALL: Duration = Duration::from_millis(700);
/// Lookups of one edit; those beyond are left as they are known.
const MOST: usize = 16;
/// Lookups under way at one time, of one edit.
const AT_ONCE: usize = 4;

impl Cluster {
    /// Puts what is known of these `Secret`s (namespace, name) into `world`, as far as it does not know of them: the first
    /// 16, for at most some 3 seconds where the API server is slow.
    pub async fn look_up(&self, wanted: Vec<(String, String)>, world: &mut World) {
        let new = wanted.into_iter().filter(|(namespace, name)| {
            let object = ObjectRef { kind: Kind::Secret, namespace: namespace.clone(), name: name.clone() };
            world.metadata(&object).is_none() && !world.unreadable.iter().any(|it| it.object == object)
        });
        let new: Vec<_> = new.take(MOST).collect();
        let mut found = stream::iter(new).map(|name| self.found(name)).buffer_unordered(AT_ONCE);
        while let Some(found) = found.next().await {
            match found {
                Ok(Some(secret)) => world.secrets.push(secret),
                Ok(None) => {}
                Err(unread) => world.unreadable.push(unread),
            }
        }
    }

    async fn found(&self, name: (String, String)) -> Result<Option<outrigger_crd::Secret>, Unreadable> {
        let api = Api::<Core>::namespaced(self.client.clone(), &name.0);
        let reason = match timeout(CALL, api.get_opt(&name.1)).await {
            Ok(Ok(found)) => return Ok(found.map(plain)),
            Ok(Err(Error::Api(status))) if matches!(status.code, 401 | 403) => how_to_permit(&name, &self.account),
            Ok(Err(_)) | Err(_) => {
                format!("whether there is a Secret {}/{} is not known: the API server did not say", name.0, name.1)
            }
        };
        let object = ObjectRef { kind: Kind::Secret, namespace: name.0, name: name.1 };
        Err(Unreadable { object, reason, aliases: Vec::new() })
    }
}
