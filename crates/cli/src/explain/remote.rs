//! What a workload's sidecars decide on, from the control plane.

use anyhow::{Context as _, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use outrigger_api::decode::{self, Malformed, Part};
use outrigger_route::Snapshot;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::plane::{Plane, args::PlaneArgs};

/// A workload's policy, as far as decisions go.
pub(super) struct Remote {
    pub(super) snapshot: Snapshot,
    /// Whose it is, and what is not as it would be beside it.
    pub(super) about: Value,
}

#[derive(Deserialize)]
struct Answer {
    workload: Value,
    #[serde(default)]
    alike: u64,
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    key: String,
    body: String,
}

/// Fetches it.
///
/// # Errors
///
/// If the control plane cannot be asked, knows no such workload, or says what cannot be read.
pub(super) fn fetch(plane: &PlaneArgs, workload: &str) -> anyhow::Result<Remote> {
    let path = path(workload)?;
    let plane = Plane::find(plane)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let answer = runtime.block_on(async {
        let mut why = None;
        for asker in plane.askers() {
            match asker.get(&path, &[]).await {
                Ok(answer) => return Ok(answer),
                Err(error) => why = why.or(Some(error)),
            }
        }
        Err(why.unwrap_or_else(|| anyhow::anyhow!("there is nobody to ask")))
    });
    read(&answer?)
}

/// `NAMESPACE/DEPLOYMENT` or `NAMESPACE/KIND/NAME` as the path of its view.
fn path(workload: &str) -> anyhow::Result<String> {
    match workload.split('/').collect::<Vec<_>>()[..] {
        [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
            Ok(format!("/views/{namespace}/Deployment/{name}"))
        }
        [namespace, kind, name] if ![namespace, kind, name].contains(&"") => {
            Ok(format!("/views/{namespace}/{kind}/{name}"))
        }
        _ => bail!("--workload {workload:?}: write NAMESPACE/DEPLOYMENT, or NAMESPACE/KIND/NAME (shop/StatefulSet/db)"),
    }
}

fn read(answer: &[u8]) -> anyhow::Result<Remote> {
    const OTHER: &str = "the control plane answers with what is no view: is it of another version?";
    let Answer { workload, alike, resources } = serde_json::from_slice(answer).context(OTHER)?;
    let mut parts: Vec<(String, Part)> = Vec::new();
    let mut unread = Vec::new();
    for Resource { key, body } in resources {
        let body = BASE64_STANDARD.decode(body).context(OTHER)?;
        match decode::part(&key, &body) {
            Ok(Some(part)) => parts.push((key, part)),
            Ok(None) => unread.push(key),
            Err(Malformed(why)) => bail!("{OTHER} {key}: {why}"),
        }
    }
    let view = decode::view("", parts.iter().map(|(key, part)| (key.as_str(), part)));
    let mut about = json!({
        "workload": workload,
        "policy": "as the control plane compiles it now, without keys; a sidecar may go on with earlier values of what is broken",
        "signals": "neutral: no target is cooling, none is faster than another",
    });
    if alike > 1 {
        let note = format!(
            "{alike} workloads of this name are connected, with other labels: this is the one with most sidecars"
        );
        about["note"] = note.into();
    }
    if !unread.is_empty() {
        about["not_known_to_this_version"] = unread.into();
    }
    Ok(Remote { snapshot: view.assemble(), about })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_is_named_by_namespace_and_name() {
        assert_eq!(path("shop/web").unwrap(), "/views/shop/Deployment/web");
        assert_eq!(path("shop/StatefulSet/db").unwrap(), "/views/shop/StatefulSet/db");
        for bad in ["web", "/web", "shop/", "a/b/c/d", ""] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_view_is_told() {
        for bad in ["", "{}", r#"{"workload": 1, "resources": [{"key": "header", "body": "!"}]}"#] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        let remote = read(br#"{"workload": {"name": "web"}, "alike": 2, "resources": []}"#).unwrap();
        assert!(remote.about["note"].is_string() && remote.about["signals"].is_string());
    }
}
