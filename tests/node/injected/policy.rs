//! Policy at work: edits move traffic, providers fail and nobody notices.

use std::time::Duration;

use super::*;
use crate::harness::*;

/// F1: the first provider's pod is killed under load.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_provider_is_killed_under_load_and_no_call_fails() {
    let _installed = shared().await;
    let story = Story::injected().await;
    near_and_far(&story).await;
    let loading = story.exec("app", &["python3", "-c", LOAD, "8"]);
    let killing = async {
        loaded(&story, "app").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        story.kubectl(&["scale", "deployment/near", "--replicas=0"]).await;
        story.kubectl(&["delete", "pods", "--selector=app=near", "--grace-period=0", "--force"]).await;
    };
    let (said, ()) = tokio::join!(loading, killing);
    assert!(said.ends_with("failed 0"), "{said}");
    assert!(!said.contains(" far 0 ") && !said.contains("near 0 "), "{said}");
    // And then the other one too: one clear error.
    story.kubectl(&["scale", "deployment/far", "--replicas=0"]).await;
    answers(&story, "app", "could not connect", Duration::from_secs(30)).await;
    // R-LIFE-2: that takes no pod out of its Service. Two probes go by.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let ready = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
    assert_eq!(story.kubectl(&["get", "pod", "app", "--output", ready]).await, "True");
    assert_eq!(restarts(&story, "app").await, 0);
}

/// F2: the first provider has had enough, and the second takes over what it does not.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn what_one_provider_refuses_another_answers() {
    let _installed = shared().await;
    let story = Story::injected().await;
    near_and_far(&story).await;
    let refuse = "import json, urllib.request as u\n\
        u.urlopen(u.Request('http://near/_sim/fail', data=json.dumps({'status': 429, 'retry_after': 1}).encode()))";
    story.exec("app", &["python3", "-c", refuse]).await;
    let said = story.exec("app", &["python3", "-c", LOAD, "2"]).await;
    assert!(said.ends_with("near 0 far 100 failed 0"), "{said}");
}

/// A key is rotated under load: no call fails, and the new one is used within seconds.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_rotated_key_fails_no_call() {
    let _installed = shared().await;
    let story = Story::injected().await;
    // It takes both keys, and says which it was given.
    let keyed = "import http.server, json\n\
        class H(http.server.BaseHTTPRequestHandler):\n    protocol_version = 'HTTP/1.1'\n    \
        def log_message(self, *_): pass\n    def do_POST(self):\n        \
        self.rfile.read(int(self.headers['content-length']))\n        \
        key = self.headers.get('authorization', '').removeprefix('Bearer ')\n        \
        said = json.dumps({'id': 'x', 'object': 'chat.completion', 'created': 1, 'model': 'acme/small', \
        'choices': [{'index': 0, 'message': {'role': 'assistant', 'content': key.removesuffix('-key')}, \
        'finish_reason': 'stop'}]}).encode()\n        \
        self.send_response(200 if key in ('near-key', 'far-key') else 401)\n        \
        self.send_header('content-type', 'application/json')\n        \
        self.send_header('content-length', str(len(said)))\n        self.end_headers()\n        \
        self.wfile.write(said)\n\
        class S(http.server.ThreadingHTTPServer): request_queue_size = 512\n\
        S(('0.0.0.0', 8080), H).serve_forever()";
    let secret =
        |key: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: key}}\nstringData: {{key: {key}}}\n");
    // What the provider's condition asks for where it is missing.
    let right = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: read-key}\n\
        rules: [{apiGroups: [\"\"], resources: [secrets], resourceNames: [key], verbs: [get, list, watch]}]\n---\n\
        apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: read-key}\n\
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: read-key}\n\
        subjects: [{kind: ServiceAccount, name: outrigger-control-plane, namespace: outrigger-system}]\n";
    let provider = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {name: keyed}\n\
        spec: {dialects: [ChatCompletions, Responses], baseURL: \"http://keyed/v1\", models: [{model: acme/small}], \
        credentials: [{name: main, secretKeyRef: {name: key, key: key}}]}\n";
    story.apply(&[right, &secret("near-key"), provider, &served("keyed", keyed), &app("app", "")].join("---\n")).await;
    story.apply(&route(&["keyed"])).await;
    story.ready("pod/keyed").await;
    story.ready("pod/app").await;
    answers(&story, "app", "near", Duration::from_secs(30)).await;
    let loading = story.exec("app", &["python3", "-c", LOAD, "8"]);
    let rotating = async {
        loaded(&story, "app").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        story.apply(&secret("far-key")).await;
    };
    let (said, _) = tokio::join!(loading, rotating);
    assert!(said.ends_with("failed 0") && !said.contains(" far 0 ") && !said.contains("near 0 "), "{said}");
    // No key is anywhere to be read from the pod.
    let shown = story.kubectl(&["get", "pod", "app", "--output", "yaml"]).await;
    assert!(!shown.contains("-key\n") && !shown.contains("far-key"), "{shown}");
}

/// An edit moves traffic while a stream goes on; a bad one is told, and what was there goes on.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn an_edit_moves_traffic_and_a_bad_one_does_not() {
    let _installed = shared().await;
    let story = Story::injected().await;
    near_and_far(&story).await;
    story.kubectl(&["wait", "--for=condition=Programmed", "modelroute/assistant", "--timeout=60s"]).await;
    asks_on(&story, "app", &["eu-only", "near", "far"]).await;
    let mut times = Vec::new();
    for to in ["far", "near", "far", "near", "far", "near", "far", "near", "far"] {
        times.push(swiftly(&story, "app", &route(&[to]), to).await);
    }

    // One that names what is not there: kubectl says so, status says so, traffic goes on.
    let warned = story.apply(&route(&["faar"])).await;
    assert!(warned.contains("spec.targets[0].provider") && warned.contains("did you mean"), "{warned}");
    story.kubectl(&["wait", "--for=condition=ResolvedRefs=False", "modelroute/assistant", "--timeout=30s"]).await;
    answers(&story, "app", "far", Duration::from_secs(10)).await;
    times.push(swiftly(&story, "app", &route(&["near"]), "near").await);
    println!("traffic had moved so long after each edit: {times:?}");
    assert!(times.iter().all(|took| *took <= SWIFT), "{times:?}");

    let eu = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: eu-only}\n\
              spec: {constraints: {regions: [eu]}}\n";
    let warned = story.try_apply(&["apply", "--dry-run=server", "--filename", "-"], eu).await;
    let warned = String::from_utf8_lossy(&warned.stderr);
    assert!(warned.contains("Warning:") && warned.contains("assistant"), "what it closes: {warned}");
    let took = swiftly(&story, "app", eu, "eu-only").await;
    println!("the route was closed {took:?} after the policy");
    assert!(took <= SWIFT, "{took:?}");
}

/// R-ID-1: a pod of another namespace gets neither policy nor key.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn another_namespace_gets_nothing_of_this_one() {
    let _installed = shared().await;
    let (story, other) = (Story::injected().await, Story::injected().await);
    story.apply(&[provider("near"), app("app", "")].join("---\n")).await;
    story.apply(&policy(&["near"])).await;
    other.apply(&app("app", "")).await;
    for (here, object) in [(&story, "deployment/near"), (&story, "pod/app"), (&other, "pod/app")] {
        here.ready(object).await;
    }
    answers(&story, "app", "near", Duration::from_secs(20)).await;
    let said = other.try_exec("app", &["python3", "-c", ASK]).await;
    let said = String::from_utf8_lossy(&said.stderr);
    assert!(said.contains(NOTHING) && !said.contains("near"), "{said}");
}
