//! One watch that never ends: what every kind needs, whatever it holds.

use std::{fmt::Debug, time::Duration};

use futures_util::{Stream, StreamExt as _};
use kube_client::{Api, Error};
use kube_core::Resource;
use kube_runtime::{
    WatchStreamExt as _,
    utils::Backoff,
    watcher::{self, Config, Event, watcher},
};
use serde::de::DeserializeOwned;

/// How long one watch lasts before it is opened anew: a connection that has died without a word is found by then.
const WATCH_SECONDS: u32 = 90;
/// From one failed try to the next: at first, and at most. With jitter, so that replicas do not come together.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);

/// Pauses between tries: each twice as long as the one before, and up to half of it longer, until it goes well again.
struct Pauses(Duration);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.0;
        self.0 = LONGEST.min(2 * pause);
        Some(pause + pause.mul_f64(fastrand::f64() / 2.0))
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0 = FIRST;
    }
}

/// What `api` holds and what becomes of it, with pauses where it fails. `streaming`: as one stream from the beginning, which
/// costs neither side pages; older API servers refuse it (see [`refuses_streaming`]).
pub(crate) fn events<K>(
    api: Api<K>,
    config: Config,
    streaming: bool,
) -> impl Stream<Item = watcher::Result<Event<K>>> + Send
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let config = config.timeout(WATCH_SECONDS);
    let config = if streaming { config.streaming_lists() } else { config };
    watcher(api, config).backoff(Pauses(FIRST)).boxed()
}

/// Whether an API server refuses to stream what there is: 1.31 and older do so unless told otherwise.
pub(crate) fn refuses_streaming(error: &watcher::Error) -> bool {
    code(error) == Some(422)
}

/// The HTTP status that the API server answered with, if it was its answer.
pub(crate) fn code(error: &watcher::Error) -> Option<u16> {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => api_code(error),
        watcher::Error::WatchError(status) => Some(status.code),
        watcher::Error::NoResourceVersion => None,
    }
}

/// The same of a plain call.
pub(crate) fn api_code(error: &Error) -> Option<u16> {
    if let Error::Api(status) = error { Some(status.code) } else { None }
}
