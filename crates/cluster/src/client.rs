//! The API server, and who we are to it.

use std::{
    fmt,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube_client::{
    Api, Client, Config,
    api::PostParams,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

/// How long a connection to the API server may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// A pause before it is asked again who we are.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a call that is no watch may take.
pub(crate) const CALL: Duration = Duration::from_secs(10);

/// An API server, as one account sees it.
#[derive(Clone)]
pub struct Cluster {
    /// For calls.
    pub(crate) client: Client,
    /// The control plane's own namespace.
    pub(crate) namespace: String,
    /// Who calls.
    pub(crate) account: Account,
}

/// Who we are to the API server: `system:serviceaccount:outrigger-system:outrigger-control-plane`, from when it has said so.
#[derive(Clone, Debug, Default)]
pub struct Account(Arc<OnceLock<String>>);

impl Cluster {
    /// Gets ready to call with `kubeconfig`, or as the pod that this is. `namespace`: the control plane's own. Whether the
    /// API server is there shows with the first call.
    ///
    /// # Errors
    ///
    /// If there is nothing to call with.
    pub async fn connect(kubeconfig: Option<&Path>, namespace: String) -> Result<Self> {
        let mut config = match kubeconfig {
            Some(path) => {
                let file = Kubeconfig::read_from(path)
                    // Its own words show the lines around a mistake, in which a token may stand.
                    .map_err(|error| match error {
                        KubeconfigError::Parse(_) => anyhow!("it is no YAML of a kubeconfig"),
                        error => error.into(),
                    })
                    .with_context(|| format!("cannot read the kubeconfig {}", path.display()))?;
                Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?
            }
            None => Config::incluster().context(
                "this is no pod of a cluster: give --kubeconfig FILE, or let the pod mount its service account's token",
            )?,
        };
        config.connect_timeout = Some(CONNECT);
        let client = Client::try_from(config).context("cannot use what the kubeconfig says")?;
        let account = Account::default();
        tokio::spawn(account.clone().ask(client.clone()));
        Ok(Self { client, namespace, account })
    }

    /// For calls.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Who we are to it.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The control plane's own namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}

impl Account {
    /// One that is known.
    pub fn of(name: &str) -> Self {
        Self(Arc::new(OnceLock::from(name.to_owned())))
    }

    /// Its name, for people.
    pub fn name(&self) -> &str {
        self.0.get().map_or("the control plane", String::as_str)
    }

    /// Namespace and name, if it is a service account.
    pub fn service_account(&self) -> Option<(&str, &str)> {
        self.0.get()?.strip_prefix("system:serviceaccount:")?.split_once(':')
    }

    /// Asks until there is an answer.
    async fn ask(self, client: Client) {
        let api = Api::<SelfSubjectReview>::all(client);
        let (post, review) = (PostParams::default(), SelfSubjectReview::default());
        loop {
            let asked = api.create(&post, &review);
            match tokio::time::timeout(CALL, asked).await {
                Ok(Ok(review)) => {
                    let user = review.status.and_then(|status| status.user_info);
                    if let Some(name) = user.and_then(|user| user.username) {
                        let _ = self.0.set(name);
                    }
                    return;
                }
                Ok(Err(error)) => tracing::warn!(code = "api_server_away", "the API server does not answer: {error}"),
                Err(_) => tracing::warn!(code = "api_server_away", "the API server does not answer within ten seconds"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client: _, namespace, account } = self;
        f.debug_struct("Cluster").field("namespace", namespace).field("account", account).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_is_known_by_its_user_name() {
        let of = |name: &str| Account::of(name).service_account().map(|(a, b)| format!("{a}/{b}"));
        assert_eq!(of("system:serviceaccount:a:b").as_deref(), Some("a/b"));
        assert_eq!(of("kubernetes-admin"), None);
    }
}
