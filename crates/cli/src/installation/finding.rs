//! What is found of an installation: one line each.

use serde::Serialize;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// Worth knowing, and nothing to be mended.
    Note,
    /// It could not be looked at.
    Unknown,
    /// To be mended.
    Wrong,
}

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Whose {
    /// Whoever installs Outrigger.
    Installer,
    /// Whoever runs the cluster: its version, its network, its rights.
    Cluster,
    /// Whoever owns the pods.
    Workload,
    /// Whoever asks.
    Asker,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) state: State,
    /// What was looked at: `Deployment outrigger-system/outrigger-injector`.
    pub(crate) object: String,
    /// How it is, in a sentence.
    pub(crate) what: String,
    /// Of what is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) whose: Option<Whose>,
    /// The command that mends it, or tells more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// All that was found, in the order in which it was looked at.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// It is as it should be.
    pub(super) fn ok(&mut self, object: impl Into<String>, what: impl Into<String>) {
        let (object, what) = (object.into(), what.into());
        self.0.push(Finding { state: State::Ok, object, what, code: None, whose: None, next: None });
    }

    /// It is not.
    pub(super) fn say(
        &mut self,
        code: Code,
        object: impl Into<String>,
        what: impl Into<String>,
        next: impl Into<String>,
    ) {
        let (_, state, whose) = code.row();
        let (code, whose) = (Some(code), Some(whose));
        self.0.push(Finding { state, object: object.into(), what: what.into(), code, whose, next: Some(next.into()) });
    }

    /// It could not be looked at.
    pub(super) fn unknown(&mut self, object: impl Into<String>, why: &str) {
        self.say(Code::NotLooked, object, format!("could not be looked at: {why}"), "kubectl auth can-i --list");
    }

    /// All of them.
    pub(crate) fn all(self) -> Vec<Finding> {
        self.0
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal, $state:ident, $whose:ident;)*) => {
        /// Why something is not well: one stable code each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code {
            $($(#[doc = $doc])* $name,)*
        }

        impl Code {
            /// All of them, as they are documented.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its word, how bad it is, and whose.
            pub(crate) fn row(self) -> (&'static str, State, Whose) {
                match self {
                    $(Self::$name => ($word, State::$state, Whose::$whose),)*
                }
            }
        }
    };
}

codes! {
    /// The API server is older than native sidecars.
    ServerTooOld = "server_too_old", Wrong, Cluster;
    /// The API server takes native sidecars out of pods.
    NativeSidecarsOff = "native_sidecars_off", Wrong, Cluster;
    /// A node is older than native sidecars.
    KubeletTooOld = "kubelet_too_old", Wrong, Cluster;
    /// The control plane is of another version than this program.
    VersionDiffers = "version_differs", Note, Asker;
    /// Control plane and injector are of different versions.
    VersionsApart = "versions_apart", Wrong, Installer;
    /// Sidecars are newer than the control plane.
    SidecarNewer = "sidecar_newer", Wrong, Installer;
    /// Sidecars are older than the control plane.
    SidecarOlder = "sidecar_older", Note, Workload;
    /// A kind is not there.
    KindMissing = "kind_missing", Wrong, Installer;
    /// A definition of this name is of another kind.
    KindForeign = "kind_foreign", Wrong, Cluster;
    /// A kind belongs to another release of Helm.
    KindOfOtherOwner = "kind_of_other_owner", Wrong, Cluster;
    /// A kind was not installed by Helm, which would refuse it.
    KindWithoutOwner = "kind_without_owner", Note, Installer;
    /// A kind is being deleted.
    KindLeaving = "kind_leaving", Wrong, Installer;
    /// A kind is not served.
    KindNotEstablished = "kind_not_established", Wrong, Cluster;
    /// A kind lacks the version that this program speaks.
    KindNotServed = "kind_not_served", Wrong, Installer;
    /// Objects are stored in another version.
    KindStoredOtherwise = "kind_stored_otherwise", Wrong, Installer;
    /// A kind lacks fields.
    KindOlder = "kind_older", Wrong, Installer;
    /// A kind has fields that this program does not know.
    KindNewer = "kind_newer", Note, Asker;
    /// A webhook configuration is not there.
    WebhookMissing = "webhook_missing", Wrong, Installer;
    /// A webhook configuration without an installation.
    WebhookStale = "webhook_stale", Wrong, Installer;
    /// A webhook configuration of an installation in another namespace.
    WebhookElsewhere = "webhook_elsewhere", Wrong, Installer;
    /// It lacks entries.
    WebhookEntryMissing = "webhook_entry_missing", Wrong, Installer;
    /// No certificate by which it would be known.
    WebhookBundleEmpty = "webhook_bundle_empty", Wrong, Installer;
    /// What stands there is no certificate.
    WebhookBundleBroken = "webhook_bundle_broken", Wrong, Installer;
    /// All of them have ended.
    WebhookBundleExpired = "webhook_bundle_expired", Wrong, Installer;
    /// They are not the ones that the webhook is known by.
    WebhookBundleForeign = "webhook_bundle_foreign", Wrong, Installer;
    /// Its Service is not there.
    WebhookServiceMissing = "webhook_service_missing", Wrong, Installer;
    /// Nobody is behind its Service.
    WebhookServiceNotReady = "webhook_service_not_ready", Wrong, Installer;
    /// Edits are refused while it is away.
    WebhookRefuses = "webhook_refuses", Note, Installer;
    /// The API server does not reach it, or does not believe it.
    WebhookNotCalled = "webhook_not_called", Wrong, Cluster;
    /// The Secret of an authority is not there.
    AuthorityMissing = "authority_missing", Wrong, Installer;
    /// It holds no certificates.
    AuthorityBroken = "authority_broken", Wrong, Installer;
    /// They have ended.
    AuthorityExpired = "authority_expired", Wrong, Installer;
    /// It is past the time at which the next is made.
    AuthorityNotRenewed = "authority_not_renewed", Wrong, Installer;
    /// A certificate of somebody else's is not there.
    CertificateMissing = "certificate_missing", Wrong, Installer;
    /// Nobody would believe it.
    CertificateForeign = "certificate_foreign", Wrong, Installer;
    /// A namespace lacks what its sidecars know the control plane by.
    BundleMissing = "bundle_missing", Wrong, Installer;
    /// It has an older one.
    BundleOld = "bundle_old", Wrong, Installer;
    /// An account lacks rights.
    RightMissing = "right_missing", Wrong, Installer;
    /// Whoever asks may not install it.
    RightToInstallMissing = "right_to_install_missing", Wrong, Asker;
    /// A program's Deployment or StatefulSet is not there.
    ProgramMissing = "program_missing", Wrong, Installer;
    /// Replicas are not ready.
    ReplicasNotReady = "replicas_not_ready", Wrong, Installer;
    /// Sidecars are put into pods by hand.
    NoInjector = "no_injector", Note, Installer;
    /// Nobody leads.
    LeaseNotHeld = "lease_not_held", Wrong, Installer;
    /// Pods that are to have a sidecar and have none.
    PodsWithoutSidecar = "pods_without_sidecar", Wrong, Workload;
    /// A label says neither `enabled` nor `disabled`.
    LabelNotUnderstood = "label_not_understood", Wrong, Workload;
    /// Sidecars that are not ready.
    SidecarsNotReady = "sidecars_not_ready", Wrong, Workload;
    /// The injector does not tell sidecars of the ledger.
    LedgerNotTold = "ledger_not_told", Wrong, Installer;
    /// Sidecars that are older than the ledger.
    SidecarsWithoutLedger = "sidecars_without_ledger", Wrong, Workload;
    /// Sidecars that keep in memory what is not booked yet.
    SidecarsWithoutSpool = "sidecars_without_spool", Note, Workload;
    /// A pod answers its probe, and its kubelet does not hear it.
    ProbeBlocked = "probe_blocked", Wrong, Cluster;
    /// Its kubelet hears it, and the API server does not.
    ProbeNotReached = "probe_not_reached", Note, Cluster;
    /// What an earlier installation has left, and a new one takes over.
    Leftover = "leftover", Note, Installer;
    /// It could not be looked at.
    NotLooked = "not_looked", Unknown, Asker;
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.row().0)
    }
}

impl Whose {
    /// In words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Installer => "whoever installs Outrigger",
            Self::Cluster => "whoever runs the cluster",
            Self::Workload => "whoever owns the pods",
            Self::Asker => "whoever asks",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_one_word_of_its_own_and_in_the_manual() {
        let manual = include_str!("../../../../docs/operate.md");
        let mut words = BTreeSet::new();
        for code in Code::ALL {
            let (word, state, whose) = code.row();
            assert!(words.insert(word), "{word} twice");
            let line = manual.lines().find(|line| line.contains(&format!("| `{word}` |")));
            let line = line.unwrap_or_else(|| panic!("docs/operate.md says nothing of {word}"));
            let state = format!("{state:?}").to_lowercase();
            let whose = serde_json::to_value(whose).unwrap();
            let whose = whose.as_str().unwrap();
            assert!(line.contains(&format!("| {state} | {whose} |")), "{word} is {state}, {whose}: {line}");
        }
    }
}
