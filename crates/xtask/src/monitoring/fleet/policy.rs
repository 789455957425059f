//! What the fleet is told.

use std::net::SocketAddr;

/// One that fails now and then, one that does not, and one that says no to every key of `shop/strict` and has no prices.
pub(super) const PROVIDERS: [&str; 3] = ["shaky", "steady", "free"];

/// Objects of both namespaces; `providers` are in the order of [`PROVIDERS`], and `attempts` are those of a request.
pub(super) fn text(providers: &[SocketAddr], attempts: u32) -> String {
    let at = |place: usize| providers.get(place).map(ToString::to_string).unwrap_or_default();
    let (shaky, steady, free) = (at(0), at(1), at(2));
    let provider = |namespace: &str, name: &str, address: &str, prices: &str| {
        format!(
            "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
             spec:\n  dialects: [ChatCompletions]\n  baseURL: http://{address}/v1\n  auth: {{scheme: None}}\n  models:\n  \
             - {{model: simulated/chat{prices}}}\n---\n"
        )
    };
    let route = |namespace: &str, name: &str, targets: &[&str]| {
        let targets: String = targets
            .iter()
            .zip(0..)
            .map(|(provider, at)| format!("  - {{model: simulated/chat, provider: {provider}, priority: {at}}}\n"))
            .collect();
        format!(
            "apiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
             targets:\n{targets}  failover: {{attempts: {attempts}}}\n  stickiness: {{mode: Off}}\n---\n"
        )
    };
    let priced = ", prices: {input: \"150\", output: \"600\"}";
    [
        provider("shop", "shaky", &shaky, priced),
        provider("shop", "steady", &steady, priced),
        provider("shop", "strict", &shaky, priced),
        provider("search", "steady", &steady, priced),
        provider("search", "free", &free, ""),
        route("shop", "assistant", &["shaky", "steady"]),
        route("shop", "refused", &["strict"]),
        route("search", "finder", &["steady"]),
        route("search", "cheap", &["free", "steady"]),
    ]
    .concat()
}
