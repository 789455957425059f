//! The chart of the kinds: they outlive their release unless that was told otherwise.

use super::helm::helms;
use crate::harness::Cluster;

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn kinds_are_kept_unless_told_otherwise() {
    let cluster = Cluster::alone().await;
    let namespace = cluster.namespace().await;
    let again = Again(&cluster);
    for helm in helms(&cluster, &namespace) {
        cluster.kubectl_ok(&["delete", "--ignore-not-found", "--filename", crds()]).await;
        let words = ["outrigger-crds", "charts/outrigger-crds"];
        helm.ok(&[&["install"], &words[..]].concat()).await;
        let installed = kinds(&cluster).await;
        assert!(installed.len() >= 3, "{installed:?}");
        let wait = ["wait", "--for=condition=Established", "--timeout=30s", "--filename", crds()];
        cluster.kubectl_ok(&wait).await;
        namespace.apply(crate::harness::Policy::new().provider("a", "http://127.0.0.1:1")).await;

        helm.ok(&["uninstall", "outrigger-crds"]).await;
        assert_eq!(kinds(&cluster).await, installed);
        assert_eq!(namespace.get(&["modelproviders"]).await["items"].as_array().unwrap().len(), 1, "policy goes on");

        // They are there, and are taken back.
        helm.ok(&[&["upgrade", "--install"], &words[..], &["--set", "keep=false"]].concat()).await;
        let said = helm.ok(&["get", "notes", "outrigger-crds"]).await;
        assert!(said.contains("WARNING: keep is false"), "{said}");
        helm.ok(&["uninstall", "outrigger-crds", "--wait"]).await;
        assert_eq!(kinds(&cluster).await, Vec::<String>::new());
    }
    drop(again);
    cluster.install_crds().await;
}

/// Whatever comes of the story, others need the kinds.
pub(super) struct Again<'a>(pub(super) &'a Cluster);

impl Drop for Again<'_> {
    fn drop(&mut self) {
        self.0.succeeds(&["apply", "--server-side", "--filename", crds()]);
    }
}

pub(super) fn crds() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/kubernetes/crds.yaml")
}

async fn kinds(cluster: &Cluster) -> Vec<String> {
    let found = cluster.kubectl_ok(&["get", "customresourcedefinitions", "--output", "name"]).await;
    found.lines().filter(|line| line.ends_with(".outrigger.dev")).map(str::to_owned).collect()
}
