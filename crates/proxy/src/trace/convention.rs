//! Words of OpenTelemetry's conventions for generative AI, v1.41, for ours. Pure.
//! <https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-spans.md>

use http::Uri;
use outrigger_wire::Operation;

/// `gen_ai.operation.name`. What the convention has no word for has ours.
pub(crate) fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::ChatCompletions | Operation::Responses | Operation::Messages => "chat",
        Operation::Completions => "text_completion",
        Operation::Embeddings => "embeddings",
        Operation::ImageGenerations | Operation::ImageEdits | Operation::ImageVariations => "generate_content",
        Operation::CountTokens
        | Operation::Speech
        | Operation::Transcriptions
        | Operation::Translations
        | Operation::Rerank
        | Operation::Moderations => operation.as_str(),
    }
}

/// `gen_ai.provider.name` of a provider of the catalogue. Whom the convention does not know has our word.
pub(crate) fn provider(slug: &str) -> &str {
    match slug {
        "amazon-bedrock" => "aws.bedrock",
        "azure" => "azure.ai.openai",
        "azure-ai" => "azure.ai.inference",
        "google-ai-studio" => "gcp.gemini",
        "google-vertex" => "gcp.vertex_ai",
        "mistral" => "mistral_ai",
        "moonshotai" => "moonshot_ai",
        "xai" => "x_ai",
        same => same,
    }
}

/// `server.address` and `server.port` of a base URL.
pub(crate) fn server(base_url: &str) -> Option<(Box<str>, u16)> {
    let uri: Uri = base_url.parse().ok()?;
    let host = uri.host()?.trim_matches(['[', ']']).into();
    Some((host, uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_host_and_port() {
        let at = |url| server(url).map(|(host, port)| format!("{host} {port}"));
        assert_eq!(at("https://api.openai.com/v1").as_deref(), Some("api.openai.com 443"));
        assert_eq!(at("http://vllm.models.svc/v1").as_deref(), Some("vllm.models.svc 80"));
        assert_eq!(at("http://[::1]:8000").as_deref(), Some("::1 8000"));
        assert_eq!(at("/v1"), None);
    }
}
