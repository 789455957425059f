//! The charts, installed once for all stories.

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::LazyLock,
};

use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::story::{Story, run};

/// Where it is.
pub const SYSTEM: &str = "outrigger-system";

static INSTALLED: OnceCell<()> = OnceCell::const_new();
static EVERYBODY: LazyLock<RwLock<()>> = LazyLock::new(RwLock::default);

/// An installation that others use at the same time: nothing of it is changed.
#[derive(Debug)]
pub struct Shared(#[allow(dead_code, reason = "held")] RwLockReadGuard<'static, ()>);

/// One that nobody else uses meanwhile: it may be stopped, and has to be as before in the end.
#[derive(Debug)]
pub struct Alone(#[allow(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>);

/// Installs it if it is not installed, and says that nothing of it is changed.
pub async fn shared() -> Shared {
    INSTALLED.get_or_init(install).await;
    Shared(EVERYBODY.read().await)
}

/// The same, with nobody else there.
pub async fn alone() -> Alone {
    INSTALLED.get_or_init(install).await;
    Alone(EVERYBODY.write().await)
}

/// As a person does it: both charts, where images are, and that keys may be mounted.
pub async fn install() {
    let kinds = helm(&["upgrade", "--install", "outrigger-crds", &chart("outrigger-crds"), "--create-namespace"]);
    done("outrigger-crds", &kinds);
    let mut words: Vec<String> =
        ["upgrade", "--install", "outrigger"].map(str::to_owned).into_iter().chain([chart("outrigger")]).collect();
    words.extend(["--wait", "--timeout=180s"].map(str::to_owned));
    words.extend(["--set", "injector.bootstrapSecrets.enabled=true"].map(str::to_owned));
    for (of, image) in [("controlPlane", "outrigger-control-plane"), ("sidecar", "outrigger-sidecar")] {
        for (key, value) in [("repository", format!("localhost/{image}")), ("tag", "dev".to_owned())] {
            words.extend(["--set".to_owned(), format!("{of}.image.{key}={value}")]);
        }
        words.extend(["--set".to_owned(), format!("{of}.image.pullPolicy=Never")]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = tokio::task::block_in_place(|| helm(&words));
    if !output.status.success() {
        let story = Story::of(SYSTEM);
        story.tell();
    }
    done("outrigger", &output);
}

fn done(what: &str, output: &Output) {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(output.status.success(), "helm, {what}: {}", String::from_utf8_lossy(&said));
}

/// A chart of this checkout.
pub fn chart(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../charts").join(name).display().to_string()
}

/// Runs Helm in the namespace of the installation.
pub fn helm(args: &[&str]) -> Output {
    let mut command = Command::new("helm");
    command.args(args).args(["--namespace", SYSTEM]).env("KUBECONFIG", run().join("admin.kubeconfig"));
    command.output().expect("helm is on the path of a node's stories")
}
