//! A namespace of a story, and what its pods say.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::{
    SOON,
    kubectl::{Kubectl, text},
    wait_for,
};

/// Names the folder of the run.
const RUN: &str = "OUTRIGGER_TEST_NODE";

/// A namespace with a name that was never used before. Dropping it deletes it; nobody waits for the end of that.
#[derive(Debug)]
pub struct Story {
    pub namespace: String,
    admin: Kubectl,
    run: PathBuf,
    /// Whether it goes with the story.
    ours: bool,
}

/// The folder of the run.
pub fn run() -> PathBuf {
    env::var_os(RUN).unwrap_or_else(|| panic!("{RUN} names no node: cargo xtask cluster test")).into()
}

fn admin() -> Kubectl {
    let run = run();
    let ready = fs::read(run.join("ready.json")).unwrap_or_else(|_| panic!("no node runs in {}", run.display()));
    let ready: Value = serde_json::from_slice(&ready).expect("JSON");
    let bin = PathBuf::from(ready["bin"].as_str().expect("a path"));
    Kubectl::new(bin.join("kubectl"), run.join("admin.kubeconfig"))
}

impl Story {
    pub async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let (admin, run) = (admin(), run());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let namespace = format!("story-{now}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        admin.ok(&["create", "namespace", &namespace], "").await;
        let story = Self { namespace, admin, run, ours: true };
        // No pod can be made before its service account is there, and a controller makes it.
        wait_for("the default service account", Duration::from_secs(30), async || {
            story.try_kubectl(&["get", "serviceaccount", "default"]).await.status.success().then_some(())
        })
        .await;
        story
    }

    /// One of this very name, since what is applied there says it. Whoever had it before is waited for.
    pub async fn called(name: &str) -> Self {
        let story = Self { namespace: name.to_owned(), admin: admin(), run: run(), ours: true };
        wait_for("the namespace to be free", SOON, async || {
            story.admin.run(&["create", "namespace", name], "").await.status.success().then_some(())
        })
        .await;
        wait_for("the default service account", Duration::from_secs(30), async || {
            story.try_kubectl(&["get", "serviceaccount", "default"]).await.status.success().then_some(())
        })
        .await;
        story
    }

    /// A namespace that is there, and stays.
    pub fn of(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), admin: admin(), run: run(), ours: false }
    }

    /// One whose pods get sidecars.
    pub async fn injected() -> Self {
        let story = Self::new().await;
        story.kubectl(&["label", "namespace", &story.namespace, "outrigger.dev/inject=enabled"]).await;
        story
    }

    /// What kubectl prints in this namespace; fails the test when it fails.
    pub async fn kubectl(&self, args: &[&str]) -> String {
        self.admin.text(&self.here(args)).await
    }

    /// Runs kubectl in this namespace, whatever comes of it.
    pub async fn try_kubectl(&self, args: &[&str]) -> Output {
        self.admin.run(&self.here(args), "").await
    }

    /// Objects of this namespace as JSON.
    pub async fn get(&self, args: &[&str]) -> Value {
        self.admin.json(&self.here(&[&["get"], args].concat()), "").await
    }

    /// Server-side apply in this namespace: `namespace: default` in the text means this one. Answers what kubectl wrote to
    /// standard error: warnings, if any.
    pub async fn apply(&self, yaml: &str) -> String {
        let words = ["apply", "--server-side", "--field-manager", "outrigger-tests", "--filename", "-"];
        let yaml = yaml.replace("namespace: default", &format!("namespace: {}", self.namespace));
        text(&self.admin.ok(&self.here(&words), &yaml).await.stderr)
    }

    /// Server-side apply of objects that name their namespaces themselves.
    pub async fn apply_anywhere(&self, yaml: &str) {
        let words = ["apply", "--server-side", "--field-manager", "outrigger-tests", "--filename", "-"];
        self.admin.ok(&words, yaml).await;
    }

    /// Runs kubectl in this namespace without a runtime, whatever comes of it, for what is done when something is dropped.
    pub fn finally(&self, words: &[&str]) {
        self.admin.succeeds(&self.here(words));
    }

    /// kubectl with this input, whatever comes of it.
    pub async fn try_apply(&self, words: &[&str], yaml: &str) -> Output {
        self.admin.run(&self.here(words), yaml).await
    }

    /// Waits until pods are ready, or a rollout is done: `pod/app`, `deployment/app`.
    pub async fn ready(&self, object: &str) {
        let words = match object.starts_with("pod/") {
            true => vec!["wait", "--for=condition=Ready", object],
            false => vec!["rollout", "status", object],
        };
        self.becomes(object, &words).await;
    }

    /// Waits until a pod has ended well.
    pub async fn succeeded(&self, pod: &str) {
        self.becomes(pod, &["wait", "--for=jsonpath={.status.phase}=Succeeded", &format!("pod/{pod}")]).await;
    }

    /// What a pod's only container has written, or the one that kubectl takes first.
    pub async fn logs(&self, pod: &str) -> String {
        self.kubectl(&["logs", pod]).await
    }

    /// What this command prints in a pod; fails the test when it fails.
    pub async fn exec(&self, pod: &str, command: &[&str]) -> String {
        let words = [&["exec", pod, "--namespace", &self.namespace, "--"], command].concat();
        self.admin.text(&words).await
    }

    /// The same, whatever comes of it.
    pub async fn try_exec(&self, pod: &str, command: &[&str]) -> Output {
        self.admin.run(&[&["exec", pod, "--namespace", &self.namespace, "--"], command].concat(), "").await
    }

    /// What `outrigger` prints to these words, as the administrator: exit code, standard output, standard error.
    pub async fn outrigger(&self, words: &[&str]) -> (Option<i32>, String, String) {
        // <target>/<profile>/deps/node-<hash>
        let own = env::current_exe().expect("the path of this test");
        let program = own.ancestors().nth(2).expect("a profile folder").join("outrigger");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = [self.admin.bin().to_owned()].into_iter().chain(env::split_paths(&path));
        let mut command = Command::new(&program);
        command.env_clear().env("HOME", &self.run).env("KUBECONFIG", self.admin.kubeconfig());
        command.env("PATH", env::join_paths(path).expect("plain paths")).args(words).stdin(Stdio::null());
        let work = tokio::task::spawn_blocking(move || command.output());
        let output =
            work.await.expect("it runs").unwrap_or_else(|error| panic!("start {}: {error}", program.display()));
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    async fn becomes(&self, object: &str, words: &[&str]) {
        let timeout = format!("--timeout={}s", SOON.as_secs());
        let output = self.try_kubectl(&[words, &[&timeout]].concat()).await;
        assert!(output.status.success(), "{object}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn here<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        [args, &["--namespace", &self.namespace]].concat()
    }

    /// What there is to know of a story that has failed.
    pub fn tell(&self) {
        for words in [
            &["get", "pods,services,endpointslices", "--output", "wide"][..],
            &["describe", "pods"],
            &["get", "events", "--sort-by=.lastTimestamp"],
        ] {
            println!("--- kubectl {}\n{}", words.join(" "), self.admin.said(&self.here(words)));
        }
        let pods = self.admin.said(&self.here(&["get", "pods", "--output", "name"]));
        for pod in pods.lines().filter(|line| line.starts_with("pod/")) {
            let words = ["logs", pod, "--all-containers", "--prefix", "--tail=100"];
            println!("--- kubectl logs {pod}\n{}", self.admin.said(&self.here(&words)));
        }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if thread::panicking() {
            self.tell();
        }
        if !self.ours {
            return;
        }
        self.admin.succeeds(&["delete", "namespace", &self.namespace, "--wait=false"]);
    }
}
