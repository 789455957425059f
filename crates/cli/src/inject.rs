//! `outrigger inject`: what the injector does, on files.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, Result, anyhow};
use outrigger_crd::told;
use outrigger_inject::{
    Settings, SidecarProfileSpec,
    manifest::{Became, object},
};
use outrigger_telemetry::out;
use serde_json::Value;

use crate::config::InjectArgs;

/// Exit code where a pod is to have a sidecar and gets none.
const NOT_ALL: u8 = 2;
/// Longest file.
const LARGEST: u64 = 64 << 20;

pub(crate) fn inject(args: &InjectArgs) -> Result<ExitCode> {
    let InjectArgs { filename, namespace, image, control_plane, ledger, system_namespace } = args;
    let mut documents = Vec::new();
    for path in filename {
        documents.extend(read(path)?);
    }
    let settings = Settings {
        image: image.clone(),
        pull_policy: None,
        control_plane: control_plane
            .clone()
            .unwrap_or_else(|| format!("https://outrigger-control-plane.{system_namespace}.svc:4119")),
        ledger: ledger.clone(),
        tracing: None,
        genai_metrics: false,
        system_namespace: system_namespace.clone(),
    };
    let profiles = profiles(&documents, namespace)?;
    let find = |namespace: &str, name: &str| profiles.get(&(namespace.to_owned(), name.to_owned())).cloned();
    let (mut yaml, mut all) = (String::new(), true);
    for document in &mut documents {
        let name = format!("{} {}", said(document, "/kind"), said(document, "/metadata/name"));
        let became = object(document, namespace, &settings, &find).with_context(|| format!("{name} is no pod"))?;
        match became {
            Became::Other => {}
            Became::Injected(notes) => {
                notes.iter().for_each(|note| out::complain(format_args!("{name}: {}: {}", note.reason, note.text)))
            }
            Became::Skipped(skip) => {
                all &= !skip.is_said();
                out::complain(format_args!("{name}: no sidecar ({}): {skip}", skip.code()));
            }
        }
        yaml.push_str("---\n");
        yaml.push_str(serde_saphyr::to_string(document).context("it cannot be written as YAML")?.trim_end());
        yaml.push('\n');
    }
    out::write(&yaml)?;
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL) })
}

/// The documents of a file; `-`: of standard input.
fn read(path: &Path) -> Result<Vec<Value>> {
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => io::stdin().lock().take(LARGEST).read_to_string(&mut text),
        false => fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text)),
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).map_err(|error| {
        // Its own words show the lines around it, in which a key may stand.
        let at = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
        anyhow!("{}{at}: this is no YAML of objects, or unfolds to more than is read", path.display())
    })?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// The profiles among the documents, by namespace and name.
fn profiles(documents: &[Value], namespace: &str) -> Result<BTreeMap<(String, String), SidecarProfileSpec>> {
    let ours = documents.iter().filter(|document| document["kind"] == "SidecarProfile");
    ours.map(|document| {
        let name = said(document, "/metadata/name").to_owned();
        let namespace = document["metadata"]["namespace"].as_str().unwrap_or(namespace).to_owned();
        let spec = document.get("spec").cloned().unwrap_or_else(|| serde_json::json!({}));
        let spec = told::read(spec).with_context(|| format!("SidecarProfile {namespace}/{name}"))?;
        Ok(((namespace, name), spec))
    })
    .collect()
}

fn said<'a>(document: &'a Value, place: &str) -> &'a str {
    document.pointer(place).and_then(Value::as_str).unwrap_or("?")
}
