//! Policy for the sidecar under test.

use std::{fmt::Write as _, net::SocketAddr};

/// The route to the upstream in OpenAI's dialect.
pub(super) const OPENAI: &str = "bench-openai";
/// The route to the upstream in Anthropic's dialect.
pub(super) const ANTHROPIC: &str = "bench-anthropic";

/// One provider and one route per dialect, with prices, so that usage is read and priced as in earnest.
pub(super) fn plain(echo: SocketAddr) -> String {
    let mut text = secret();
    provider(&mut text, "upstream-openai", "openai", &format!("http://{echo}/v1"));
    provider(&mut text, "upstream-anthropic", "anthropic", &format!("http://{echo}/v1"));
    route(&mut text, OPENAI, &["upstream-openai"]);
    route(&mut text, ANTHROPIC, &["upstream-anthropic"]);
    text
}

/// The plain policy, and `count` routes called `trouble-N`, each with a primary of its own at `base(N)`, so that none is
/// cooling when its turn comes, before the upstream that answers.
pub(super) fn troubled(echo: SocketAddr, count: usize, base: impl Fn(usize) -> String) -> String {
    let mut text = plain(echo);
    for n in 0..count {
        let name = format!("trouble-{n}");
        provider(&mut text, &name, "openai", &base(n));
        route(&mut text, &name, &[&name, "upstream-openai"]);
        // The callers' prompts begin alike: a tie to the upstream that answered the first would lead past the primaries.
        text.push_str("  timeouts: {firstToken: 200ms}\n  stickiness: {mode: Off}\n");
    }
    text
}

pub(crate) fn secret() -> String {
    "apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: bench}\nstringData: {key: sk-bench}\n".to_owned()
}

/// Appends a provider of one model.
pub(crate) fn provider(text: &mut String, name: &str, preset: &str, base: &str) {
    let _ = write!(
        text,
        "---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {{name: {name}, namespace: bench}}
spec:
  preset: {preset}
  baseURL: {base}
  credentials:
  - {{name: main, secretKeyRef: {{name: keys, key: key}}}}
  models:
  - {{model: bench/m, upstreamName: bench-upstream, prices: {{input: \"1\", output: \"2\"}}}}
"
    );
}

/// Appends a route to the model at these providers, the first of them first.
pub(crate) fn route(text: &mut String, name: &str, providers: &[&str]) {
    let _ = write!(
        text,
        "---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {{name: {name}, namespace: bench}}
spec:
  targets:
"
    );
    for (priority, provider) in providers.iter().enumerate() {
        let _ = writeln!(text, "  - {{model: bench/m, provider: {provider}, priority: {priority}}}");
    }
}
