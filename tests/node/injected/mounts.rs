//! `bootstrapSecrets: Mount`: the keys of a pod's own namespace are there when it starts and no control plane is.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::harness::*;

/// A `ModelProvider` of this name with the key of the Secret `keys`, whose Service is in `home`, for the pods there: it may
/// outlive the story, and other stories find nothing of it.
fn keyed(name: &str, home: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData: {{{name}: sk-story-{name}, unused: sk-story-unused}}\n\
         ---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}}}\nspec: {{dialects: [ChatCompletions, Responses], \
         baseURL: \"http://{name}.{home}/v1\", models: [{{model: acme/{name}}}], allowedNamespaces: {{from: Selector, \
         selector: {{matchLabels: {{kubernetes.io/metadata.name: {home}}}}}}}, \
         credentials: [{{name: main, secretKeyRef: {{name: keys, key: {name}}}}}]}}\n"
    )
}

/// What is answered to a call of `model` in a pod: the content, or the refusal.
async fn said(story: &Story, pod: &str, model: &str) -> String {
    let program = format!(
        "import openai\ntry:\n    print(openai.OpenAI(max_retries=0).chat.completions.create(model={model:?}, \
         messages=[{{'role': 'user', 'content': 'hi'}}]).choices[0].message.content)\nexcept openai.APIStatusError as e:\n    \
         print(e.status_code, e.response.headers.get('x-outrigger-error'), e.response.headers.get('retry-after'))"
    );
    story.exec(pod, &["python3", "-c", &program]).await
}

/// Lets the control plane read the Secrets of a story, as its message says.
async fn permit(story: &Story) {
    let role = ["create", "role", "outrigger-secrets", "--verb=get,list,watch", "--resource=secrets"];
    story.kubectl(&[&role[..], &["--resource-name=keys"]].concat()).await;
    let account = format!("--serviceaccount={SYSTEM}:outrigger-control-plane");
    story.kubectl(&["create", "rolebinding", "outrigger-secrets", "--role=outrigger-secrets", &account]).await;
}

/// R-CFG-7, R-INJ-9: a pod that nobody has seen calls a model whose key is in its namespace; no container of its own has the key;
/// a key of another namespace is waited for.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_pod_that_starts_without_a_control_plane_has_the_keys_of_its_own_namespace() {
    let _installed = alone().await;
    let (system, story, other) = (Story::of(SYSTEM), Story::injected().await, Story::new().await);
    permit(&story).await;
    permit(&other).await;
    story.apply(&[provider("near"), provider("far"), app("app", "")].join("---\n")).await;
    story.apply(&keyed("near", &story.namespace)).await;
    other.apply(&keyed("far", &story.namespace)).await;
    let profile = "apiVersion: outrigger.dev/v1alpha1\nkind: SidecarProfile\nmetadata: {name: default}\nspec: \
                   {bootstrapSecrets: Mount}\n";
    story.apply(profile).await;
    story.apply(&route(&["near"]).replace("acme/small", "acme/near")).await;
    for object in ["deployment/near", "deployment/far", "pod/app"] {
        story.ready(object).await;
    }
    answers(&story, "app", "near", Duration::from_secs(60)).await;
    wait_for("far to be served", Duration::from_secs(60), async || {
        said(&story, "app", "acme/far").await.contains("far").then_some(())
    })
    .await;
    // A map is changed at most once in ten seconds.
    tokio::time::sleep(Duration::from_secs(25)).await;
    system.kubectl(&["scale", "deployment/outrigger-control-plane", "--replicas=0"]).await;
    let gone = ["wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=control-plane", "--timeout=90s"];
    system.kubectl(&gone).await;

    story.apply(&app("new", "")).await;
    story.ready("pod/new").await;
    answers(&story, "new", "near", Duration::from_secs(20)).await;
    let waits = said(&story, "new", "acme/far").await;
    assert!(waits.starts_with("503 credentials_pending"), "{waits}");

    // The sidecar alone has it, and nothing that its policy does not use.
    let pod = story.get(&["pod", "new"]).await;
    let volume = pod["spec"]["volumes"].as_array().unwrap().iter().find(|it| it["name"] == "outrigger-keys").unwrap();
    let sources = volume["projected"]["sources"].to_string();
    assert!(sources.contains("keys/near") && !sources.contains("unused"), "{sources}");
    let mounts = |container: &Value| container["volumeMounts"].to_string().contains("outrigger-keys");
    assert!(mounts(&pod["spec"]["initContainers"][0]) && !mounts(&pod["spec"]["containers"][0]), "{pod}");
    let looks = "import os, subprocess; print(os.path.exists('/var/run/outrigger-keys'), [v for v in os.environ.values() if \
                 'sk-story' in v], 'outrigger-keys' in open('/proc/self/mounts').read())";
    assert_eq!(story.exec("new", &["python3", "-c", looks]).await.trim(), "False [] False");

    system.kubectl(&["scale", "deployment/outrigger-control-plane", "--replicas=2"]).await;
    system.ready("deployment/outrigger-control-plane").await;
    wait_for("far to be served", Duration::from_secs(90), async || {
        said(&story, "new", "acme/far").await.contains("far").then_some(())
    })
    .await;
    assert_eq!(restarts(&story, "new").await, 0);
}
