//! R-DRAIN-1, R-DRAIN-2, R-LIFE-4: pods come to an end.

use super::*;
use crate::harness::*;

/// A Job is complete although its sidecar would run for ever.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_job_completes() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&provider("near")).await;
    story.apply(&policy(&["near"])).await;
    story.ready("deployment/near").await;
    let job = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: job}}\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      \
         restartPolicy: Never\n      containers:\n      - {{name: app, image: {PYTHON}, imagePullPolicy: Never, \
         args: [-c, {ASK:?}]}}\n"
    );
    story.apply(&job).await;
    story.kubectl(&["wait", "--for=condition=Complete", "job/job", "--timeout=90s"]).await;
    assert!(story.kubectl(&["logs", "job/job", "--container", "app"]).await.contains("near"));
}

/// A call that the application makes in its own SIGTERM handler is served, and so is a stream that is under way.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_pod_that_ends_finishes_its_stream_and_calls_until_its_last_line() {
    let _installed = shared().await;
    let story = Story::injected().await;
    // A provider whose answer takes twelve seconds.
    let slow = "import http.server, json, time\n\
        class H(http.server.BaseHTTPRequestHandler):\n    protocol_version = 'HTTP/1.0'\n    def do_POST(self):\n        \
        asked = json.loads(self.rfile.read(int(self.headers['content-length'])))\n        \
        stream = asked.get('stream')\n        self.send_response(200)\n        \
        self.send_header('content-type', 'text/event-stream' if stream else 'application/json')\n        \
        self.end_headers()\n        \
        part = lambda d, f=None: {'id': 'x', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'acme/small', \
        'choices': [{'index': 0, 'delta': d, 'finish_reason': f}]}\n        \
        if not stream:\n            \
        self.wfile.write(json.dumps({'id': 'x', 'object': 'chat.completion', 'created': 1, 'model': 'acme/small', \
        'choices': [{'index': 0, 'message': {'role': 'assistant', 'content': 'last words'}, \
        'finish_reason': 'stop'}]}).encode())\n            return\n        \
        for i in range(12):\n            \
        self.wfile.write(('data: ' + json.dumps(part({'content': f'{i} '})) + '\\n\\n').encode())\n            \
        self.wfile.flush()\n            time.sleep(1)\n        \
        self.wfile.write(('data: ' + json.dumps(part({}, 'stop')) + '\\n\\ndata: [DONE]\\n\\n').encode())\n\
        http.server.ThreadingHTTPServer(('0.0.0.0', 8080), H).serve_forever()";
    story.apply(&served("slow", slow)).await;
    story.apply(&policy(&["slow"])).await;
    // It streams; told to end it reads on, and calls once more before it goes.
    let application = "import openai, signal, sys, threading\n\
        c = openai.OpenAI(max_retries=0)\n\
        ask = lambda **more: c.chat.completions.create(model='assistant', messages=[{'role': 'user', 'content': 'hi'}], **more)\n\
        told = threading.Event()\n\
        signal.signal(signal.SIGTERM, lambda *_: told.set())\n\
        parts = []\n\
        for part in ask(stream=True):\n    \
        parts.append(part.choices[0].delta.content or '' if part.choices else '')\n    \
        print('part', flush=True)\n\
        print('whole' if ''.join(parts).split() == [str(i) for i in range(12)] else 'broken', told.is_set(), flush=True)\n\
        told.wait()\n\
        print(ask().choices[0].message.content, flush=True)";
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: app}}\nspec:\n  terminationGracePeriodSeconds: 40\n  \
         restartPolicy: Never\n  containers:\n  - name: app\n    image: {PYTHON}\n    imagePullPolicy: Never\n    \
         args: [-c, {application:?}]\n"
    );
    story.ready("pod/slow").await;
    story.apply(&pod).await;
    wait_for("the first part", SOON, async || {
        let said = story.try_kubectl(&["logs", "app", "--container", "app"]).await;
        String::from_utf8_lossy(&said.stdout).contains("part").then_some(())
    })
    .await;
    // What it says is read to its end, after which the pod is gone.
    let (said, deleted) = tokio::join!(
        story.kubectl(&["logs", "app", "--container", "app", "--follow"]),
        story.kubectl(&["delete", "pod", "app", "--wait=false"]),
    );
    assert!(deleted.contains("deleted"), "{deleted}");
    let last: Vec<&str> = said.lines().filter(|line| *line != "part").collect();
    assert_eq!(last, ["whole True", "last words"], "{said}");
}
