//! YAML text into objects, with the line of every field. Pure: the caller reads the files.
//!
//! The folder of a local run holds the same YAML that `kubectl apply` takes. A broken document is a [`FileProblem`] and
//! the others, of the same file too, are read all the same.

mod locations;
mod object;
mod yaml;

use std::fmt;

pub use locations::{Locations, Place, describe};
pub use object::Object;

use crate::{
    problem::{Kind, ObjectRef, Severity},
    world::{Unreadable, World},
};
use outrigger_crd::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use yaml::{Budget, Lines, Spot};

/// One object and where it was written.
#[derive(Clone, Debug)]
pub struct Located {
    /// The object.
    pub object: Object,
    file: String,
    lines: Lines,
}

/// What is wrong with a file, where no object could be made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// Name of the file, as given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong and what to do; never holds a secret.
    pub message: String,
    /// An error leaves the document out, a warning ignores what is of no interest.
    pub severity: Severity,
    /// The object that the document holds, where so much could be read.
    pub object: Option<ObjectRef>,
    /// The `aliases` of a route, where so much could be read.
    pub aliases: Vec<String>,
}

/// The objects in one file. `${NAME}` in a `Secret`'s `stringData` is taken from `env`; one that is not set stays as it
/// is and is a problem of the credential that uses it.
pub fn parse(file: &str, text: &str, env: &dyn Fn(&str) -> Option<String>) -> (Vec<Located>, Vec<FileProblem>) {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    let mut budget = Budget::of(text.len());
    for (first_line, document) in yaml::documents(text) {
        let problem = |at: Spot, message: String, severity, object, aliases| FileProblem {
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            message,
            severity,
            object,
            aliases,
        };
        match yaml::read(document, first_line, &mut budget) {
            Err((at, message)) => problems.push(problem(at, message, Severity::Error, None, Vec::new())),
            Ok(None) => {}
            Ok(Some((value, lines))) => match object::read(value, env) {
                Ok(object) => objects.push(Located { object, file: file.to_owned(), lines }),
                Err(object::Refused { field, message, severity, known }) => {
                    let (object, aliases) = known.map(|known| (known.object, known.aliases)).unzip();
                    let aliases = aliases.unwrap_or_default();
                    problems.push(problem(lines.find(&field), message, severity, object, aliases));
                }
            },
        }
    }
    (objects, problems)
}

/// An object of ours as an API server has it, of which no more than the name may be readable. Its name is known to be one.
///
/// # Errors
///
/// What is wrong with it, and what of it can be read.
pub fn object(value: Value) -> Result<Object, Unreadable> {
    let metadata: ObjectMeta =
        value.get("metadata").cloned().and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default();
    let named = value.get("kind").and_then(Value::as_str);
    let kind = object::KINDS.into_iter().find(|it| named == Some(it.as_str())).unwrap_or(Kind::ModelRoute);
    object::read(value, &|_| None).map_err(|object::Refused { field: _, message, severity: _, known }| {
        let (object, aliases) = known.map(|known| (known.object, known.aliases)).unzip();
        let object = object.unwrap_or_else(|| ObjectRef::new(kind, &metadata));
        Unreadable { object, reason: message, aliases: aliases.unwrap_or_default() }
    })
}

/// Puts the objects of all files together. Of two objects with one name the first is used.
pub fn assemble(objects: Vec<Located>) -> (World, Locations, Vec<FileProblem>) {
    let (mut world, mut locations, mut problems) = (World::default(), Locations::default(), Vec::new());
    for Located { object, file, lines } in objects {
        let (kind, metadata) = match &object {
            Object::Provider(provider) => (Kind::ModelProvider, &provider.metadata),
            Object::Route(route) => (Kind::ModelRoute, &route.metadata),
            Object::Policy(policy) => (Kind::ModelPolicy, &policy.metadata),
            Object::Secret(secret) => (Kind::Secret, &secret.metadata),
            Object::ConfigMap(it) => (Kind::ConfigMap, &it.metadata),
            Object::Namespace(metadata) => (Kind::Namespace, metadata),
        };
        let mut reference = ObjectRef::new(kind, metadata);
        if kind == Kind::Namespace {
            reference.namespace.clear();
        }
        if let Some(first) = locations.place(&reference, "") {
            let Spot { line, column } = lines.find("metadata.name");
            let message = format!("{reference} is already at {}:{}: remove one of the two", first.file, first.line);
            let object = Some(reference);
            let (severity, aliases) = (Severity::Error, Vec::new());
            problems.push(FileProblem { file, line, column, message, severity, object, aliases });
            continue;
        }
        locations.add(reference, file, lines);
        match object {
            Object::Provider(provider) => world.providers.push(*provider),
            Object::Route(route) => world.routes.push(*route),
            Object::Policy(policy) => world.policies.push(*policy),
            Object::Secret(secret) => world.secrets.push(secret),
            Object::ConfigMap(it) => world.config_maps.push(it),
            Object::Namespace(metadata) => {
                world.namespaces.insert(metadata.name.unwrap_or_default(), metadata.labels.unwrap_or_default());
            }
        }
    }
    (world, locations, problems)
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, severity, object: _, aliases: _ } = self;
        let mark = if *severity == Severity::Warning { "warning: " } else { "" };
        write!(f, "{file}:{line}:{column}: {mark}{message}")
    }
}
