//! The charts, installed once for all stories.

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::LazyLock,
    time::Duration,
};

use tokio::sync::OnceCell;

use super::{
    story::{Story, run},
    turns::{Alone, Together, Turns},
    wait_for,
};

/// Where it is.
pub const SYSTEM: &str = "outrigger-system";

static INSTALLED: OnceCell<()> = OnceCell::const_new();
static TURNS: LazyLock<Turns> = LazyLock::new(Turns::default);

/// Installs it if it is not installed. Others use it at the same time: nothing of it is changed.
pub async fn shared() -> Together<'static> {
    let asking = TURNS.ask();
    INSTALLED.get_or_init(install).await;
    asking.turn().await
}

/// The same, with nobody else there: it may be stopped, and has to be as before in the end.
pub async fn alone() -> Alone<'static> {
    INSTALLED.get_or_init(install).await;
    TURNS.alone().await
}

/// For a story that needs no installation, and room all the same.
pub async fn beside() -> Together<'static> {
    TURNS.ask().turn().await
}

/// As a person does it: both charts, where images are, and that keys may be mounted.
pub async fn install() {
    install_with(&[]).await;
}

/// The same with more values: `ledger.enabled=true`. Those of another time count no more.
pub async fn install_with(values: &[&str]) {
    kinds(&chart("outrigger-crds")).await;
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
    words.extend(values.iter().flat_map(|value| ["--set", value]).map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = helm_beside(&words).await;
    if !output.status.success() {
        let story = Story::of(SYSTEM);
        story.tell();
    }
    done("outrigger", &output);
    // Helm waits for those that come. Those that go still answer for some seconds, with the values of before.
    let system = Story::of(SYSTEM);
    wait_for("injectors of before to be gone", Duration::from_secs(60), async || {
        let pods = system.get(&["pods", "--selector", "app.kubernetes.io/component=injector"]).await;
        let mut pods = pods["items"].as_array()?.iter();
        pods.all(|pod| pod["metadata"]["deletionTimestamp"].is_null()).then_some(())
    })
    .await;
}

/// The kinds, of this chart.
pub async fn kinds(chart: &str) {
    let words = ["upgrade", "--install", "outrigger-crds", chart, "--create-namespace"];
    done("outrigger-crds", &helm_beside(&words).await);
}

/// A copy of a chart in which one template lacks every line of this field, and of what is below it.
pub fn chart_without(name: &str, template: &str, field: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp").arg("-rT").arg(chart(name)).arg(folder.path()).status().expect("cp");
    assert!(copied.success(), "{name} cannot be copied");
    let path = folder.path().join("templates").join(template);
    let text = std::fs::read_to_string(&path).expect("the template");
    let (mut within, mut found) = (None, false);
    let kept = text.lines().filter(|line| {
        let depth = line.len() - line.trim_start().len();
        within = within.filter(|of| depth > *of);
        if line.trim_start() == format!("{field}:") {
            (within, found) = (Some(depth), true);
        }
        within.is_none()
    });
    let kept: String = kept.flat_map(|line| [line, "\n"]).collect();
    assert!(found, "{template} of {name} has no {field}");
    std::fs::write(&path, kept).expect("the template can be written");
    folder
}

fn done(what: &str, output: &Output) {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(output.status.success(), "helm, {what}: {}", String::from_utf8_lossy(&said));
}

/// A chart of this checkout.
pub fn chart(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../charts").join(name).display().to_string()
}

/// The same, while the story goes on with other things.
pub async fn helm_beside(args: &[&str]) -> Output {
    let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
    let work = move || helm(&args.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(work).await.expect("helm runs")
}

/// Runs Helm in the namespace of the installation.
pub fn helm(args: &[&str]) -> Output {
    let mut command = Command::new("helm");
    command.args(args).args(["--namespace", SYSTEM]).env("KUBECONFIG", run().join("admin.kubeconfig"));
    command.output().expect("helm is on the path of a node's stories")
}
