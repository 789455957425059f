//! Looking one `Secret` or `ConfigMap` up, for an object that is not there yet: what follows the policy of the cluster follows only what
//! objects name that are there.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube_client::{Api, Error};
use outrigger_compile::{Kind, ObjectRef, Unreadable, World, manifest::Object};
use tokio::time::timeout;

use crate::{
    Cluster,
    source::{config_map, how_to_permit, secret},
};

/// How long an answer may take.
const CALL: Duration = Duration::from_millis(700);
/// Lookups of one edit; those beyond are left as they are known.
const MOST: usize = 16;
/// Lookups under way at one time, of one edit.
const AT_ONCE: usize = 4;

impl Cluster {
    /// Puts what is known of these `Secret`s and `ConfigMap`s into `world`, as far as it does not know of them: the first
    /// 16, for at most some 3 seconds where the API server is slow.
    pub async fn look_up(&self, wanted: Vec<ObjectRef>, world: &mut World) {
        let new = wanted.into_iter().filter(|object| {
            world.metadata(object).is_none() && !world.unreadable.iter().any(|it| it.object == *object)
        });
        let new: Vec<_> = new.take(MOST).collect();
        let mut found = stream::iter(new).map(|object| self.found(object)).buffer_unordered(AT_ONCE);
        while let Some(found) = found.next().await {
            match found {
                Ok(Some(object)) => world.put(Ok(object)),
                Ok(None) => {}
                Err(unread) => world.unreadable.push(unread),
            }
        }
    }

    async fn found(&self, object: ObjectRef) -> Result<Option<Object>, Unreadable> {
        let ObjectRef { kind, namespace, name } = &object;
        let asking = async {
            match kind {
                Kind::ConfigMap => {
                    let api = Api::<ConfigMap>::namespaced(self.client.clone(), namespace);
                    Ok(api.get_opt(name).await?.map(config_map))
                }
                _ => {
                    let api = Api::<Secret>::namespaced(self.client.clone(), namespace);
                    Ok(api.get_opt(name).await?.map(secret))
                }
            }
        };
        let reason = match timeout(CALL, asking).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(Error::Api(status))) if matches!(status.code, 401 | 403) => how_to_permit(&object, &self.account),
            Ok(Err(_)) | Err(_) => {
                format!("whether there is a {object} is not known: the API server did not say")
            }
        };
        Err(Unreadable { object, reason, aliases: Vec::new() })
    }
}
