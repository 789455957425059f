//! Whether somebody with a bearer token may do what they wish: the API server is asked who it is, and then whether such a
//! person may, so that `kubectl create token` and a ClusterRole are all that people need.
//!
//! What is asked and what an answer means is pure ([`judge`]); so is what is remembered of it ([`recent`]).

mod denied;
mod judge;
mod recent;
#[cfg(test)]
mod tests;
mod wish;

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use k8s_openapi::api::{authentication::v1::TokenReview, authorization::v1::SubjectAccessReview};
use kube_client::{Api, Client, api::PostParams};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use self::recent::Recent;
pub use self::{denied::Denied, wish::Wish};
use crate::{Cluster, client::CALL};

/// Questions under way at one time: each is two calls that cost the API server some milliseconds.
const AT_ONCE: usize = 4;
/// Questions that wait for their turn.
const WAITING: usize = 64;

/// Asks the API server what people may.
pub struct Access {
    client: Client,
    recent: Mutex<Recent>,
    turns: Semaphore,
    room: Semaphore,
}

impl Access {
    /// Asks this API server, as who we are to it.
    pub fn new(cluster: &Cluster) -> Self {
        Self {
            client: cluster.client(),
            recent: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            room: Semaphore::new(AT_ONCE + WAITING),
        }
    }

    /// Whether whoever has `token` may `get` the page at `path`. What was said of a token holds for ten seconds.
    ///
    /// # Errors
    ///
    /// Why not. Nothing of the token is in it.
    pub async fn check(&self, token: &str, path: &str) -> Result<(), Denied> {
        self.may(token, Wish::Page(path)).await
    }

    /// Whether whoever has `token` may do this. What was said of a token holds for ten seconds.
    ///
    /// # Errors
    ///
    /// Why not. Nothing of the token is in it.
    pub async fn may(&self, token: &str, wish: Wish<'_>) -> Result<(), Denied> {
        if !judge::plausible(token) {
            return Err(Denied::Unauthenticated);
        }
        // A token is not kept: whoever reads our memory should not find what others came with.
        let asked = judge::name(wish).part(token).whole();
        if let Some(known) = self.recent().get(&asked, Instant::now()) {
            return known;
        }
        let Ok(_place) = self.room.try_acquire() else { return Err(Denied::Busy) };
        let Ok(Ok(_turn)) = timeout(CALL, self.turns.acquire()).await else { return Err(Denied::Busy) };
        // Somebody may have asked the same meanwhile.
        if let Some(known) = self.recent().get(&asked, Instant::now()) {
            return known;
        }
        let answer = self.ask(token, wish).await;
        if judge::lasts(&answer) {
            self.recent().put(asked, answer.clone(), Instant::now());
        }
        answer
    }

    async fn ask(&self, token: &str, wish: Wish<'_>) -> Result<(), Denied> {
        let review: TokenReview = self.create(judge::who(token)).await?;
        let user = judge::user(review)?;
        let name = user.username.clone().unwrap_or_default();
        let review: SubjectAccessReview = self.create(judge::may(user, wish)).await?;
        judge::allowed(review, name)
    }

    async fn create<K>(&self, question: K) -> Result<K, Denied>
    where
        K: kube_core::Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + fmt::Debug,
    {
        let kind = K::kind(&());
        let api = Api::<K>::all(self.client.clone());
        match timeout(CALL, api.create(&PostParams::default(), &question)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Denied::Unavailable(judge::unasked(&kind, &error))),
            Err(_) => Err(Denied::Unavailable(format!("the API server does not answer a {kind}"))),
        }
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}
