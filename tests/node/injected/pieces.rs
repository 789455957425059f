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
             spec: {{dialects: [ChatCompletions, Responses], baseURL: \"http://{name}/v1\", auth: {{scheme: None}}, models: [{{model: acme/small}}]}}\n"
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

/// Lets the control plane read the Secrets of a namespace: what a provider's condition asks for where it is missing.
pub(crate) fn readable() -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: read-keys}}\n\
         rules: [{{apiGroups: [\"\"], resources: [secrets], verbs: [get, list, watch]}}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: read-keys}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: read-keys}}\n\
         subjects: [{{kind: ServiceAccount, name: outrigger-control-plane, namespace: {SYSTEM}}}]\n"
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

/// A provider that streams so many parts, one a second: `0 1 2 ...`. Asked for no stream it says `last words`, at once.
pub(crate) fn slow(name: &str, parts: usize) -> String {
    let program = format!(
        "import http.server, json, time\n\
         class H(http.server.BaseHTTPRequestHandler):\n    protocol_version = 'HTTP/1.0'\n    \
         def log_message(self, *_): pass\n    def do_POST(self):\n        \
         asked = json.loads(self.rfile.read(int(self.headers['content-length'])))\n        \
         stream = asked.get('stream')\n        self.send_response(200)\n        \
         self.send_header('content-type', 'text/event-stream' if stream else 'application/json')\n        \
         self.end_headers()\n        \
         part = lambda d, f=None: {{'id': 'x', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'acme/small', \
         'choices': [{{'index': 0, 'delta': d, 'finish_reason': f}}]}}\n        \
         if not stream:\n            \
         self.wfile.write(json.dumps({{'id': 'x', 'object': 'chat.completion', 'created': 1, 'model': 'acme/small', \
         'choices': [{{'index': 0, 'message': {{'role': 'assistant', 'content': 'last words'}}, \
         'finish_reason': 'stop'}}]}}).encode())\n            return\n        \
         for i in range({parts}):\n            \
         self.wfile.write(('data: ' + json.dumps(part({{'content': f'{{i}} '}})) + '\\n\\n').encode())\n            \
         self.wfile.flush()\n            time.sleep(1)\n        \
         self.wfile.write(('data: ' + json.dumps(part({{}}, 'stop')) + '\\n\\ndata: [DONE]\\n\\n').encode())\n\
         class S(http.server.ThreadingHTTPServer): request_queue_size = 512\n\
         S(('0.0.0.0', 8080), H).serve_forever()"
    );
    served(name, &program)
}

/// What a sidecar says where there is no policy for its pod.
pub(crate) const NOTHING: &str = "there is no ModelProvider that this workload may use";

/// By the official SDK, which finds everything in its environment.
pub(crate) const ASK: &str = "import openai\n\
    said = openai.OpenAI().chat.completions.create(model='assistant', messages=[{'role': 'user', 'content': 'hi'}])\n\
    print(said.choices[0].message.content)";

/// Asks fifty times a second for some seconds, or as often as is said after them; prints how many answers came from whom, and how many calls failed.
pub(crate) const LOAD: &str = "import asyncio, collections, openai, sys\n\
    async def main():\n    c = openai.AsyncOpenAI(max_retries=0)\n    seen = collections.Counter()\n    \
    async def one():\n        try:\n            said = await c.chat.completions.create(model='assistant', \
    messages=[{'role': 'user', 'content': 'hi'}])\n            \
    seen[next((n for n in ('near', 'far') if n in said.choices[0].message.content), 'nobody')] += 1\n        \
    except Exception as e:\n            seen['failed'] += 1\n            print(repr(e), file=sys.stderr)\n    \
    open('/tmp/begun', 'w').close()\n    tasks = []\n    rate = int((sys.argv[2:] or ['50'])[0])\n    \
    for _ in range(int(sys.argv[1]) * rate):\n        tasks.append(asyncio.create_task(one()))\n        \
    await asyncio.sleep(1 / rate)\n    await asyncio.gather(*tasks)\n    \
    print('near', seen['near'], 'far', seen['far'], 'failed', seen['failed'])\n\
    asyncio.run(main())";

/// Waits until that has begun to ask: on a busy machine an SDK takes seconds to be loaded.
pub(crate) async fn loaded(story: &Story, pod: &str) {
    wait_for("the load to begin", SOON, async || {
        story.try_exec(pod, &["test", "-f", "/tmp/begun"]).await.status.success().then_some(())
    })
    .await;
}

/// Asks `assistant` until the answer comes from this provider, or says this; answers how long that took.
pub(crate) async fn answers(story: &Story, pod: &str, expected: &str, within: Duration) -> Duration {
    answers_to(story, pod, "assistant", expected, within).await
}

/// The same of a model, or route, of this name.
pub(crate) async fn answers_to(story: &Story, pod: &str, model: &str, expected: &str, within: Duration) -> Duration {
    let begun = Instant::now();
    // One process that asks on: an SDK takes a second to be loaded.
    let program = format!(
        "import openai, time\nc = openai.OpenAI(max_retries=0)\nend = time.time() + {}\nlast = ''\n\
         while time.time() < end:\n    try:\n        last = c.chat.completions.create(model={model:?}, \
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

/// Sends a signal to the process of a pod's sidecar. The node's processes are this machine's.
pub(crate) fn signal_sidecar(namespace: &str, pod: &str, signal: rustix::process::Signal) {
    let ours = |folder: &std::path::Path| {
        let environment = std::fs::read(folder.join("environ")).unwrap_or_default();
        let has = |variable: String| environment.split(|byte| *byte == 0).any(|it| it == variable.as_bytes());
        has(format!("OUTRIGGER_NAMESPACE={namespace}")) && has(format!("HOSTNAME={pod}"))
    };
    let folders = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let found: Vec<_> = folders.filter(|folder| ours(folder)).collect();
    let [folder] = &found[..] else { panic!("one sidecar of {namespace}/{pod}: {found:?}") };
    let pid: i32 = folder.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// The Events of a story: `pod/app Reason what it says`.
pub(crate) async fn events(story: &Story) -> Vec<String> {
    let path =
        "jsonpath={range .items[*]}{.involvedObject.kind}/{.involvedObject.name} {.reason} {.message}{\"\\n\"}{end}";
    let said = story.kubectl(&["get", "events", "--output", path]).await;
    said.lines().map(|line| line.replacen("Pod/", "pod/", 1)).collect()
}

/// The first Event for this reason, as soon as there is one.
pub(crate) async fn event(story: &Story, reason: &str, within: Duration) -> String {
    wait_for(&format!("an Event {reason}"), within, async || {
        events(story).await.into_iter().find(|line| line.contains(&format!(" {reason} ")))
    })
    .await
}
