//! The charts as they are, without any value.

use std::{collections::BTreeSet, fs};

use anyhow::{Result, ensure};

use super::{
    bench::{Bench, NAMESPACE, objects, refusal},
    invariants,
};
use crate::{charts::manifests, tools};

pub(super) fn lint(bench: &Bench) -> Result<()> {
    for helm in &bench.helms {
        for chart in &bench.charts {
            bench.helm(helm, &["lint", "--strict", &chart.folder(), "--namespace", NAMESPACE])?;
        }
    }
    Ok(())
}

pub(super) fn same_bytes(bench: &Bench) -> Result<()> {
    for chart in &bench.charts {
        let mut said = Vec::new();
        for helm in &bench.helms {
            let render = || bench.helm(helm, &["template", "o", &chart.folder(), "--namespace", NAMESPACE]);
            let once = render()?;
            // What comes out of a map in any order differs from one run to the next.
            ensure!(once == render()?, "{} is another the second time, of Helm {}", chart.name, helm.version);
            said.push(objects(&once)?);
        }
        ensure!(said.windows(2).all(|of| of[0] == of[1]), "{} is another of another Helm", chart.name);
    }
    Ok(())
}

pub(super) fn minors(bench: &Bench) -> Result<()> {
    for minor in 29..=36 {
        for helm in &bench.helms {
            for chart in &bench.charts {
                let version = format!("1.{minor}.0");
                let words = ["template", "o", &chart.folder(), "--namespace", NAMESPACE, "--kube-version", &version];
                let rendered = objects(&bench.helm(helm, &words)?)?;
                ensure!(rendered.len() >= 3, "{} for {version}: {}", chart.name, rendered.len());
                if chart.name == "outrigger" {
                    invariants::hold(&rendered, &BTreeSet::new())?;
                }
            }
        }
    }
    // Builds of vendors, which semver takes for something that comes before.
    bench.text(&["--kube-version", "v1.29.4-gke.1043002"]).map(drop)
}

pub(super) fn too_old(bench: &Bench) -> Result<()> {
    for helm in &bench.helms {
        for chart in &bench.charts {
            let said =
                refusal("1.28", bench.helm(helm, &["template", "o", &chart.folder(), "--kube-version", "1.28.9"]))?;
            ensure!(said.contains(">=1.29.0") && said.contains("1.28.9"), "{said}");
        }
    }
    // As a part of somebody's chart, of which Helm asks no version.
    let whole = bench.home().join("whole");
    let part = whole.join("charts/outrigger");
    fs::create_dir_all(whole.join("charts"))?;
    tools::succeed(std::process::Command::new("cp").arg("-R").arg(tools::root().join("charts/outrigger")).arg(&part))?;
    fs::write(whole.join("Chart.yaml"), "apiVersion: v2\nname: whole\nversion: 0.1.0\n")?;
    let whole = whole.display().to_string();
    let said = refusal("1.28", bench.helm(&bench.helms[0], &["template", "o", &whole, "--kube-version", "1.28.9"]))?;
    ensure!(said.contains("Outrigger needs Kubernetes 1.29 or newer") && said.contains("v1.28.9"), "{said}");
    bench.helm(&bench.helms[0], &["template", "o", &whole, "--kube-version", "1.29.0"])?;
    // What keeps others from saying which keys are mounted is a kind of 1.30.
    let mounts = "--set=injector.bootstrapSecrets.enabled=true";
    let said = refusal("1.29", bench.text(&[mounts, "--kube-version", "1.29.9"]))?;
    ensure!(
        said.contains("injector.bootstrapSecrets.enabled needs Kubernetes 1.30") && said.contains("v1.29.9"),
        "{said}"
    );
    bench.text(&[mounts, "--kube-version", "1.30.0"]).map(drop)
}

pub(super) fn manifests(bench: &Bench) -> Result<()> {
    for (path, text) in manifests::files(&bench.helms[0])? {
        let found = fs::read_to_string(tools::root().join(path)).unwrap_or_default();
        ensure!(found == text, "{path} differs; run `cargo xtask charts`");
    }
    Ok(())
}

pub(super) fn kinds(bench: &Bench) -> Result<()> {
    let render = |words: &[&str]| {
        let words = [&["template", "o", "charts/outrigger-crds", "--namespace", NAMESPACE], words].concat();
        objects(&bench.helm(&bench.helms[0], &words)?)
    };
    let plain = objects(&fs::read_to_string(tools::root().join("deploy/kubernetes/crds.yaml"))?)?;
    ensure!(plain.len() == outrigger_crd::all().len(), "{} kinds", plain.len());
    for (words, policy) in [(&[][..], Some("keep")), (&["--set", "keep=false"], None)] {
        let rendered = render(words)?;
        ensure!(rendered.len() == plain.len(), "{} kinds", rendered.len());
        for (rendered, plain) in rendered.iter().zip(&plain) {
            ensure!(rendered["spec"] == plain["spec"], "{} is another", plain["metadata"]["name"]);
            ensure!(rendered["metadata"]["name"] == plain["metadata"]["name"], "another name");
            let said = rendered["metadata"]["annotations"]["helm.sh/resource-policy"].as_str();
            ensure!(said == policy, "{words:?}: {said:?}");
        }
    }
    Ok(())
}
