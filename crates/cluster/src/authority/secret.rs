//! The Secret of the authorities: followed by every replica, changed by the one that leads.

use std::{
    convert::Infallible,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube_client::{
    Api, Error,
    api::{Patch, PatchParams, PostParams},
};
use kube_runtime::{WatchStreamExt as _, watcher};
use tokio::{sync::watch, time::timeout};

use super::{
    Known, Make, Material, Report,
    document::Document,
    phase::{Spread, Step, Timing, step},
};
use crate::{Cluster, client::CALL};

/// How often it is looked whether something is due, whatever happens.
const LOOK: Duration = Duration::from_secs(30);
/// How long a change that failed is left alone.
const AGAIN: Duration = Duration::from_secs(5);

/// The authorities of one control plane, kept by its replicas together.
pub(super) struct Keeper {
    api: Api<Secret>,
    /// Its name.
    name: &'static str,
    timing: Timing,
    /// `None`: whoever keeps it is another program, and nothing is changed here.
    make: Option<Make>,
    known: watch::Sender<Known>,
    /// As last read, with the version that a change must be of; without one while the Secret is not there or broken.
    document: Option<Arc<Document>>,
    there: There,
    /// The last complaint, so that the same is not made twice a minute.
    complaint: Option<String>,
}

/// What is known of the Secret.
#[derive(Debug, PartialEq, Eq)]
enum There {
    /// Not yet heard.
    Unknown,
    /// There is none.
    Nothing,
    /// It holds no authorities, and nobody but people mends that.
    Broken,
    /// It is of this version.
    Version(String),
}

impl Keeper {
    pub(super) fn new(
        cluster: &Cluster,
        name: &'static str,
        timing: Timing,
        make: Option<Make>,
        known: watch::Sender<Known>,
    ) -> Self {
        let api = Api::namespaced(cluster.client(), cluster.namespace());
        Self { api, name, timing, make, known, document: None, there: There::Unknown, complaint: None }
    }

    /// For as long as it is polled.
    pub(super) async fn run(
        mut self,
        mut leading: watch::Receiver<bool>,
        mut bundles: watch::Receiver<Report>,
    ) -> Infallible {
        let secrets =
            watcher(self.api.clone(), watcher::Config::default().fields(&format!("metadata.name={}", self.name)));
        let mut secrets = pin!(secrets.default_backoff());
        let mut wait = Duration::ZERO;
        loop {
            tokio::select! {
                Some(event) = secrets.next() => self.hear(event),
                Ok(()) = leading.changed() => {}
                Ok(()) = bundles.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
            let spread = self.spread(&bundles.borrow_and_update());
            let leads = *leading.borrow_and_update();
            wait = self.act(leads, spread, SystemTime::now()).await;
        }
    }

    /// What the watch says.
    fn hear(&mut self, event: watcher::Result<watcher::Event<Secret>>) {
        let name = self.name;
        match event {
            Ok(watcher::Event::Apply(secret) | watcher::Event::InitApply(secret)) => self.take(&secret),
            Ok(watcher::Event::Delete(_)) => self.there = There::Nothing,
            Ok(watcher::Event::Init) => self.there = There::Unknown,
            Ok(watcher::Event::InitDone) if self.there == There::Unknown => self.there = There::Nothing,
            Ok(watcher::Event::InitDone) => {}
            Err(error) => self.complain(format!("the Secret {name} cannot be read: {error}")),
        }
    }

    /// The Secret as it is now.
    fn take(&mut self, secret: &Secret) {
        let name = self.name;
        match Document::read(secret.data.as_ref()) {
            Ok(document) => {
                self.there = There::Version(secret.metadata.resource_version.clone().unwrap_or_default());
                self.complaint = None;
                self.publish(document);
            }
            // It is never replaced: somebody may be mending it, and everybody's trust depends on it.
            Err(why) => {
                self.there = There::Broken;
                self.complain(format!(
                    "the Secret {name} is broken: {why}; put it back from a backup, or delete it with every control \
                     plane stopped, for new authorities"
                ));
            }
        }
    }

    fn publish(&mut self, document: Document) {
        if self.document.as_deref() != Some(&document) {
            let document = Arc::new(document);
            self.document = Some(document.clone());
            self.known.send_replace(Known { material: Some(Material::Authorities(document)), why: None });
        }
    }

    fn complain(&mut self, why: String) {
        if self.complaint.as_ref() != Some(&why) {
            tracing::error!(code = "authority_broken", "{why}; what is known goes on");
            if self.document.is_none() {
                self.known.send_replace(Known { material: None, why: Some(why.clone()) });
            }
            self.complaint = Some(why);
        }
    }

    /// Says once that whoever makes it has not done so yet.
    fn await_it(&mut self) {
        let why = format!("authority_pending: the control plane has not made the Secret {} yet", self.name);
        if self.complaint.as_ref() != Some(&why) {
            tracing::info!("{why}");
            self.known.send_replace(Known { material: None, why: Some(why.clone()) });
            self.complaint = Some(why);
        }
    }

    /// How the bundles stand, if they are those of this document.
    fn spread(&self, bundles: &Report) -> Spread {
        let bundle = self.document.as_ref().map(|document| document.bundle());
        if bundle.is_some() && bundles.of.as_deref() == bundle.as_deref() {
            Spread { complete: bundles.complete, replaced: bundles.replaced }
        } else {
            Spread::default()
        }
    }

    /// Does what is due; answers when to look again.
    async fn act(&mut self, leads: bool, spread: Spread, now: SystemTime) -> Duration {
        let changed = match (&self.there, self.document.clone()) {
            (There::Nothing, None) if self.make.is_none() => {
                self.await_it();
                return LOOK;
            }
            (There::Nothing, None) => self.create(None, now).await,
            // Somebody deleted it. Every sidecar still trusts what is known here.
            (There::Nothing, Some(document)) if leads => self.create(Some(document), now).await,
            (There::Version(version), Some(document)) if leads => {
                let version = version.clone();
                self.advance(&document, &version, spread, now).await
            }
            _ => return LOOK,
        };
        match changed {
            Ok(wait) => wait,
            Err(why) => {
                self.complain(why);
                AGAIN
            }
        }
    }

    async fn create(&mut self, document: Option<Arc<Document>>, now: SystemTime) -> Result<Duration, String> {
        let document = match document {
            Some(document) => Document::clone(&document),
            None => Document::first(self.make(now)?, now, self.timing.life),
        };
        let mut secret = Secret { type_: Some("Opaque".to_owned()), data: Some(document.data()), ..Secret::default() };
        let name = self.name;
        secret.metadata.name = Some(name.to_owned());
        secret.metadata.labels = Some([("app.kubernetes.io/managed-by".to_owned(), "outrigger".to_owned())].into());
        let params = PostParams::default();
        match timeout(CALL, self.api.create(&params, &secret)).await {
            Ok(Ok(made)) => {
                tracing::info!("the Secret {name} was made");
                self.take(&made);
                Ok(Duration::ZERO)
            }
            // Another replica was first, and the watch brings what it made.
            Ok(Err(Error::Api(status))) if status.code == 409 => Ok(AGAIN),
            Ok(Err(error)) => Err(format!("the Secret {name} cannot be made: {}", said(&error))),
            Err(_) => Err(format!("the Secret {name} cannot be made: the API server does not answer")),
        }
    }

    /// Takes the next step with the document.
    async fn advance(
        &mut self,
        document: &Document,
        version: &str,
        spread: Spread,
        now: SystemTime,
    ) -> Result<Duration, String> {
        let name = self.name;
        let timing = self.timing;
        let (changed, what) = match step(document, spread, now, &timing) {
            Step::Wait(until) => {
                let wait = until.and_then(|until| until.duration_since(now).ok());
                return Ok(wait.map_or(LOOK, |wait| wait.clamp(Duration::from_millis(10), LOOK)));
            }
            Step::MakeNext => {
                (document.with_next(self.make(now)?, now, &timing), "a new authority was made, for the bundles first")
            }
            Step::Distributed => (document.distributed(now), "every bundle holds the new authority"),
            Step::Promote => {
                if !spread.complete {
                    tracing::error!(
                        code = "authority_not_everywhere",
                        "the new authority signs although not every namespace has it: its sidecars there do not \
                         connect until it is"
                    );
                }
                (document.promoted(now, &timing), "the new authority signs from now on")
            }
            Step::Replace => (
                document.replaced(self.make(now)?, now, &timing),
                "the authority had ended; a new one signs, and sidecars connect again with the next bundle",
            ),
            Step::Forget => (document.forgotten(now), "an old authority has gone"),
        };
        // Of that version alone: what another leader did meanwhile must not be undone.
        let patch = serde_json::json!({"metadata": {"resourceVersion": version}, "data": changed.data()});
        let params = PatchParams::default();
        match timeout(CALL, self.api.patch(name, &params, &Patch::Merge(&patch))).await {
            Ok(Ok(secret)) => {
                tracing::info!("{what}");
                self.take(&secret);
                Ok(Duration::ZERO)
            }
            // The watch brings what it is now.
            Ok(Err(Error::Api(status))) if matches!(status.code, 404 | 409) => Ok(AGAIN),
            Ok(Err(error)) => Err(format!("the Secret {name} cannot be changed: {}", said(&error))),
            Err(_) => Err(format!("the Secret {name} cannot be changed: the API server does not answer")),
        }
    }

    fn make(&self, now: SystemTime) -> Result<super::Made, String> {
        let Some(make) = &self.make else {
            return Err(format!("the control plane makes what is in the Secret {}", self.name));
        };
        make(now, self.timing.life).map_err(|error| format!("an authority cannot be made: {error:#}"))
    }
}

/// What the API server says, once.
fn said(error: &Error) -> String {
    match error {
        Error::Api(status) => format!("{} {}: {}", status.code, status.reason, status.message),
        other => other.to_string(),
    }
}
