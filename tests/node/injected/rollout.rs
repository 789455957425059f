//! R-DRAIN-1, R-DRAIN-2, R-LIFE-3: an application is replaced while it streams, as `kubectl rollout restart` does it.

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::harness::*;

/// Streams that are open when it begins; each takes so many seconds.
const STREAMS: usize = 12;
const SECONDS: usize = 90;

/// Answers by the model, at `/` whole and at `/stream` part by part, its own name first. Told to end it goes on for five
/// seconds, in which the clients of its Service hear of that, takes nobody any more, and ends with its last stream.
const FRONT: &str = "import http.server, openai, os, signal, threading, time\n\
    c, leaving = openai.OpenAI(max_retries=0), threading.Event()\n\
    class H(http.server.BaseHTTPRequestHandler):\n    def log_message(self, *_): pass\n    def do_GET(self):\n        \
    stream = self.path == '/stream'\n        \
    said = c.chat.completions.create(model='long', stream=stream, messages=[{'role': 'user', 'content': 'hi'}])\n        \
    self.send_response(200)\n        self.end_headers()\n        \
    self.wfile.write((os.environ['HOSTNAME'] + '\\n').encode())\n        \
    if not stream:\n            self.wfile.write(said.choices[0].message.content.encode())\n            return\n        \
    for part in said:\n            \
    self.wfile.write((part.choices[0].delta.content or '' if part.choices else '').encode())\n        \
    self.wfile.write(b'end')\n\
    class S(http.server.ThreadingHTTPServer): request_queue_size, daemon_threads = 512, False\n\
    s = S(('0.0.0.0', 8080), H)\n\
    signal.signal(signal.SIGTERM, lambda *_: leaving.set())\n\
    threading.Thread(target=s.serve_forever).start()\n\
    leaving.wait()\ntime.sleep(5)\ns.shutdown()\ns.server_close()";

/// Opens the streams, and asks five times a second until all have ended; says `open` when they are. Prints who has streamed,
/// how many streams were whole, and how many of the other calls failed.
const CALLERS: &str = "import sys, threading, time, urllib.request as u\n\
    many, parts = int(sys.argv[1]), ' '.join(str(i) for i in range(int(sys.argv[2]))) + ' end'\n\
    whole, hosts, asked, failed, begun = [], set(), [], [], []\n\
    def stream():\n    try:\n        with u.urlopen('http://front/stream') as r:\n            \
    hosts.add(r.readline().decode().strip())\n            begun.append(1)\n            \
    said = r.read().decode()\n        whole.append(1) if said == parts else print('broken:', repr(said[-60:]))\n    \
    except Exception as e:\n        print('lost:', repr(e))\n\
    def ask():\n    asked.append(1)\n    try:\n        \
    assert b'last words' in u.urlopen('http://front/', timeout=20).read()\n    \
    except Exception as e:\n        failed.append(1)\n        print('failed:', repr(e))\n\
    threads = [threading.Thread(target=stream) for _ in range(many)]\n\
    [t.start() for t in threads]\n\
    while len(begun) < many: time.sleep(0.1)\n\
    print('open', flush=True)\ncalls = []\n\
    while any(t.is_alive() for t in threads):\n    calls.append(threading.Thread(target=ask))\n    \
    calls[-1].start()\n    time.sleep(0.2)\n\
    [t.join() for t in calls]\n\
    print(','.join(sorted(hosts)), 'whole', len(whole), 'asked', len(asked), 'failed', len(failed))";

/// The application `front` of two pods, the slow provider that it calls, and where its callers are.
pub(crate) async fn prepare(story: &Story) {
    let policy = policy(&["slow"]).replace("name: assistant", "name: long");
    let front = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: front}}\nspec:\n  replicas: 2\n  \
         strategy: {{rollingUpdate: {{maxUnavailable: 0, maxSurge: 1}}}}\n  selector: {{matchLabels: {{app: front}}}}\n  \
         template:\n    metadata: {{labels: {{app: front}}}}\n    spec:\n      terminationGracePeriodSeconds: 120\n      \
         containers:\n      - name: app\n        image: {PYTHON}\n        imagePullPolicy: Never\n        \
         args: [-c, {FRONT:?}]\n        readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}\n\
         ---\napiVersion: v1\nkind: Service\nmetadata: {{name: front}}\n\
         spec: {{selector: {{app: front}}, ports: [{{port: 80, targetPort: 8080}}]}}\n"
    );
    let callers = app("callers", "").replacen("labels: {", "labels: {outrigger.dev/inject: disabled, ", 1);
    story.apply(&[slow("slow", SECONDS), policy, front, callers].join("---\n")).await;
    for object in ["pod/slow", "deployment/front", "pod/callers"] {
        story.ready(object).await;
    }
    let ask = "import urllib.request as u; print(u.urlopen('http://front/').read().decode())";
    wait_for("the first answer", Duration::from_secs(30), async || {
        let said = story.try_exec("callers", &["python3", "-c", ask]).await;
        String::from_utf8_lossy(&said.stdout).contains("last words").then_some(())
    })
    .await;
}

/// Its pods, and those of them that are on their way out: names and addresses.
async fn pods(story: &Story, leaving: bool) -> Vec<(String, String)> {
    let pods = story.get(&["pods", "--selector=app=front"]).await;
    let pods = pods["items"].as_array().unwrap().iter();
    let those = pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_string() == leaving);
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    those.map(|pod| (word(&pod["metadata"]["name"]), word(&pod["status"]["podIP"]))).collect()
}

/// Replaces all of its pods while streams are open that take longer than that: none is lost, and no other call fails.
pub(crate) async fn rolls_over(story: &Story) {
    let (streams, seconds) = (STREAMS.to_string(), SECONDS.to_string());
    let before: BTreeSet<String> = pods(story, false).await.into_iter().map(|(name, _)| name).collect();
    // To a file beside, which can be read meanwhile.
    let command = "python3 -c \"$0\" \"$1\" \"$2\" > /tmp/said; tail -n 20 /tmp/said";
    let command = ["sh", "-c", command, CALLERS, &streams, &seconds];
    let calling = story.exec("callers", &command);
    let replacing = async {
        wait_for("all streams to be open", Duration::from_secs(60), async || {
            let said = story.try_exec("callers", &["cat", "/tmp/said"]).await;
            String::from_utf8_lossy(&said.stdout).contains("open").then_some(())
        })
        .await;
        story.kubectl(&["rollout", "restart", "deployment/front"]).await;
        story.ready("deployment/front").await;
        // Those that leave are alive for as long as their streams go on.
        let leaving = pods(story, true).await;
        for (_, address) in &leaving {
            let look = format!("import urllib.request as u; print(u.urlopen('http://{address}:4121/livez').status)");
            assert_eq!(story.exec("callers", &["python3", "-c", &look]).await, "200");
        }
        leaving.len()
    };
    let (said, leaving) = tokio::join!(calling, replacing);
    println!("{leaving} pods were on their way out when their successors were ready; {said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.contains(&format!(" whole {STREAMS} ")) && last.ends_with(" failed 0"), "{said}");
    let hosts: BTreeSet<String> = last.split(' ').next().unwrap().split(',').map(str::to_owned).collect();
    assert!(hosts.is_subset(&before) && leaving == before.len(), "{hosts:?} of {before:?}");
    wait_for("those who have streamed to be gone", Duration::from_secs(40), async || {
        pods(story, true).await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_rollout_loses_no_stream_and_fails_no_call() {
    let _installed = shared().await;
    let story = Story::injected().await;
    prepare(&story).await;
    rolls_over(&story).await;
}
