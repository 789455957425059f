//! What the stories are made of.

use std::time::{Duration, Instant};

use crate::harness::*;

/// A provider that costs nothing, as Deployment and Service of this name; it calls itself so in its answers.
pub(crate) fn provider(name: &str) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}, outrigger.dev/inject: disabled}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: provider
        image: {OUTRIGGER}
        imagePullPolicy: Never
        args: [simulate, --listen, "0.0.0.0:8080", --name, {name}]
        readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}
"#
    )
}

/// A `ModelProvider` of that Service, without a key, and a route `assistant` to these.
pub(crate) fn policy(providers: &[&str]) -> String {
    let mut yaml = String::new();
    for name in providers {
        yaml += &format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}}}\n\
             spec: {{dialect: OpenAI, baseURL: \"http://{name}/v1\", auth: {{scheme: None}}, models: [{{model: acme/small}}]}}\n"
        );
    }
    yaml + &route(providers)
}

/// The route `assistant`, to these in their order.
pub(crate) fn route(providers: &[&str]) -> String {
    let target = |(at, name): (usize, &&str)| format!("{{model: acme/small, provider: {name}, priority: {at}}}");
    let targets: Vec<String> = providers.iter().enumerate().map(target).collect();
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: assistant}}\n\
         spec: {{strategy: Priority, targets: [{}]}}\n",
        targets.join(", ")
    )
}

/// An application in Python that stays, and does what it is told by `exec`.
pub(crate) fn app(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec:\n  \
         terminationGracePeriodSeconds: 5\n{spec}  containers:\n  - name: app\n    image: {PYTHON}\n    \
         imagePullPolicy: Never\n    args: [-c, \"import time; time.sleep(3600)\"]\n"
    )
}

/// A server of this program at port 8080, as Pod and Service of this name.
pub(crate) fn served(name: &str, program: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}, outrigger.dev/inject: disabled}}}}\n\
         spec:\n  terminationGracePeriodSeconds: 1\n  containers:\n  - name: p\n    image: {PYTHON}\n    \
         imagePullPolicy: Never\n    args: [-c, {program:?}]\n    readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}\n\
         ---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
         spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}\n"
    )
}

/// What a sidecar says where there is no policy for its pod.
pub(crate) const NOTHING: &str = "there is no ModelProvider that this workload may use";

/// By the official SDK, which finds everything in its environment.
pub(crate) const ASK: &str = "import openai\n\
    said = openai.OpenAI().chat.completions.create(model='assistant', messages=[{'role': 'user', 'content': 'hi'}])\n\
    print(said.choices[0].message.content)";

/// Asks fifty times a second for some seconds; prints how many answers came from whom, and how many calls failed.
pub(crate) const LOAD: &str = "import asyncio, collections, openai, sys\n\
    async def main():\n    c = openai.AsyncOpenAI(max_retries=0)\n    seen = collections.Counter()\n    \
    async def one():\n        try:\n            said = await c.chat.completions.create(model='assistant', \
    messages=[{'role': 'user', 'content': 'hi'}])\n            \
    seen[next((n for n in ('near', 'far') if n in said.choices[0].message.content), 'nobody')] += 1\n        \
    except Exception as e:\n            seen['failed'] += 1\n            print(repr(e), file=sys.stderr)\n    \
    print('begun', flush=True)\n    tasks = []\n    \
    for _ in range(int(sys.argv[1]) * 50):\n        tasks.append(asyncio.create_task(one()))\n        \
    await asyncio.sleep(0.02)\n    await asyncio.gather(*tasks)\n    \
    print('near', seen['near'], 'far', seen['far'], 'failed', seen['failed'])\n\
    asyncio.run(main())";

/// Asks until the answer comes from this provider, or says this; answers how long that took.
pub(crate) async fn answers(story: &Story, pod: &str, expected: &str, within: Duration) -> Duration {
    let begun = Instant::now();
    // One process that asks on: an SDK takes a second to be loaded.
    let program = format!(
        "import openai, time\nc = openai.OpenAI(max_retries=0)\nend = time.time() + {}\nlast = ''\n\
         while time.time() < end:\n    try:\n        last = c.chat.completions.create(model='assistant', \
         messages=[{{'role': 'user', 'content': 'hi'}}]).choices[0].message.content\n    \
         except openai.OpenAIError as e:\n        last = str(e)\n    if {expected:?} in last:\n        break\n    \
         time.sleep(0.05)\nelse:\n    raise SystemExit(last)\nprint(last)",
        within.as_secs_f64()
    );
    let output = story.try_exec(pod, &["python3", "-c", &program]).await;
    assert!(output.status.success(), "no answer with {expected:?}: {}", String::from_utf8_lossy(&output.stderr));
    begun.elapsed()
}

/// Two providers, the route `assistant` to the first and then the other, and an application `app` that the first answers.
pub(crate) async fn near_and_far(story: &Story) {
    story.apply(&[provider("near"), provider("far"), app("app", "")].join("---\n")).await;
    story.apply(&policy(&["near", "far"])).await;
    for object in ["deployment/near", "deployment/far", "pod/app"] {
        story.ready(object).await;
    }
    answers(story, "app", "near", Duration::from_secs(20)).await;
}

/// Applies as soon as the injector is reached: that it is ready has to be told to its Service's clients, too.
pub(crate) async fn let_in(story: &Story, yaml: &str) {
    let words = ["apply", "--server-side", "--filename", "-"];
    wait_for("the injector to be reached", Duration::from_secs(30), async || {
        story.try_apply(&words, yaml).await.status.success().then_some(())
    })
    .await;
}

/// How often the containers of a pod were started again.
pub(crate) async fn restarts(story: &Story, pod: &str) -> i64 {
    let pod = story.get(&["pod", pod]).await;
    let all = ["initContainerStatuses", "containerStatuses"].into_iter();
    let all = all.flat_map(|list| pod["status"][list].as_array().cloned().unwrap_or_default());
    all.map(|container| container["restartCount"].as_i64().unwrap_or_default()).sum()
}
