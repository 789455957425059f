//! An hour's requests in a minute, while sidecars, ledger and control plane are killed; then the provider's own books are held
//! against the ledger's.

use std::time::{Duration, Instant};

use super::*;

/// Pods that ask: the kubelet takes its time before it starts a container once more that was killed several times.
const PODS: [&str; 4] = ["caller-0", "caller-1", "caller-2", "caller-3"];
/// Requests of an hour, one a second.
const HOUR: u64 = 3_600;
/// How long there is chaos at the least, and how long that hour may take on a slow machine.
const CHAOS: Duration = Duration::from_secs(40);
const SLOW: Duration = Duration::from_secs(240);
/// Tokens of each answer, in and out.
const EACH: (i64, i64) = (7, 5);

/// Bills each answer before it says it, refuses one in fifty, and tells its books to whoever asks.
fn counted() -> String {
    let (input, output) = EACH;
    let program = format!(
        "import http.server, json, random, threading\n\
         billed, lock = 0, threading.Lock()\n\
         class H(http.server.BaseHTTPRequestHandler):\n    protocol_version = 'HTTP/1.1'\n    \
         def log_message(self, *_): pass\n    def say(self, status, kind, body):\n        \
         self.send_response(status)\n        self.send_header('content-type', kind)\n        \
         self.send_header('content-length', str(len(body)))\n        self.end_headers()\n        \
         self.wfile.write(body)\n    def do_GET(self):\n        \
         self.say(200, 'text/plain', str(billed).encode())\n    def do_POST(self):\n        global billed\n        \
         asked = json.loads(self.rfile.read(int(self.headers['content-length'])))\n        \
         if random.random() < 0.02:\n            \
         return self.say(503, 'application/json', b'{{\"error\":{{\"message\":\"busy\"}}}}')\n        \
         with lock: billed += 1\n        \
         usage = {{'prompt_tokens': {input}, 'completion_tokens': {output}, 'total_tokens': {input} + {output}}}\n        \
         whole = {{'id': 'x', 'created': 1, 'model': 'acme/counted'}}\n        if asked.get('stream'):\n            \
         part = lambda more: ('data: ' + json.dumps(dict(whole, object='chat.completion.chunk', **more)) + '\\n\\n').encode()\n            \
         said = part({{'choices': [{{'index': 0, 'delta': {{'content': 'yes'}}, 'finish_reason': None}}]}})\n            \
         said += part({{'choices': [{{'index': 0, 'delta': {{}}, 'finish_reason': 'stop'}}]}})\n            \
         said += part({{'choices': [], 'usage': usage}}) + b'data: [DONE]\\n\\n'\n            \
         return self.say(200, 'text/event-stream', said)\n        \
         choice = {{'index': 0, 'message': {{'role': 'assistant', 'content': 'yes'}}, 'finish_reason': 'stop'}}\n        \
         self.say(200, 'application/json', json.dumps(dict(whole, object='chat.completion', choices=[choice], usage=usage)).encode())\n\
         class S(http.server.ThreadingHTTPServer): request_queue_size = 512\n\
         S(('0.0.0.0', 8080), H).serve_forever()"
    );
    served("counted", &program)
}

fn counted_policy() -> &'static str {
    "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {name: counted}\n\
     spec: {dialects: [ChatCompletions], baseURL: \"http://counted/v1\", auth: {scheme: None}, \
     models: [{model: acme/counted, prices: {input: \"1\", output: \"2\"}}]}\n---\n\
     apiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {name: counted}\n\
     spec: {targets: [{model: acme/counted, provider: counted}]}\n"
}

/// Four callers in each pod, who ask until there is a file `/tmp/stop`; whom nobody answers asks the next thing.
const LOAD: &str = "import http.client, json, os, threading, time, urllib.parse\n\
    base = urllib.parse.urlsplit(os.environ['OPENAI_BASE_URL'])\n\
    def ask(number, connection):\n    \
    body = json.dumps({'model': 'counted', 'stream': number % 2 == 0, 'messages': [{'role': 'user', 'content': str(number)}]})\n    \
    connection.request('POST', base.path + '/chat/completions', body, {'content-type': 'application/json'})\n    \
    connection.getresponse().read()\n\
    def caller(number):\n    connection = None\n    while not os.path.exists('/tmp/stop'):\n        \
    number += 1\n        try:\n            \
    connection = connection or http.client.HTTPConnection(base.hostname, base.port, timeout=30)\n            \
    ask(number, connection)\n        except (OSError, http.client.HTTPException):\n            \
    connection = None\n            time.sleep(0.1)\n        time.sleep(0.02)\n\
    callers = [threading.Thread(target=caller, args=(at * 1000000,)) for at in range(4)]\n\
    [it.start() for it in callers]\n[it.join() for it in callers]\nopen('/tmp/ended', 'w').close()";

/// How many answers the provider has billed.
async fn billed(story: &Story) -> u64 {
    let program = "import urllib.request\nprint(urllib.request.urlopen('http://127.0.0.1:8080/').read().decode())";
    let said = story.exec("counted", &["python3", "-c", program]).await;
    said.trim().parse().unwrap_or_else(|_| panic!("{said}"))
}

/// What the ledger says of it: answers that are booked, their tokens and nano-dollars, and attempts of which nobody knows.
async fn booked(story: &Story) -> Option<([i64; 4], i64, Value)> {
    let words = ["usage", "--namespace", &story.namespace, "--by", "model,outcome", "--output", "json"];
    let told: Value = serde_json::from_slice(&plugin(&words, "").await.stdout).ok()?;
    let row = told["rows"].as_array()?.iter().find(|row| row["names"] == json!(["acme/counted", "ok"]))?;
    let figures = ["requests", "input", "output", "nano"].map(|name| row["booked"][name].as_i64().unwrap_or_default());
    Some((figures, told["total"]["unknown"]["attempts"].as_i64()?, told.clone()))
}

/// Where the ledger is on, with the installation to itself.
pub(super) async fn the_providers_books_are_the_ledgers(system: &Story) {
    let story = Story::injected().await;
    story.apply(&counted()).await;
    story.apply(counted_policy()).await;
    let pods: Vec<String> = PODS.iter().map(|name| app(name, "")).collect();
    story.apply(&pods.join("---\n")).await;
    story.ready("pod/counted").await;
    for pod in PODS {
        story.ready(&format!("pod/{pod}")).await;
        story.exec(pod, &["sh", "-c", "python3 -c \"$1\" > /tmp/load 2>&1 &", "sh", LOAD]).await;
    }
    let (begun, mut kills) = (Instant::now(), 0);
    // The same for everybody: what is random is who is in the midst of what.
    for turn in 0_usize.. {
        if (begun.elapsed() > CHAOS && billed(&story).await >= HOUR) || begun.elapsed() > SLOW {
            break;
        }
        match turn % 6 {
            // Two kills of each: from the third on the kubelet waits longer than there is chaos.
            0 | 2 | 3 | 5 if kills < 2 * PODS.len() => {
                signal_sidecar(&story.namespace, PODS[kills % PODS.len()], rustix::process::Signal::KILL);
                kills += 1;
            }
            1 => {
                drop(system.kubectl(&["delete", "pod", "outrigger-ledger-0", "--wait=false", "--grace-period=1"]).await)
            }
            4 => {
                let of = "--selector=app.kubernetes.io/component=control-plane";
                system.kubectl(&["delete", "pod", of, "--wait=false", "--grace-period=1"]).await;
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    for pod in PODS {
        story.exec(pod, &["touch", "/tmp/stop"]).await;
        wait_for("the callers to end", Duration::from_secs(60), async || {
            story.try_exec(pod, &["test", "-f", "/tmp/ended"]).await.status.success().then_some(())
        })
        .await;
    }
    system.ready("statefulset/outrigger-ledger").await;
    let billed = billed(&story).await as i64;
    assert!(billed >= HOUR as i64, "{billed} in {:?}", begun.elapsed());
    // Each kill leaves at most what its callers were waiting for.
    let most = 4 * kills as i64;
    let mut last = None;
    for _ in 0..60 {
        last = booked(&story).await;
        if let Some(([requests, ..], unknown, _)) = last
            && (requests..=requests + unknown).contains(&billed)
        {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let ([requests, input, output, nano], unknown, told) = last.expect("something is booked");
    println!("{billed} billed; booked {requests}, unknown {unknown}; {kills} sidecars killed");
    assert!((requests..=requests + unknown).contains(&billed) && unknown <= most, "{billed} billed: {told:#}");
    assert_eq!([input, output], [requests * EACH.0, requests * EACH.1], "{told:#}");
    assert_eq!(nano, input * 1_000 + output * 2_000, "{told:#}");
    assert_eq!(told["missing"]["entries"], json!(0), "{told:#}");
}
