//! What kubectl knows of a cluster: who its user is, the certificates of the control plane, and a way there. kubectl itself
//! talks to the API server, whatever the kubeconfig says of proxies, certificates and plugins.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use outrigger_telemetry::out;
use serde_json::Value;

use super::program::Program;

/// How long kubectl may take to lead somewhere.
const FORWARD: Duration = Duration::from_secs(20);
/// How long it waits for an API server.
const REQUEST: &str = "--request-timeout=10s";
/// Replicas that are asked at most: far more than anybody runs.
const MOST: usize = 16;
/// Longest answer of a credential plugin that is read.
const CREDENTIAL: u64 = 64 << 10;

/// kubectl, for one cluster.
pub(crate) struct Kubectl {
    words: Vec<String>,
    namespace: String,
}

/// A way to the control plane, until it is dropped.
pub(super) struct Forward {
    child: Child,
    port: u16,
}

impl Kubectl {
    /// As the user of `context` in `kubeconfig`; without them, of those that kubectl takes by itself. `namespace`: the control
    /// plane's.
    pub(crate) fn new(kubeconfig: Option<&Path>, context: Option<&str>, namespace: &str) -> Self {
        let file = kubeconfig.map(|file| format!("--kubeconfig={}", file.display()));
        let words = file.into_iter().chain(context.map(|context| format!("--context={context}")));
        Self { words: words.collect(), namespace: namespace.to_owned() }
    }

    /// The token of its user.
    ///
    /// # Errors
    ///
    /// If it has none, or kubectl fails. What it says to that is in the error, the token never.
    pub(super) fn token(&self) -> anyhow::Result<String> {
        let config = self.json(&["config", "view", "--minify", "--raw", "--output=json"])?;
        let user = &config["users"][0]["user"];
        if let Some(token) = user["token"].as_str().filter(|it| !it.is_empty()) {
            return Ok(token.to_owned());
        }
        if let Some(file) = user["tokenFile"].as_str() {
            return super::trust::token(Path::new(file));
        }
        if user["exec"]["command"].is_string() {
            return by_plugin(&user["exec"]);
        }
        bail!(
            "the user of this kubeconfig has no token (it has a certificate, or another way in), and the control plane \
             asks for one: give --token-file, from: kubectl create token NAME"
        )
    }

    /// The certificates by which the control plane is known.
    ///
    /// # Errors
    ///
    /// If they are not there, or may not be read.
    pub(super) fn bundle(&self) -> anyhow::Result<Vec<u8>> {
        let namespace = format!("--namespace={}", self.namespace);
        let map = self.json(&["get", "configmap", "outrigger-ca", &namespace, REQUEST, "--output=json"])?;
        let bundle = map["data"]["ca.crt"].as_str().filter(|it| !it.is_empty());
        let bundle = bundle.with_context(|| {
            format!("the ConfigMap outrigger-ca of namespace {} holds no ca.crt: give --ca-file", self.namespace)
        })?;
        Ok(bundle.as_bytes().to_vec())
    }

    /// Leads to every replica that is ready, since each knows the sidecars that are connected to it; never to none.
    ///
    /// # Errors
    ///
    /// If kubectl cannot.
    pub(super) fn forward(&self, program: &Program) -> anyhow::Result<(Forward, Vec<Forward>)> {
        let namespace = format!("--namespace={}", self.namespace);
        let pods =
            program.replicas.map(|which| self.json(&["get", "pods", &namespace, which, REQUEST, "--output=json"]));
        let mut ready = pods.as_ref().and_then(|pods| pods.as_ref().ok()).map(ready).unwrap_or_default();
        ready.truncate(MOST);
        // All at once: each takes half a second.
        let begun: Vec<Began> = match ready.is_empty() {
            true => vec![self.begin(&namespace, program.any, program.port)?],
            false => {
                ready.iter().map(|pod| self.begin(&namespace, pod, program.port)).collect::<anyhow::Result<_>>()?
            }
        };
        let mut ways = begun.into_iter().map(Began::leads);
        let first = ways.next().context(NO_WAY)??;
        let told = |why: &anyhow::Error| {
            out::complain(format_args!("outrigger: a replica cannot be asked, and its sidecars are missing: {why:#}"))
        };
        Ok((first, ways.filter_map(|way| way.inspect_err(told).ok()).collect()))
    }

    fn begin(&self, namespace: &str, to: &str, port: &str) -> anyhow::Result<Began> {
        let mut command = self.command(&["port-forward", namespace, to, port]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().context(NO_KUBECTL)?;
        let said = child.stdout.take().context("kubectl has no output")?;
        let (send, first) = mpsc::channel();
        // It goes on reading, so that kubectl never waits for us.
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Ok(Began { way: Forward { child, port: 0 }, first })
    }

    fn json(&self, words: &[&str]) -> anyhow::Result<Value> {
        let output = self.command(words).stderr(Stdio::piped()).output().context(NO_KUBECTL)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "kubectl {}: {}", words[..2].join(" "), said.trim());
        serde_json::from_slice(&output.stdout)
            .ok()
            .with_context(|| format!("kubectl {} prints no JSON", words[..2].join(" ")))
    }

    /// It with these words, of this cluster; it reads nothing.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.args(&self.words).args(words).stdin(Stdio::null());
        command
    }
}

const NO_WAY: &str = "kubectl port-forward leads nowhere: is the control plane there, in --system-namespace? Or say where it is with --from";
const NO_KUBECTL: &str = "kubectl cannot be started: put it on the PATH, or give --from, --token-file and --ca-file";

/// One that has not said where it begins.
struct Began {
    way: Forward,
    first: mpsc::Receiver<String>,
}

impl Began {
    fn leads(self) -> anyhow::Result<Forward> {
        let Self { mut way, first } = self;
        let line = first.recv_timeout(FORWARD).ok().context(NO_WAY)?;
        way.port = port(&line).with_context(|| format!("kubectl port-forward says {line:?}, which is no port"))?;
        Ok(way)
    }
}

/// Of a list of pods those that can be asked, as kubectl names them.
fn ready(pods: &Value) -> Vec<String> {
    let is_ready = |pod: &&Value| {
        let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        pod["metadata"]["deletionTimestamp"].is_null()
            && conditions.any(|it| it["type"] == "Ready" && it["status"] == "True")
    };
    let ready = pods["items"].as_array().into_iter().flatten().filter(is_ready);
    ready.filter_map(|pod| Some(format!("pod/{}", pod["metadata"]["name"].as_str()?))).collect()
}

impl Forward {
    /// Where it begins, on this machine.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `Forwarding from 127.0.0.1:40123 -> 4119`
fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("127.0.0.1:")?;
    rest.split(' ').next()?.parse().ok()
}

/// The token that a credential plugin gives (`client.authentication.k8s.io`).
fn by_plugin(exec: &Value) -> anyhow::Result<String> {
    let name = exec["command"].as_str().unwrap_or_default();
    let mut command = Command::new(name);
    command.args(exec["args"].as_array().into_iter().flatten().filter_map(Value::as_str));
    for set in exec["env"].as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (set["name"].as_str(), set["value"].as_str()) {
            command.env(name, value);
        }
    }
    let version = exec["apiVersion"].as_str().unwrap_or("client.authentication.k8s.io/v1");
    let info = serde_json::json!({"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": false}});
    command.env("KUBERNETES_EXEC_INFO", info.to_string()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {name}"))?;
    let mut said = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(CREDENTIAL).read_to_end(&mut said).with_context(|| format!("{name} cannot be read"))?;
    }
    ensure!(child.wait()?.success(), "{name} gives no credential");
    let said: Value = serde_json::from_slice(&said).ok().with_context(|| format!("{name} prints no ExecCredential"))?;
    let token = said["status"]["token"].as_str().filter(|it| !it.is_empty());
    Ok(token
        .with_context(|| format!("{name} gives no token, and the control plane asks for one: give --token-file"))?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_where_kubectl_says() {
        assert_eq!(port("Forwarding from 127.0.0.1:40123 -> 4119"), Some(40_123));
        assert_eq!(port("Forwarding from [::1]:40123 -> 4119"), None);
    }

    /// Those that start or leave cannot be asked.
    #[test]
    fn replicas_that_are_ready_are_asked() {
        let pod = |name: &str, ready: &str, leaves: Option<&str>| {
            serde_json::json!({
                "metadata": {"name": name, "deletionTimestamp": leaves},
                "status": {"conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready}]},
            })
        };
        let pods =
            [pod("a", "True", None), pod("b", "False", None), pod("c", "True", Some("now")), pod("d", "True", None)];
        assert_eq!(ready(&serde_json::json!({"items": pods})), ["pod/a", "pod/d"]);
        assert!(ready(&serde_json::json!({"items": []})).is_empty());
    }

    #[test]
    fn a_plugin_gives_a_token() {
        let of = |script: &str| by_plugin(&serde_json::json!({"command": "sh", "args": ["-c", script]}));
        assert_eq!(of(r#"echo '{"status": {"token": "t"}}'"#).unwrap(), "t");
        for bad in ["exit 1", "echo sk-secret", "echo '{\"status\": {}}'"] {
            let why = format!("{:#}", of(bad).unwrap_err());
            assert!(!why.contains("sk-secret"), "{why}");
        }
    }
}
