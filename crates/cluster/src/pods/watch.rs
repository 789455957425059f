//! The pods of a cluster, watched: their metadata alone.

use std::{future::Future, pin::pin};

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube_client::{Api, Client, Error as Refused, core::PartialObjectMeta};
use kube_runtime::{
    WatchStreamExt as _,
    watcher::{self, Config, watcher},
};

use super::{Event, Meta, Pods};

/// How long one watch lasts, in seconds: a connection that is dead without a word is found within this.
const WATCH: u32 = 120;
/// Objects on one page, where an API server cannot list as a stream.
const PAGE: u32 = 500;

impl Pods {
    /// Watches the pods of the cluster until it is dropped.
    pub fn follow(&self, client: Client) -> impl Future<Output = ()> + Send + use<> {
        follow(self.clone(), client)
    }
}

/// Follows the pods until it is dropped. Nothing that goes wrong makes it forget any.
async fn follow(pods: Pods, client: Client) {
    // One after the other, where it can: a page of pods is far larger than what is kept of them.
    let mut config = Config::default().streaming_lists().timeout(WATCH);
    loop {
        let api = Api::<PartialObjectMeta<Pod>>::all(client.clone());
        // Longer waits, with jitter, for as long as it fails.
        let mut events = pin!(watcher(api, config.clone()).default_backoff());
        let mut failing = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!("pods are watched again");
                    }
                    event_of(event).into_iter().for_each(|event| pods.apply(event));
                }
                Err(error) if cannot_stream(&error) && config == Config::default().streaming_lists().timeout(WATCH) => {
                    tracing::info!("the API server does not list pods as a stream: they are listed page by page");
                    config = Config::default().page_size(PAGE).timeout(WATCH);
                    break;
                }
                Err(error) if !std::mem::replace(&mut failing, true) => {
                    let right =
                        if is_forbidden(&error) { ": the control plane may not `list` and `watch pods`" } else { "" };
                    tracing::warn!(code = "pods_not_watched", %error, "what is known of pods goes on counting{right}");
                }
                Err(error) => tracing::debug!(%error, "pods are not watched yet"),
            }
        }
    }
}

/// What of an object is wanted, so that the rest of it is gone at once.
fn event_of(event: watcher::Event<PartialObjectMeta<Pod>>) -> Option<Event> {
    Some(match event {
        watcher::Event::Init => Event::Listing,
        watcher::Event::InitApply(pod) => Event::Listed(Meta::of(pod.metadata)?),
        watcher::Event::InitDone => Event::Complete,
        watcher::Event::Apply(pod) => Event::Applied(Meta::of(pod.metadata)?),
        watcher::Event::Delete(pod) => Event::Deleted(pod.metadata.uid?),
    })
}

/// Before 1.27, and later with the feature off, the parameter itself is refused.
fn cannot_stream(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(Refused::Api(status)) if matches!(status.code, 400 | 422))
}

fn is_forbidden(error: &watcher::Error) -> bool {
    use watcher::Error::{InitialListFailed, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(Refused::Api(status))
        | WatchStartFailed(Refused::Api(status))
        | WatchFailed(Refused::Api(status)) => matches!(status.code, 401 | 403),
        watcher::Error::WatchError(status) => matches!(status.code, 401 | 403),
        _ => false,
    }
}
