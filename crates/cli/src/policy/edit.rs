//! An edit as it is written in files.

use std::{
    fs,
    io::{Read as _, stdin},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use outrigger_compile::{
    ObjectRef, Severity,
    manifest::{self, FileProblem, Object},
};
use outrigger_telemetry::out;
use serde_json::{Map, Value, json};

use crate::config::environment;

/// Longest file that is read.
const LONGEST: u64 = 8 << 20;
/// Stands where a value of a `Secret` would, for whom it is none of his business: `hidden`, in base64.
const HIDDEN: &str = "aGlkZGVu";

/// What would be applied, and what deleted.
pub(super) struct Edit {
    pub(super) put: Vec<Object>,
    pub(super) removed: Vec<ObjectRef>,
}

impl Edit {
    /// Reads `files`. Objects that name no namespace are of `namespace`.
    ///
    /// # Errors
    ///
    /// If something cannot be read, with its place: nobody could apply it either.
    pub(super) fn read(files: &[PathBuf], removed: &[ObjectRef], namespace: &str) -> anyhow::Result<Self> {
        let (mut put, mut bad) = (Vec::new(), Vec::new());
        for (name, text) in texts(files)? {
            let (objects, problems) = manifest::parse(&name, &text, &environment);
            put.extend(objects.into_iter().map(|it| it.object));
            for problem @ FileProblem { severity, .. } in &problems {
                match severity {
                    Severity::Warning => out::complain(format_args!("outrigger: {problem}")),
                    Severity::Error | Severity::Denied => bad.push(problem.to_string()),
                }
            }
        }
        if !bad.is_empty() {
            bail!("{}", bad.join("\n"));
        }
        put.iter_mut().for_each(|object| object.settle(namespace));
        ensure!(!put.is_empty() || !removed.is_empty(), "there is no object in what --filename names");
        Ok(Self { put, removed: removed.to_vec() })
    }

    /// As a control plane is sent it. Values of `Secret`s and `ConfigMap`s stay here, but for certificates, which are public
    /// and decide whether a provider is served: which keys there are is told.
    pub(super) fn as_sent(&self) -> anyhow::Result<Vec<u8>> {
        let put = self.put.iter().map(sent).collect::<serde_json::Result<Vec<Value>>>();
        let put = put.context("cannot write an object as JSON")?;
        Ok(json!({"put": put, "remove": self.removed}).to_string().into_bytes())
    }
}

fn sent(object: &Object) -> serde_json::Result<Value> {
    let reference = object.reference();
    let bare = |kind: &str| {
        let mut metadata = Map::from_iter([("name".to_owned(), Value::from(reference.name.clone()))]);
        if !reference.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), reference.namespace.clone().into());
        }
        json!({"apiVersion": "v1", "kind": kind, "metadata": metadata})
    };
    match object {
        Object::Provider(it) => serde_json::to_value(&**it),
        Object::Route(it) => serde_json::to_value(&**it),
        Object::Policy(it) => serde_json::to_value(&**it),
        Object::Secret(it) => {
            let mut value = bare("Secret");
            let certificates = certificates(it.keys(), |key| it.value(key));
            let hidden = it.keys().filter(|key| !certificates.contains_key(*key));
            value["data"] = hidden.map(|key| (key.to_owned(), HIDDEN.into())).collect::<Map<_, _>>().into();
            value["stringData"] = certificates.into();
            Ok(value)
        }
        Object::ConfigMap(it) => {
            let mut value = bare("ConfigMap");
            let certificates = certificates(it.keys(), |key| it.value(key));
            let hidden = it.keys().filter(|key| !certificates.contains_key(*key));
            value["binaryData"] = hidden.map(|key| (key.to_owned(), HIDDEN.into())).collect::<Map<_, _>>().into();
            value["data"] = certificates.into();
            Ok(value)
        }
        Object::Namespace(it) => {
            let mut value = bare("Namespace");
            value["metadata"]["labels"] = serde_json::to_value(&it.labels)?;
            Ok(value)
        }
    }
}

/// What of the values under `keys` are certificates (PEM), and nothing of what stands around them.
fn certificates<'a>(
    keys: impl Iterator<Item = &'a str>,
    value: impl Fn(&str) -> Option<&'a [u8]>,
) -> Map<String, Value> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let blocks = |text: &str| {
        let each = text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
        each.map(|(block, _)| format!("{BEGIN}{block}{END}\n")).collect::<String>()
    };
    let found = keys.filter_map(|key| {
        let blocks = blocks(std::str::from_utf8(value(key)?).ok()?);
        (!blocks.is_empty()).then(|| (key.to_owned(), blocks.into()))
    });
    found.collect()
}

/// Each file with its text; of a folder, those that hold objects, in order of their names.
fn texts(files: &[PathBuf]) -> anyhow::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for file in files {
        if file.is_dir() {
            let listed = fs::read_dir(file).with_context(|| format!("cannot read {}", file.display()))?;
            let mut inside: Vec<PathBuf> =
                listed.flatten().map(|entry| entry.path()).filter(|it| is_yaml(it)).collect();
            inside.sort();
            for file in inside {
                all.push((file.display().to_string(), text(&file)?));
            }
        } else {
            all.push((file.display().to_string(), text(file)?));
        }
    }
    Ok(all)
}

fn is_yaml(path: &Path) -> bool {
    let known = |it: &std::ffi::OsStr| ["yaml", "yml", "json"].iter().any(|known| it == *known);
    path.is_file() && path.extension().is_some_and(known)
}

fn text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => stdin().take(LONGEST + 1).read_to_string(&mut text),
        _ => fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text)),
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(text.len() as u64 <= LONGEST, "{} is longer than 8 MiB", path.display());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Edit> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("new.yaml"), text)?;
        Edit::read(&[folder.path().to_owned()], &[], "shop")
    }

    /// Z6: keys stay on this machine.
    #[test]
    fn values_of_secrets_are_not_sent() {
        let edit =
            read("apiVersion: v1\nkind: Secret\nmetadata: {name: openai}\nstringData: {key: sk-secret}\n").unwrap();
        let sent = String::from_utf8(edit.as_sent().unwrap()).unwrap();
        assert!(!sent.contains("sk-secret") && sent.contains(r#""data":{"key":"aGlkZGVu"}"#), "{sent}");
        assert!(sent.contains(r#""namespace":"shop""#), "{sent}");
    }

    /// By what a provider is known is public, and an edit without it would seem to leave the provider out.
    #[test]
    fn certificates_are_sent_and_nothing_around_them() {
        let block = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n";
        for (kind, field) in [("Secret", "stringData"), ("ConfigMap", "data")] {
            let data = format!("{{ca.crt: \"# sk-secret\\n{block}sk-secret\\n{block}\", other: sk-secret}}");
            let edit =
                read(&format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: ca}}\n{field}: {data}\n")).unwrap();
            let sent = String::from_utf8(edit.as_sent().unwrap()).unwrap();
            assert!(!sent.contains("sk-secret") && sent.contains(r#""other":"aGlkZGVu""#), "{sent}");
            assert!(sent.contains(&format!(r#""{field}":{{"ca.crt":"{block}{block}"}}"#)), "{sent}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let kind = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {name: r}\nspec: {target: []}\n";
        let why = format!("{:#}", read(kind).err().unwrap());
        assert!(why.contains("new.yaml:4") && why.contains("target"), "{why}");
        assert!(read("").is_err());
    }
}
