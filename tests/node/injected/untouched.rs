//! SDKs of vendors whose dialects no sidecar serves (Gemini, Bedrock, Azure OpenAI, Cohere): what they call is as it was.

use super::*;
use crate::harness::*;

/// A vendor of each kind, told apart by the path that is asked for; says which it took itself for.
const VENDORS: &str = "import http.server, json\n\
    said = {'role': 'assistant', 'content': 'azure'}\n\
    answers = (('/openai/deployments/', {'id': 'x', 'object': 'chat.completion', 'created': 1, 'model': 'm', \
    'choices': [{'index': 0, 'message': said, 'finish_reason': 'stop'}]}), \
    ('generateContent', {'candidates': [{'content': {'role': 'model', 'parts': [{'text': 'google'}]}}]}), \
    ('/converse', {'output': {'message': {'role': 'assistant', 'content': [{'text': 'bedrock'}]}}, \
    'stopReason': 'end_turn', 'usage': {'inputTokens': 1, 'outputTokens': 1, 'totalTokens': 2}, \
    'metrics': {'latencyMs': 1}}), \
    ('/v2/chat', {'id': 'x', 'finish_reason': 'COMPLETE', 'message': {'role': 'assistant', \
    'content': [{'type': 'text', 'text': 'cohere'}]}}))\n\
    class H(http.server.BaseHTTPRequestHandler):\n    def log_message(self, *_): pass\n    def do_POST(self):\n        \
    self.rfile.read(int(self.headers['content-length']))\n        \
    body = json.dumps(next(answer for part, answer in answers if part in self.path)).encode()\n        \
    self.send_response(200)\n        self.send_header('content-type', 'application/json')\n        \
    self.send_header('content-length', str(len(body)))\n        self.end_headers()\n        self.wfile.write(body)\n\
    http.server.ThreadingHTTPServer(('0.0.0.0', 8080), H).serve_forever()";

/// Each SDK as its manual begins; prints where it goes by itself, then what it is answered where the pod's own variables lead.
const CALLERS: &str = "import os, subprocess, sys\n\
    alone = {name: value for name, value in os.environ.items() if value != 'http://elsewhere'}\n\
    goes = 'import boto3, cohere\\nfrom google import genai\\n' \
    'print(genai.Client()._api_client._http_options.base_url, boto3.client(\"bedrock-runtime\").meta.endpoint_url, ' \
    'cohere.ClientV2()._client_wrapper.get_base_url())'\n\
    print(subprocess.check_output([sys.executable, '-c', goes], env=alone, text=True).strip())\n\
    import boto3, cohere, openai\nfrom google import genai\n\
    ask = [{'role': 'user', 'content': 'hi'}]\n\
    g, b, c = genai.Client(), boto3.client('bedrock-runtime'), cohere.ClientV2()\n\
    print(g.models.generate_content(model='gemini-2.5-flash', contents='hi').text)\n\
    print(b.converse(modelId='m', messages=[{'role': 'user', 'content': [{'text': 'hi'}]}])\
    ['output']['message']['content'][0]['text'])\n\
    print(c.chat(model='m', messages=ask).message.content[0].text)\n\
    print(openai.AzureOpenAI().chat.completions.create(model='m', messages=ask).choices[0].message.content)\n\
    print('OPENAI_BASE_URL' in os.environ)";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn sdks_of_other_vendors_call_where_they_called_before() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&served("elsewhere", VENDORS)).await;
    story.ready("pod/elsewhere").await;
    let caller = |name: &str, word: &str| {
        let variables = [
            ("AZURE_OPENAI_ENDPOINT", "http://elsewhere"),
            ("AZURE_OPENAI_API_KEY", "k"),
            ("OPENAI_API_VERSION", "2024-10-21"),
            ("GOOGLE_GEMINI_BASE_URL", "http://elsewhere"),
            ("GEMINI_API_KEY", "k"),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://elsewhere"),
            ("AWS_ACCESS_KEY_ID", "k"),
            ("AWS_SECRET_ACCESS_KEY", "k"),
            ("AWS_DEFAULT_REGION", "eu-central-1"),
            ("CO_API_URL", "http://elsewhere"),
            ("CO_API_KEY", "k"),
        ];
        let variables = variables.map(|(name, value)| format!("{{name: {name}, value: {value:?}}}")).join(", ");
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{outrigger.dev/inject: {word}}}}}\nspec:\n  \
             restartPolicy: Never\n  containers:\n  - name: app\n    image: {UNTOUCHED}\n    imagePullPolicy: Never\n    \
             args: [-c, {CALLERS:?}]\n    env: [{variables}]\n"
        )
    };
    story.apply(&[caller("with", "enabled"), caller("without", "disabled")].join("---\n")).await;
    let mut said = Vec::new();
    for pod in ["with", "without"] {
        story.succeeded(pod).await;
        said.push(story.kubectl(&["logs", pod, "--container", "app"]).await);
    }
    println!("{}", said[0]);
    // Word for word what the pod without a sidecar says, but that the one with it could call the sidecar too.
    assert!(said[0].ends_with("google\nbedrock\ncohere\nazure\nTrue"), "{said:?}");
    assert_eq!(said[0].strip_suffix("True"), said[1].strip_suffix("False"));
}
