//! Our images as a cluster with a strict policy lets them run, and what is in those of a caller.

use crate::harness::*;

/// A pod that may do no more than `restricted` lets it.
fn pod(name: &str, image: &str, rest: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: {name}}}}}
spec:
  securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: {image}
    imagePullPolicy: Never
    securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{drop: [ALL]}}}}
{rest}"#
    )
}

/// A provider that costs nothing, behind a service of this name.
fn provider() -> String {
    let pod = pod(
        "provider",
        OUTRIGGER,
        r#"    args: [simulate, --listen, "0.0.0.0:8080", --name, far-away]
    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
"#,
    );
    format!("{pod}---\n{}", service("provider", 8080))
}

/// What leads from port 80 of a name to this port of its pod.
fn service(name: &str, port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
         spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: {port}}}]}}\n"
    )
}

#[tokio::test]
#[ignore = "needs a node: cargo xtask test"]
async fn a_sidecar_runs_as_nobody_with_nothing_to_write_to() {
    let _beside = beside().await;
    let story = Story::new().await;
    let restricted = ["label", "namespace", &story.namespace, "pod-security.kubernetes.io/enforce=restricted"];
    story.kubectl(&restricted).await;
    let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    let rest = format!(
        r#"    args:
    - --control-plane=https://control-plane.nowhere.svc:4119
    - --ca-file={account}/ca.crt
    - --token-file={account}/token
    - --state=/state
    - --admin-listen=0.0.0.0:4118
    readinessProbe: {{httpGet: {{path: /livez, port: 4118}}, periodSeconds: 1}}
    volumeMounts: [{{name: state, mountPath: /state}}]
  volumes: [{{name: state, emptyDir: {{medium: Memory}}}}]
"#
    );
    let sidecar = pod("sidecar", SIDECAR, &rest);
    assert_eq!(story.apply(&sidecar).await, "");
    story.ready("pod/sidecar").await;
    let address = story.kubectl(&["get", "pod", "sidecar", "--output", "jsonpath={.status.podIP}"]).await;
    // Alive, and not ready for requests: nobody has told it a policy.
    story.apply(&pod("shell", BUSYBOX, "    command: [sleep, \"600\"]")).await;
    story.ready("pod/shell").await;
    let said = story.try_exec("shell", &["wget", "-q", "-O", "-", &format!("http://{address}:4118/readyz")]).await;
    let said = [said.stdout, said.stderr].concat();
    assert!(String::from_utf8_lossy(&said).contains("503"), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
#[ignore = "needs a node: cargo xtask test"]
async fn a_service_is_found_by_its_name_from_an_image_with_nothing_in_it() {
    let _beside = beside().await;
    let story = Story::new().await;
    story.apply(&provider()).await;
    story.ready("pod/provider").await;
    let policy = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: policy}
data:
  policy.yaml: |
    apiVersion: outrigger.dev/v1alpha1
    kind: ModelProvider
    metadata: {name: provider, namespace: demo}
    spec: {dialects: [ChatCompletions, Responses], baseURL: "http://provider/v1", models: [{model: acme/small}]}
    ---
    apiVersion: outrigger.dev/v1alpha1
    kind: ModelRoute
    metadata: {name: assistant, namespace: demo}
    spec: {targets: [{model: acme/small}]}
"#;
    let router = pod(
        "router",
        OUTRIGGER,
        r#"    args: [run, --policy, /policy, --listen, "0.0.0.0:4117", --allow-host, router, --admin-listen, "0.0.0.0:4118"]
    readinessProbe: {httpGet: {path: /readyz, port: 4118}, periodSeconds: 1}
    volumeMounts: [{name: policy, mountPath: /policy}]
  volumes: [{name: policy, configMap: {name: policy}}]
"#,
    );
    story.apply(&format!("{policy}---{router}---\n{}", service("router", 4117))).await;
    story.ready("pod/router").await;
    // From a third pod, by the official SDK.
    let ask = "import openai\n\
               client = openai.OpenAI(base_url='http://router/v1', api_key='-')\n\
               said = client.chat.completions.create(model='assistant', messages=[{'role': 'user', 'content': 'hi'}])\n\
               print(said.choices[0].message.content)";
    story.apply(&pod("caller", PYTHON, &format!("    args: [-c, {ask:?}]\n  restartPolicy: Never\n"))).await;
    story.succeeded("caller").await;
    let said = story.logs("caller").await;
    assert!(said.contains("far-away"), "{said}");
}

#[tokio::test]
#[ignore = "needs a node: cargo xtask test"]
async fn callers_have_their_sdks() {
    let _beside = beside().await;
    let story = Story::new().await;
    let once = |args: &str| format!("    args: {args}\n  restartPolicy: Never\n");
    let python = "import openai, anthropic; print(openai.OpenAI.__name__, anthropic.Anthropic.__name__)";
    story.apply(&pod("python", PYTHON, &once(&format!("[-c, {python:?}]")))).await;
    let node = "import OpenAI from 'openai'; import Anthropic from '@anthropic-ai/sdk'; \
                console.log(OpenAI.name, Anthropic.name)";
    story.apply(&pod("node", NODE, &once(&format!("[--input-type=module, -e, {node:?}]")))).await;
    story.succeeded("python").await;
    story.succeeded("node").await;
    assert_eq!(story.logs("python").await, "OpenAI Anthropic");
    assert_eq!(story.logs("node").await, "OpenAI Anthropic");
}
