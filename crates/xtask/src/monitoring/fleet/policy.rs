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

/// What may be edited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    /// Of a request.
    pub(crate) attempts: u32,
    /// The first provider comes last in every route, and each route has another.
    pub(crate) first_is_last: bool,
    /// Every model has prices.
    pub(crate) priced: bool,
    /// Of the second provider.
    pub(crate) key: &'static str,
}

impl Edit {
    /// Before anybody has edited anything.
    pub(crate) const NONE: Self = Self { attempts: 2, first_is_last: false, priced: false, key: "sk-test" };
}

/// Objects of all namespaces; `providers` are in the order of [`PROVIDERS`].
pub(super) fn text(providers: &[SocketAddr], edit: Edit) -> String {
    let Edit { attempts, first_is_last, priced, key } = edit;
    let provider = |(name, namespace, of): &(&str, &str, usize)| {
        let address = providers.get(*of).map(ToString::to_string).unwrap_or_default();
        let own = PROVIDERS.get(*of).copied().unwrap_or_default();
        let models: String = MODELS
            .iter()
            .filter(|(_, provider, _)| *provider == own)
            .map(|(model, _, prices)| {
                let prices =
                    if priced && prices.is_empty() { ", prices: {input: \"0.1\", output: \"0.1\"}" } else { prices };
                format!("  - {{model: {own}/{model}{prices}}}\n")
            })
            .collect();
        let auth = if *of == 1 {
            "credentials: [{name: main, secretKeyRef: {name: keys, key: globex}}]"
        } else {
            "auth: {scheme: None}"
        };
        format!(
            "{DOCUMENT}kind: ModelProvider\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  dialects: \
             [ChatCompletions]\n  baseURL: http://{address}/v1\n  {auth}\n  models:\n{models}---\n"
        )
    };
    let route = |(namespace, name, targets): &Route| {
        let mut targets = targets.to_vec();
        if first_is_last {
            targets.sort_by_key(|(model, _)| model.starts_with(PROVIDERS[0]));
            if targets.iter().all(|(model, _)| model.starts_with(PROVIDERS[0])) {
                targets.insert(0, ("globex/swift", "globex"));
            }
        }
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
    let secret = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: keys, namespace: {namespace}}}\nstringData: {{globex: {key}}}\n---\n"
        )
    };
    let secrets = ["shop", "search", "support"].map(secret);
    NAMED.iter().map(provider).chain(ROUTES.iter().map(route)).chain(secrets).collect()
}
