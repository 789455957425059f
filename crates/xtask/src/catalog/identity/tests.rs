use super::*;
use outrigger_catalog::{Auth, Provider};

fn vendor(slug: &str, author: Option<&'static str>) -> Vendor {
    Vendor {
        provider: Provider {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            dialects: vec!["chat_completions".to_owned()],
            base_url: None,
            auth: Auth::Bearer,
            env: Vec::new(),
            doc: None,
        },
        models_dev: None,
        litellm: &[],
        genai: None,
        author,
        reseller: false,
    }
}

fn check(provider: &str, upstream: &str, expected: &str) {
    let mut identities = Identities::default();
    for id in [
        "anthropic/claude-haiku-4.5",
        "openai/gpt-4o-mini",
        "openai/gpt-4-turbo",
        "openai/gpt-4",
        "openai/gpt-oss-120b",
        "meta-llama/llama-3.3-70b-instruct",
        "meta-llama/llama-3.1-8b-instruct",
        "meta-llama/llama-4-maverick",
        "moonshotai/kimi-k2.5",
        "deepseek/deepseek-r1",
        "amazon/nova-pro-v1",
        "google/gemini-2.0-flash-001",
    ] {
        identities.canonical(id);
    }
    let id = identities.id_for(&vendor(provider, None), upstream);
    assert_eq!(id, expected, "{provider} {upstream}");
}

#[test]
fn each_vendors_spelling_finds_the_same_model() {
    check("anthropic", "claude-haiku-4-5-20251001", "anthropic/claude-haiku-4.5");
    check("amazon-bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic/claude-haiku-4.5");
    check("google-vertex", "claude-haiku-4-5@20251001", "anthropic/claude-haiku-4.5");
    check("reseller", "claude-4.5-haiku", "anthropic/claude-haiku-4.5");
    check("openai", "gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini");
    check("groq", "llama-3.3-70b-versatile", "meta-llama/llama-3.3-70b-instruct");
    check("groq", "llama-3.1-8b-instant", "meta-llama/llama-3.1-8b-instruct");
    check("cerebras", "llama3.1-8b", "meta-llama/llama-3.1-8b-instruct");
    check("together", "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo", "meta-llama/llama-3.1-8b-instruct");
    check("together", "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", "meta-llama/llama-4-maverick");
    check("fireworks", "accounts/fireworks/models/kimi-k2p5", "moonshotai/kimi-k2.5");
    check("amazon-bedrock", "deepseek.r1-v1:0", "deepseek/deepseek-r1");
    check("amazon-bedrock", "amazon.nova-pro-v1:0", "amazon/nova-pro-v1");
    check("amazon-bedrock", "openai.gpt-oss-120b-1:0", "openai/gpt-oss-120b");
    check("google-ai-studio", "gemini-2.0-flash", "google/gemini-2.0-flash-001");
}

#[test]
fn a_different_model_is_never_taken_for_a_spelling() {
    check("openai", "gpt-4-turbo", "openai/gpt-4-turbo");
    check("openai", "gpt-4o", "openai/gpt-4o");
    check("deepinfra", "deepseek-ai/DeepSeek-V3", "deepseek/deepseek-v3");
    check("openrouter-like", "openai/gpt-oss-120b:free", "openai/gpt-oss-120b:free");
}

#[test]
fn an_unknown_name_becomes_an_id_of_its_author_without_its_date() {
    check("anthropic", "claude-3-7-sonnet-20250219", "anthropic/claude-3.7-sonnet");
    check("deepinfra", "anthropic/claude-4-opus", "anthropic/claude-opus-4");
    check("helicone", "claude-haiku-3.5", "anthropic/claude-3.5-haiku");
    check("somewhere", "strange-thing", "somewhere/strange-thing");
    check("somewhere", "Qwen/Qwen3-Embedding-8B", "qwen/qwen3-embedding-8b");
}
