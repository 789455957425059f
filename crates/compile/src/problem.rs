//! What is wrong with an object, said to the person who has to mend it.

use std::fmt;

use outrigger_crd::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

/// One thing that is wrong with one field of one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Whose problem it is.
    pub object: ObjectRef,
    /// Path of the field: `spec.targets[1].provider`.
    pub field: String,
    /// What is wrong and what to do; never holds a secret.
    pub reason: String,
    /// What follows from it.
    pub severity: Severity,
    /// What kind of thing is wrong.
    pub cause: Cause,
}

/// What kind of thing is wrong: whether the object itself has to be mended, or something that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// What is written means nothing, or is not what it seems.
    Spec,
    /// An older object has what this one asks for.
    Conflict,
    /// What is named is not there, or cannot be used as it is.
    RefNotFound,
    /// What is named may not be used, or may not be read.
    RefNotPermitted,
}

/// What follows from a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// The object, or the part of it that `field` names, is left out.
    Error,
    /// The object is left out because access was not given. Unlike an error, a last good value does not outlive it.
    Denied,
    /// Everything is used; it may mean something else than was intended.
    Warning,
}

/// Names one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// `outrigger.dev` `ModelProvider`.
    ModelProvider,
    /// `outrigger.dev` `ModelRoute`.
    ModelRoute,
    /// `outrigger.dev` `ModelPolicy`.
    ModelPolicy,
    /// Core `Secret`.
    Secret,
    /// Core `ConfigMap`.
    ConfigMap,
    /// Core `Namespace`, for its labels.
    Namespace,
}

/// Collects the problems of one object.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    object: ObjectRef,
    into: &'a mut Vec<Problem>,
    errors: usize,
}

/// Namespace of objects that name none, as kubectl does it.
const DEFAULT_NAMESPACE: &str = "default";

impl ObjectRef {
    /// The reference to an object of `kind` with this metadata.
    pub fn new(kind: Kind, metadata: &ObjectMeta) -> Self {
        Self { kind, namespace: namespace(metadata).to_owned(), name: name(metadata).to_owned() }
    }

    /// `namespace/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl<'a> Report<'a> {
    pub(crate) fn new(object: ObjectRef, into: &'a mut Vec<Problem>) -> Self {
        Self { object, into, errors: 0 }
    }

    pub(crate) fn error(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.of(Cause::Spec, Severity::Error, field, reason);
    }

    pub(crate) fn denied(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.of(Cause::RefNotPermitted, Severity::Denied, field, reason);
    }

    pub(crate) fn warning(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.of(Cause::Spec, Severity::Warning, field, reason);
    }

    pub(crate) fn of(&mut self, cause: Cause, severity: Severity, field: impl Into<String>, reason: impl Into<String>) {
        self.errors += usize::from(severity != Severity::Warning);
        let (object, field, reason) = (self.object.clone(), field.into(), reason.into());
        self.into.push(Problem { object, field, reason, severity, cause });
    }

    /// Why the object is broken, in words: the first error that is not of what it names alone, which leaves out that.
    pub(crate) fn why(&self) -> String {
        let own = self.into.iter().filter(|it| it.object == self.object && it.severity != Severity::Warning);
        let mut breaking = own.filter(|it| !it.field.starts_with("spec.credentials[") && it.field != "spec.tls.caRef");
        breaking.next().map_or_else(String::new, |problem| format!("{}: {}", problem.field, problem.reason))
    }

    /// How many errors it took so far; to see whether a step added one.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }
}

pub(crate) fn namespace(metadata: &ObjectMeta) -> &str {
    metadata.namespace.as_deref().filter(|namespace| !namespace.is_empty()).unwrap_or(DEFAULT_NAMESPACE)
}

pub(crate) fn name(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

/// `namespace/name`.
pub(crate) fn full_name(metadata: &ObjectMeta) -> String {
    format!("{}/{}", namespace(metadata), name(metadata))
}

impl Kind {
    /// Its name in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ModelProvider => "ModelProvider",
            Self::ModelRoute => "ModelRoute",
            Self::ModelPolicy => "ModelPolicy",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::Namespace => "Namespace",
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.as_str(), self.namespace, self.name)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, field, reason, severity, cause: _ } = self;
        let mark = if *severity == Severity::Warning { "warning: " } else { "" };
        write!(f, "{object} {field}: {mark}{reason}")
    }
}
