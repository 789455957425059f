//! A review as a question, and the answer to it: pure. Between the two somebody may look up what the answer depends on.

use outrigger_cluster::{
    admission::{AdmissionRequest, AdmissionResponse, AdmissionReview},
    kube_client::core::DynamicObject,
    record::Said,
};
use outrigger_crd::k8s_openapi::api::core::v1::{ObjectReference, Pod};
use outrigger_inject::{Ask, ENABLED, Injected, Outcome, Profiles, Secrets, Settings, asks_for_secrets, inject};

/// What a review comes to.
pub(super) struct Reviewed {
    pub(super) answer: AdmissionReview<DynamicObject>,
    /// What became of the pod: `injected`, or why not.
    pub(super) code: &'static str,
    /// What is to be said of it.
    pub(super) said: Vec<Said>,
}

/// Why a body is no question.
#[derive(Debug)]
pub(super) struct NoReview;

/// A question.
pub(super) struct Review {
    request: AdmissionRequest<Pod>,
    /// The API server asks because of the namespace's label, which says yes.
    by_namespace: bool,
}

impl Review {
    /// The one in `body`.
    pub(super) fn read(body: &[u8], by_namespace: bool) -> Result<Self, NoReview> {
        let review: AdmissionReview<Pod> = serde_json::from_slice(body).map_err(|_| NoReview)?;
        Ok(Self { request: review.try_into().map_err(|_| NoReview)?, by_namespace })
    }

    /// The namespace and the pod, if the answer depends on which keys its policy uses.
    pub(super) fn asks_for_secrets(&self, settings: &Settings, profiles: Profiles<'_>) -> Option<(&str, &Pod)> {
        let secrets = Secrets::Unknown(String::new());
        asks_for_secrets(self.ask(profiles, &secrets)?, settings).then(|| self.pod())?
    }

    fn ask<'a>(&'a self, profiles: Profiles<'a>, secrets: &'a Secrets) -> Option<Ask<'a>> {
        let (namespace, pod) = self.pod()?;
        Some(Ask { pod, namespace, namespace_says: self.by_namespace.then_some(ENABLED), profiles, secrets })
    }

    fn pod(&self) -> Option<(&str, &Pod)> {
        let pod = self.request.object.as_ref()?;
        let namespace = self.request.namespace.as_deref().or(pod.metadata.namespace.as_deref());
        Some((namespace.unwrap_or_default(), pod))
    }
}

/// Answers `review`.
pub(super) fn answer(
    review: &Review,
    settings: &Settings,
    profiles: Profiles<'_>,
    secrets: &Secrets,
) -> Result<Reviewed, NoReview> {
    let request = &review.request;
    let mut answer = AdmissionResponse::from(request);
    let Some(ask) = review.ask(profiles, secrets) else {
        return Ok(Reviewed { answer: answer.into_review(), code: "no_pod", said: Vec::new() });
    };
    let Ask { pod, namespace, .. } = ask;
    let (code, mut said) = match inject(ask, settings) {
        Outcome::Injected(Injected { patch, notes }) => {
            answer = answer.with_patch(patch).map_err(|_| NoReview)?;
            let notes = notes.into_iter().map(|note| (note.reason, note.text));
            ("injected", notes.collect::<Vec<_>>())
        }
        Outcome::Skipped(skip) if skip.is_said() => {
            (skip.code(), vec![("InjectionSkipped", format!("no sidecar ({}): {skip}", skip.code()))])
        }
        Outcome::Skipped(skip) => (skip.code(), Vec::new()),
    };
    if !said.is_empty() {
        answer.warnings = Some(said.iter().map(|(_, text)| format!("outrigger: {text}")).collect());
    }
    // Nothing comes of a dry run, so nothing has happened.
    if request.dry_run {
        said.clear();
    }
    let about = owner(pod, namespace, &request.name);
    let said = said.into_iter().map(|(reason, note)| Said {
        about: about.clone(),
        warning: true,
        reason: reason.to_owned(),
        action: "Inject",
        note,
    });
    Ok(Reviewed { said: said.collect(), answer: answer.into_review(), code })
}

/// Of whom it is said: what makes the pod, since the pod is not there yet and its people look at that.
fn owner(pod: &Pod, namespace: &str, name: &str) -> ObjectReference {
    let owners = pod.metadata.owner_references.as_deref().unwrap_or_default();
    let about = ObjectReference { namespace: Some(namespace.to_owned()), ..ObjectReference::default() };
    match owners.iter().find(|owner| owner.controller == Some(true)) {
        Some(owner) => ObjectReference {
            api_version: Some(owner.api_version.clone()),
            kind: Some(owner.kind.clone()),
            name: Some(owner.name.clone()),
            uid: Some(owner.uid.clone()),
            ..about
        },
        None => {
            let made = pod.metadata.generate_name.clone();
            let name = Some(name.to_owned()).filter(|name| !name.is_empty()).or(pod.metadata.name.clone()).or(made);
            ObjectReference { api_version: Some("v1".to_owned()), kind: Some("Pod".to_owned()), name, ..about }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
