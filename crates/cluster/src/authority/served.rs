//! Somebody else's authority: a certificate that cert-manager, or people, put into a Secret, followed for renewals.

use std::{collections::BTreeMap, convert::Infallible, pin::pin, sync::Arc};

use futures_util::StreamExt as _;
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube_client::Api;
use kube_runtime::{WatchStreamExt as _, watcher};
use tokio::sync::watch;

use super::{
    document::{BUNDLE, is_pem},
    known::{Known, Material, Served},
};
use crate::Cluster;

/// Most that is read of one key of the Secret.
const LONGEST: usize = 256 << 10;

impl Served {
    /// What the Secret holds.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, without anything of what it holds.
    fn read(data: Option<&BTreeMap<String, ByteString>>) -> Result<Self, String> {
        let text = |key: &str| {
            let value = data.and_then(|data| data.get(key)).ok_or_else(|| format!("it holds no `{key}`"))?;
            let value = Some(&value.0).filter(|value| value.len() <= LONGEST);
            let value = value.ok_or_else(|| format!("its `{key}` is longer than 256 KiB"))?;
            String::from_utf8(value.clone()).map_err(|_| format!("its `{key}` is no text"))
        };
        let (chain, key, bundle) = (text("tls.crt")?, text("tls.key")?, text(BUNDLE)?);
        for (name, pem) in [("tls.crt", &chain), (BUNDLE, &bundle)] {
            if !is_pem(pem) {
                return Err(format!("its `{name}` is no certificate in PEM"));
            }
        }
        Ok(Self { chain, key, bundle: bundle.into() })
    }
}

/// For as long as it is polled: follows the Secret `name`. What was good goes on while it is not.
pub(super) async fn run(cluster: Cluster, name: String, known: watch::Sender<Known>) -> Infallible {
    let api = Api::<Secret>::namespaced(cluster.client(), cluster.namespace());
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut secrets = pin!(watcher(api, config).default_backoff());
    let mut found = false;
    loop {
        // A watch goes on for ever.
        let Some(event) = secrets.next().await else { std::future::pending().await };
        let read = match event {
            Ok(watcher::Event::Apply(secret) | watcher::Event::InitApply(secret)) => {
                found = true;
                Served::read(secret.data.as_ref())
                    .map_err(|why| format!("the Secret {name} cannot be used: {why}; cert-manager writes all three"))
            }
            Ok(watcher::Event::Init) => {
                found = false;
                continue;
            }
            Ok(watcher::Event::InitDone) if found => continue,
            Ok(watcher::Event::InitDone | watcher::Event::Delete(_)) => {
                Err(format!("there is no Secret {name} in the namespace {}", cluster.namespace()))
            }
            Err(error) => Err(format!("the Secret {name} cannot be read: {error}")),
        };
        note(&known, read);
    }
}

fn note(known: &watch::Sender<Known>, read: Result<Served, String>) {
    known.send_if_modified(|before| match read {
        Ok(served) => {
            let same = matches!(&before.material, Some(Material::Served(it)) if **it == served);
            let news = !same || before.why.is_some();
            if !same {
                before.material = Some(Material::Served(Arc::new(served)));
            }
            before.why = None;
            news
        }
        Err(why) => {
            let news = before.why.as_ref() != Some(&why);
            if news {
                tracing::error!(code = "authority_broken", "{why}; what is known goes on");
            }
            before.why = Some(why);
            news
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, ByteString> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec()))).collect()
    }

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_secret_of_cert_manager_is_read_and_everything_else_is_told() {
        let good = data(&[("tls.crt", PEM), ("tls.key", "sk-secret"), ("ca.crt", PEM)]);
        let served = Served::read(Some(&good)).unwrap();
        assert_eq!(&*served.bundle, PEM);
        assert!(!format!("{served:?}").contains("sk-secret"));
        for (key, why) in [("tls.crt", "holds no `tls.crt`"), ("tls.key", "`tls.key`"), ("ca.crt", "holds no `ca.crt`")]
        {
            let mut without = good.clone();
            without.remove(key);
            assert!(Served::read(Some(&without)).unwrap_err().contains(why), "{key}");
        }
        let mut long = good.clone();
        long.insert("tls.key".to_owned(), ByteString(vec![b'a'; LONGEST + 1]));
        assert!(Served::read(Some(&long)).unwrap_err().contains("longer than"));
        let mut words = good;
        words.insert("ca.crt".to_owned(), ByteString(b"words".to_vec()));
        assert!(Served::read(Some(&words)).unwrap_err().contains("no certificate"));
        assert!(Served::read(None).is_err());
    }

    /// What was good goes on, and what is wrong is said once.
    #[test]
    fn what_was_good_goes_on() {
        let (send, mut known) = watch::channel(Known::default());
        let served = Served { chain: PEM.into(), key: "k".into(), bundle: PEM.into() };
        note(&send, Err("gone".into()));
        assert!(known.borrow_and_update().material.is_none());
        note(&send, Ok(served.clone()));
        assert_eq!(known.borrow_and_update().why, None);
        note(&send, Ok(served));
        assert!(!known.has_changed().unwrap());
        note(&send, Err("gone".into()));
        assert!(known.borrow_and_update().material.is_some());
        note(&send, Err("gone".into()));
        assert!(!known.has_changed().unwrap());
    }
}
