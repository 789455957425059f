//! Versions: the programs' against each other's, the sidecars' against theirs, and all against this program's.

use std::collections::BTreeMap;

use super::{super::finding::Code, words::*};
use crate::installation::found::INJECTOR;

/// A version as it is compared.
type Version = (u64, u64, u64);

pub(super) fn judge(found: &Found, out: &mut Findings) {
    let of = |name: &str| found.deployment(name).map(|it| (shown(it), version_of(it)));
    let Some((plane, plane_is)) = of(CONTROL_PLANE) else { return };
    let system = &found.system;
    if let Some((injector, _)) = of(INJECTOR)
        && injector != plane
    {
        let what = format!("the control plane is {plane}, the injector {injector}: one release is half installed");
        out.say(Code::VersionsApart, format!("namespace {system}"), what, again(found));
    } else if plane == found.version {
        out.ok(format!("namespace {system}"), format!("control plane and injector are {plane}, as this program is"));
    } else {
        let what = format!(
            "the control plane is {plane}, this program {}: it expects what its own version does",
            found.version
        );
        out.say(Code::VersionDiffers, format!("namespace {system}"), what, "kubectl outrigger --version");
    }
    sidecars(found, out, plane_is);
}

/// By namespace: those that are not of the version that new pods get.
fn sidecars(found: &Found, out: &mut Findings, plane: Option<Version>) {
    let Some(workloads) = found.workloads.there() else { return };
    let given = found.argument(INJECTOR, "--image=");
    let mut apart: BTreeMap<(bool, &str), Vec<String>> = BTreeMap::new();
    let mut counted = 0;
    for (workload, sidecar) in workloads.pods.iter().filter_map(|it| Some((it, it.sidecar.as_ref()?))) {
        counted += 1;
        if given == Some(sidecar.image.as_str()) {
            continue;
        }
        let newer = match (parsed(tag(&sidecar.image)), plane) {
            (Some(is), Some(plane)) if is == plane => continue,
            (Some(is), Some(plane)) => is > plane,
            // Neither the image that is given nor a version: whatever it is, it is not what a new pod would have.
            _ if given.is_some() => false,
            _ => continue,
        };
        let pods = apart.entry((newer, &workload.namespace)).or_default();
        pods.push(format!("{} ({})", workload.name, tag(&sidecar.image)));
    }
    if counted > 0 && apart.is_empty() {
        out.ok("sidecars", format!("{} of the version that new pods get", many(counted, "sidecar")));
    }
    for ((newer, namespace), pods) in apart {
        let object = format!("sidecars of {namespace}");
        if newer {
            let what = format!("newer than the control plane, which may know less than they ask for: {}", named(&pods));
            out.say(Code::SidecarNewer, object, what, again(found));
        } else {
            let what = format!("not of the version that new pods get: {}", named(&pods));
            out.say(Code::SidecarOlder, object, what, format!("kubectl -n {namespace} rollout restart deployment"));
        }
    }
}

/// The version of a Deployment: its image's tag, or what its label says where the tag is none.
fn version_of(deployment: &Value) -> Option<Version> {
    parsed(&shown(deployment))
}

fn shown(deployment: &Value) -> String {
    let tag = tag(text(deployment, "/spec/template/spec/containers/0/image"));
    match parsed(tag) {
        Some(_) => tag.trim_start_matches('v').to_owned(),
        None => deployment["metadata"]["labels"]["app.kubernetes.io/version"].as_str().unwrap_or(tag).to_owned(),
    }
}

/// What stands behind the colon of an image, if anything does.
fn tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split_once(':').map_or("", |(_, tag)| tag)
}

fn parsed(text: &str) -> Option<Version> {
    let plain = text.trim_start_matches('v');
    let plain = plain.split(['-', '+']).next().unwrap_or_default();
    match plain.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?[..] {
        [major, minor, patch] => Some((major, minor, patch)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::testing::*, *};
    use crate::installation::found::Seen;

    fn image(found: &mut Found, name: &str, image: &str) {
        let Seen::There(all) = &mut found.deployments else { panic!("no deployments") };
        let it = all.iter_mut().find(|it| it["metadata"]["name"] == name).unwrap();
        *it.pointer_mut("/spec/template/spec/containers/0/image").unwrap() = json!(image);
    }

    fn both(found: &mut Found, it: &str) {
        image(found, CONTROL_PLANE, it);
        image(found, INJECTOR, it);
    }

    fn sidecar(found: &mut Found, image: &str) {
        let Seen::There(all) = &mut found.workloads else { panic!("no workloads") };
        all.pods[0].sidecar.as_mut().unwrap().image = image.to_owned();
    }

    #[test]
    fn versions_that_do_not_go_together_are_named() {
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("as it should be", |_| (), &[]),
            ("a registry with a port", |it| both(it, "r:5000/a/outrigger-control-plane:0.1.0"), &[]),
            ("no version in the tag: the label says it", |it| both(it, "outrigger-control-plane:dev"), &[]),
            ("by digest: the label says it", |it| both(it, "a@sha256:0123"), &[]),
            ("half a release", |it| image(it, INJECTOR, "a:0.2.0"), &["versions_apart"]),
            ("newer than we", |it| both(it, "a:9.9.9"), &["version_differs", "sidecar_older"]),
            ("a newer sidecar", |it| sidecar(it, "outrigger-sidecar:9.0.0"), &["sidecar_newer"]),
            ("an older sidecar", |it| sidecar(it, "outrigger-sidecar:0.0.9"), &["sidecar_older"]),
            ("another image of the same version", |it| sidecar(it, "b/outrigger-sidecar:0.1.0"), &[]),
            ("another image of no version", |it| sidecar(it, "b/outrigger-sidecar:try"), &["sidecar_older"]),
        ];
        for (name, change, expected) in cases {
            let mut found = installed();
            if name.contains("newer than we") {
                sidecar(&mut found, "b/outrigger-sidecar:0.1.0");
            }
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
    }

    #[test]
    fn a_tag_is_what_stands_behind_the_last_name() {
        for (image, expected) in
            [("a:1", "1"), ("r:5000/a", ""), ("r:5000/a:2", "2"), ("a:3@sha256:x", "3"), ("a@sha256:x", ""), ("", "")]
        {
            assert_eq!(tag(image), expected, "{image}");
        }
    }
}
