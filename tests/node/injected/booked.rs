//! U5, R-DRAIN-4: the ledger in SQLite on the node's disk: what pods used and cost, whoever of them dies meanwhile.

mod chaos;

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::harness::*;

/// A volume on the node's disk, bound by hand to the claim of the ledger's one pod. No driver gives it to the pod's group,
/// so its folder is open to everybody.
struct Disk {
    _folder: TempDir,
}

impl Disk {
    const NAME: &'static str = "outrigger-story-books";
    const CLAIM: &'static str = "books-outrigger-ledger-0";

    async fn new(system: &Story) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on disk");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let volume = format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {}}}\nspec:\n  capacity: {{storage: 10Gi}}\n  \
             accessModes: [ReadWriteOnce]\n  persistentVolumeReclaimPolicy: Retain\n  \
             claimRef: {{namespace: {SYSTEM}, name: {}}}\n  hostPath: {{path: {}, type: Directory}}\n",
            Self::NAME,
            Self::CLAIM,
            folder.path().display()
        );
        system.apply_anywhere(&volume).await;
        Self { _folder: folder }
    }
}

/// Nobody after us has a ledger.
impl Drop for Disk {
    fn drop(&mut self) {
        let system = Story::of(SYSTEM);
        let without = ["upgrade", "outrigger", &chart("outrigger"), "--reuse-values", "--set", "ledger.enabled=false"];
        let done = tokio::task::block_in_place(|| helm(&[&without[..], &["--wait", "--timeout=120s"]].concat()));
        if !done.status.success() {
            println!("{}", String::from_utf8_lossy(&done.stderr));
        }
        system.finally(&["delete", "persistentvolumeclaim", Self::CLAIM]);
        system.finally(&["delete", "persistentvolume", Self::NAME]);
    }
}

/// `near`, at 1 USD for a million tokens in and 2 USD for a million out, and `slow`, which streams for a minute.
fn priced() -> String {
    let provider = |name: &str, model: &str| {
        format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}}}\n\
             spec: {{dialects: [ChatCompletions, Responses], baseURL: \"http://{name}/v1\", auth: {{scheme: None}}, \
             models: [{{model: {model}, prices: {{input: \"1\", output: \"2\"}}}}]}}\n"
        )
    };
    let long = "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {name: long}\n\
                spec: {targets: [{model: acme/slow, provider: slow}]}\n";
    [provider("near", "acme/small"), provider("slow", "acme/slow"), route(&["near"]), long.to_owned()].concat()
}

/// Asks so many times, and prints what the provider said that it used: tokens in, and tokens out.
async fn asks(story: &Story, times: usize) -> (i64, i64) {
    let program = format!(
        "import openai\nc = openai.OpenAI(max_retries=0)\nused = [c.chat.completions.create(model='assistant', \
         messages=[{{'role': 'user', 'content': 'word ' * i}}]).usage for i in range(1, {times} + 1)]\n\
         print(sum(u.prompt_tokens for u in used), sum(u.completion_tokens for u in used))"
    );
    let said = story.exec("app", &["python3", "-c", &program]).await;
    let (input, output) = said.trim().split_once(' ').unwrap_or_else(|| panic!("{said}"));
    (input.parse().unwrap(), output.parse().unwrap())
}

/// What `kubectl outrigger usage` says of this story: the sums of requests that were answered, and all of it; or what it says
/// instead.
async fn usage(story: &Story) -> Result<(Value, Value), String> {
    let words = ["usage", "--namespace", &story.namespace, "--by", "team,workload,outcome", "--output", "json"];
    let output = plugin(&words, "").await;
    let told: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    // By the pod's label, and by what it belongs to: nobody but itself. What came before its policy was refused.
    let mut rows = told["rows"].as_array().into_iter().flatten();
    match rows.find(|row| row["names"] == json!(["search", "Pod/app", "ok"])) {
        Some(ok) => Ok((ok["booked"].clone(), told.clone())),
        None => Err(format!("nothing was answered: {told:#}")),
    }
}

/// Waits until so many were answered, and of so many attempts nobody knows what became of them.
async fn says(story: &Story, answered: i64, unknown: i64) -> (Value, Value) {
    let mut last = String::new();
    for _ in 0..60 {
        last = match usage(story).await {
            Ok((ok, all))
                if (&ok["requests"], &all["total"]["unknown"]["attempts"]) == (&json!(answered), &json!(unknown)) =>
            {
                return (ok, all);
            }
            Ok((_, all)) => format!("{all:#}"),
            Err(instead) => instead,
        };
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("expected {answered} requests and {unknown} unknown attempts: {last}")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn what_pods_used_is_exact_whoever_is_killed() {
    let _installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    let _disk = Disk::new(&system).await;
    install_with(&["ledger.enabled=true"]).await;
    story.apply(&[provider("near"), slow("slow", 60)].join("---\n")).await;
    story.apply(&priced()).await;
    let_in(&story, &app("app", "").replacen("labels: {", "labels: {team: search, ", 1)).await;
    for object in ["deployment/near", "pod/slow", "pod/app"] {
        story.ready(object).await;
    }
    answers(&story, "app", "near", Duration::from_secs(30)).await;
    // What that one word used is told by the ledger alone.
    let (hello, _) = says(&story, 1, 0).await;
    let of = |told: &Value, name: &str| told[name].as_i64().unwrap();
    let hello = (of(&hello, "input"), of(&hello, "output"));
    let exact = |told: &Value, (input, output): (i64, i64)| {
        let figures = (of(told, "input"), of(told, "output"), of(told, "nano"));
        assert_eq!(figures, (input, output, input * 1_000 + output * 2_000), "{told:#}");
    };
    let first = asks(&story, 20).await;
    let (told, _) = says(&story, 21, 0).await;
    exact(&told, (hello.0 + first.0, hello.1 + first.1));

    // The ledger's pod goes while an answer streams and others are asked for; then the sidecar is killed.
    let stream = "import openai\ntry:\n    for part in openai.OpenAI(max_retries=0).chat.completions.create(\
        model='long', messages=[{'role': 'user', 'content': 'hi'}], stream=True):\n        \
        open('/tmp/open', 'w').close()\n    print('whole')\nexcept Exception as e:\n    print('broken')";
    let stream = ["python3", "-c", stream];
    let streaming = story.exec("app", &stream);
    let dying = async {
        wait_for("the stream", SOON, async || {
            story.try_exec("app", &["test", "-f", "/tmp/open"]).await.status.success().then_some(())
        })
        .await;
        system.kubectl(&["delete", "pod", "outrigger-ledger-0", "--wait=false"]).await;
        let second = asks(&story, 10).await;
        signal_sidecar(&story.namespace, "app", rustix::process::Signal::KILL);
        second
    };
    let (said, second) = tokio::join!(streaming, dying);
    assert_eq!(said.trim(), "broken");
    answers(&story, "app", "near", Duration::from_secs(30)).await;
    system.ready("statefulset/outrigger-ledger").await;
    let (told, all) = says(&story, 32, 1).await;
    // The same word again, so the same tokens.
    exact(&told, (first.0 + second.0 + 2 * hello.0, first.1 + second.1 + 2 * hello.1));
    assert_eq!(all["missing"]["entries"], json!(0), "{all:#}");
    // Here and not in a story of its own: an installation with a ledger comes and goes once.
    chaos::the_providers_books_are_the_ledgers(&system).await;
}
