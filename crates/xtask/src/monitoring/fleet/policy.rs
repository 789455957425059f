//! What the fleet is told.

use std::net::SocketAddr;

/// One that fails now and then, one that does not, and one that has no prices.
pub(super) const PROVIDERS: [&str; 3] = ["acme", "globex", "own-gpu"];
const DOCUMENT: &str = "apiVersion: outrigger.dev/v1alpha1\n";

/// A model: its provider in each namespace that has it, and its prices in dollars for a million tokens.
const MODELS: [(&str, &str, &str); 4] = [
    ("atlas", "acme", ", prices: {input: \"3\", output: \"15\"}"),
    ("atlas-mini", "acme", ", prices: {input: \"0.4\", output: \"1.6\"}"),
    ("swift", "globex", ", prices: {input: \"0.6\", output: \"2.4\"}"),
    ("llama", "own-gpu", ""),
];

/// Name, namespace, and where each is of [`PROVIDERS`].
const NAMED: [(&str, &str, usize); 7] = [
    ("acme", "shop", 0),
    // Of the same, with no other target in its route.
    ("acme-eu", "shop", 0),
    ("globex", "shop", 1),
    ("globex", "search", 1),
    ("own-gpu", "search", 2),
    ("acme", "support", 0),
    ("globex", "support", 1),
];

/// Namespace, name, and the targets in their order: model and provider.
type Route = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const ROUTES: [Route; 5] = [
    ("shop", "assistant", &[("acme/atlas", "acme"), ("globex/swift", "globex")]),
    ("shop", "translate", &[("acme/atlas", "acme-eu")]),
    ("search", "finder", &[("globex/swift", "globex")]),
    ("search", "cheap", &[("own-gpu/llama", "own-gpu"), ("globex/swift", "globex")]),
    ("support", "triage", &[("acme/atlas-mini", "acme"), ("globex/swift", "globex")]),
];

/// Objects of all namespaces; `providers` are in the order of [`PROVIDERS`], and `attempts` are those of a request.
pub(super) fn text(providers: &[SocketAddr], attempts: u32) -> String {
    let provider = |(name, namespace, of): &(&str, &str, usize)| {
        let address = providers.get(*of).map(ToString::to_string).unwrap_or_default();
        let own = PROVIDERS.get(*of).copied().unwrap_or_default();
        let models: String = MODELS
            .iter()
            .filter(|(_, provider, _)| *provider == own)
            .map(|(model, _, prices)| format!("  - {{model: {own}/{model}{prices}}}\n"))
            .collect();
        format!(
            "{DOCUMENT}kind: ModelProvider\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  dialects: \
             [ChatCompletions]\n  baseURL: http://{address}/v1\n  auth: {{scheme: None}}\n  models:\n{models}---\n"
        )
    };
    let route = |(namespace, name, targets): &(&str, &str, &[(&str, &str)])| {
        let targets: String = targets
            .iter()
            .zip(0..)
            .map(|((model, provider), at)| format!("  - {{model: {model}, provider: {provider}, priority: {at}}}\n"))
            .collect();
        format!(
            "{DOCUMENT}kind: ModelRoute\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  targets:\n{targets}  \
             failover: {{attempts: {attempts}}}\n  stickiness: {{mode: Off}}\n---\n"
        )
    };
    NAMED.iter().map(provider).chain(ROUTES.iter().map(route)).collect()
}
