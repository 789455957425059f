//! R-INJ-7, R-LIFE-1: official SDKs without a line of configuration.

use super::*;
use crate::harness::*;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn an_sdk_that_knows_only_a_models_name_calls_and_streams() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.kubectl(&["label", "namespace", &story.namespace, "pod-security.kubernetes.io/enforce=baseline"]).await;
    story.apply(&provider("near")).await;
    story.apply(&policy(&["near"])).await;
    // Nobody mounts a token of the pod's service account (R-ID-3); its first line calls a model.
    let streams = "import openai\n\
        stream = openai.OpenAI().chat.completions.create(model='assistant', stream=True, \
        messages=[{'role': 'user', 'content': 'hi'}])\n\
        print(''.join(c.choices[0].delta.content or '' for c in stream if c.choices))\n\
        import anthropic\n\
        print(anthropic.Anthropic().messages.create(model='assistant', max_tokens=64, \
        messages=[{'role': 'user', 'content': 'hi'}]).content[0].text)";
    let once = |image: &str, args: &str| {
        format!(
            "spec:\n  automountServiceAccountToken: false\n  restartPolicy: Never\n  containers:\n  - name: app\n    \
             image: {image}\n    imagePullPolicy: Never\n    args: {args}\n"
        )
    };
    story.ready("deployment/near").await;
    let head = |name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n");
    story.apply(&(head("python") + &once(PYTHON, &format!("[-c, {:?}]", format!("{ASK}\n{streams}"))))).await;
    let node = "import OpenAI from 'openai'; import Anthropic from '@anthropic-ai/sdk'; \
        const messages = [{role: 'user', content: 'hi'}]; \
        const said = await new OpenAI().chat.completions.create({model: 'assistant', messages}); \
        console.log(said.choices[0].message.content); \
        const other = await new Anthropic().messages.create({model: 'assistant', max_tokens: 64, messages}); \
        console.log(other.content[0].text)";
    story.apply(&(head("node") + &once(NODE, &format!("[--input-type=module, -e, {node:?}]")))).await;
    // Both end although their sidecars would not: R-LIFE-4.
    story.succeeded("python").await;
    story.succeeded("node").await;
    for (pod, lines) in [("python", 3), ("node", 2)] {
        let said = story.kubectl(&["logs", pod, "--container", "app"]).await;
        assert_eq!(said.matches("near").count(), lines, "{pod}: {said}");
    }
    let pod = story.get(&["pod", "python"]).await;
    let sidecar = &pod["spec"]["initContainers"][0];
    let mounts: Vec<&str> =
        sidecar["volumeMounts"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(!mounts.iter().any(|name| name.starts_with("kube-api-access")), "{mounts:?}");
}

/// A pod whose account's token is mounted keeps it, and the sidecar has none beside its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn the_sidecar_has_no_token_of_the_pods_account() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&app("app", "")).await;
    let pod = story.get(&["pod", "app"]).await;
    let mounts = |container: &serde_json::Value| {
        let all = container["volumeMounts"].as_array().cloned().unwrap_or_default();
        all.iter().filter(|it| it["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount").cloned().collect()
    };
    let own: Vec<serde_json::Value> = mounts(&pod["spec"]["initContainers"][0]);
    assert_eq!((own.len(), own[0]["name"].as_str()), (1, Some("outrigger-no-token")), "{own:?}");
    let apps: Vec<serde_json::Value> = mounts(&pod["spec"]["containers"][0]);
    assert!(apps[0]["name"].as_str().unwrap().starts_with("kube-api-access"), "{apps:?}");
    // Asked twice by the API server, which put the other mount in, and one sidecar (R-INJ-4).
    assert_eq!(pod["spec"]["initContainers"].as_array().unwrap().len(), 1);
}

/// Label, pod, and only then the first route.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn the_first_route_reaches_a_pod_that_was_there_before() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&(provider("near") + "---\n" + &app("app", ""))).await;
    story.ready("pod/app").await;
    story.ready("deployment/near").await;
    let said = story.try_exec("app", &["python3", "-c", ASK]).await;
    assert!(String::from_utf8_lossy(&said.stderr).contains(NOTHING), "{}", String::from_utf8_lossy(&said.stderr));
    asks_on(&story, "app", &["near", NOTHING]).await;
    let took = swiftly(&story, "app", &policy(&["near"]), "near").await;
    println!("the first answer came {took:?} after the route was acknowledged");
    assert!(took <= SWIFT, "{took:?}");
    assert_eq!(restarts(&story, "app").await, 0);
}

/// A pod that asks by itself, in a namespace of which nothing else is known: by label, and by annotation (R-INJ-1).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_pod_that_asks_by_itself_gets_one() {
    let _installed = shared().await;
    for (word, asks) in [
        ("labels: {app: app, ", "labels: {outrigger.dev/inject: enabled, app: app, "),
        ("labels: {app: app", "annotations: {outrigger.dev/inject: enabled}, labels: {app: app"),
    ] {
        let story = Story::new().await;
        let plain = app("app", "").replace("labels: {app: app}", "labels: {app: app, }");
        story.apply(&plain.replacen(word, asks, 1).replace(", }", "}")).await;
        story.ready("pod/app").await;
        let said = story.try_exec("app", &["python3", "-c", ASK]).await;
        assert!(String::from_utf8_lossy(&said.stderr).contains(NOTHING), "{asks}");
    }
}
