//! `deploy/kubernetes`: what the charts render, for those who apply plain manifests.
//!
//! Helm renders them, so a chore of its own writes them: `cargo xtask generate` needs nothing installed. The step that has
//! Helm holds them to the chart.

use anyhow::{Result, bail};

use super::helm::{self, Helm};
use crate::{generate, tools};

/// Everything, in the namespace that is the programs' default.
const ALL: &str = "deploy/kubernetes/outrigger.yaml";
/// What the programs may do, by itself: the stories run with these rights.
const RIGHTS: &str = "deploy/kubernetes/rbac.yaml";
const RIGHTS_FROM: [&str; 2] = ["templates/control-plane/rbac.yaml", "templates/injector/rbac.yaml"];
/// A ledger in SQLite, which is there where somebody wants it.
const LEDGER: &str = "deploy/kubernetes/ledger.yaml";
const LEDGER_FROM: [&str; 4] = [
    "templates/ledger/rbac.yaml",
    "templates/ledger/service.yaml",
    "templates/ledger/workload.yaml",
    "templates/ledger/pdb.yaml",
];
const WITH_LEDGER: &str = "--set=ledger.enabled=true";
const NAMESPACE: &str = "outrigger-system";

pub(super) fn run(check: bool) -> Result<()> {
    let [helm, _] = helm::both()?;
    let mut stale = Vec::new();
    for (path, text) in files(&helm)? {
        stale.extend(generate::file(path, &text, check)?);
    }
    if check && !stale.is_empty() {
        bail!("not what the chart renders: {}; run `cargo xtask charts`", stale.join(", "));
    }
    Ok(())
}

/// Path and text of each.
pub(super) fn files(helm: &Helm) -> Result<[(&'static str, String); 3]> {
    let rights = RIGHTS_FROM.map(|template| ["--show-only", template]).concat();
    let mut ledger = LEDGER_FROM.map(|template| ["--show-only", template]).concat();
    ledger.push(WITH_LEDGER);
    let own = format!("---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {NAMESPACE}\n");
    Ok([
        (ALL, format!("{}{own}{}", head(ALL_SAYS), render(helm, &[])?)),
        (RIGHTS, format!("{}{}", head(RIGHTS_SAYS), render(helm, &rights)?)),
        (LEDGER, format!("{}{}", head(LEDGER_SAYS), render(helm, &ledger)?)),
    ])
}

const ALL_SAYS: &str = "# Everything of Outrigger but its kinds, which come first: deploy/kubernetes/crds.yaml.\n";
const RIGHTS_SAYS: &str = "\
# What control plane and injector may do in a cluster, and nothing else.
#
# Keys of providers in another namespace, by name: without it such a provider says `ResolvedRefs: NotPermitted`, and what to
# paste. The chart does the same for `secrets.named`, and for ConfigMaps of certificates with `configMaps.named`.
#
#   kubectl -n prod create role outrigger-secret-openai --verb=get,list,watch --resource=secrets --resource-name=openai
#   kubectl -n prod create rolebinding outrigger-secret-openai --role=outrigger-secret-openai \\
#     --serviceaccount=outrigger-system:outrigger-control-plane
";
const LEDGER_SAYS: &str = "\
# The ledger, in SQLite on a volume of its own. Sidecars tell it once the injector has the argument
#
#   --ledger=https://outrigger-ledger.outrigger-system.svc:4122
";

fn head(says: &str) -> String {
    format!("# Printed from charts/outrigger by `cargo xtask charts`.\n{says}")
}

/// Hooks are for those who have Helm.
fn render(helm: &Helm, words: &[&str]) -> Result<String> {
    let home = tempfile::tempdir()?;
    let mut command = helm.command(home.path());
    command.args(["template", "outrigger", "charts/outrigger", "--namespace", NAMESPACE, "--no-hooks"]).args(words);
    Ok(plain(&tools::succeed(&mut command)?))
}

/// Without what is true of Helm's releases alone, and without empty lines.
fn plain(text: &str) -> String {
    let helms = ["app.kubernetes.io/managed-by: Helm", "helm.sh/chart:", "# Source: "];
    let ours = |line: &&str| !line.trim().is_empty() && !helms.iter().any(|begin| line.trim_start().starts_with(begin));
    text.lines().filter(ours).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_release_is_in_a_plain_manifest() {
        let text = "---\n# Source: a\n\nlabels:\n  helm.sh/chart: a-1\n  app.kubernetes.io/managed-by: Helm\n  a: b\n";
        assert_eq!(plain(text), "---\nlabels:\n  a: b\n");
    }
}
