use super::*;

#[test]
fn any_spelling_of_a_name_tells_the_family() {
    for (name, family) in [
        ("gpt-4o-mini", Family::Gpt4o),
        ("openai/gpt-4.1", Family::Gpt4o),
        ("gpt-4-turbo-2024-04-09", Family::Gpt35To4),
        ("gpt-35-turbo", Family::Gpt35To4),
        ("text-embedding-3-small", Family::Gpt35To4),
        ("openai/o3", Family::Gpt5),
        ("o4-mini-2025-04-16", Family::Gpt5),
        ("GPT-5.2", Family::Gpt5),
        ("openai.gpt-oss-120b-1:0", Family::GptOss),
        ("claude-3-7-sonnet-20250219", Family::Claude3),
        ("anthropic.claude-v2:1", Family::Claude3),
        ("claude-instant-v1", Family::Claude3),
        ("anthropic/claude-sonnet-4", Family::Claude4),
        ("claude-sonnet-4-20250514", Family::Claude4),
        ("claude-opus-4-1-20250805", Family::Claude4),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Family::Claude45),
        ("anthropic/claude-haiku-4.5", Family::Claude45),
        ("claude-opus-4-7", Family::ClaudeNew),
        ("claude-sonnet-5", Family::ClaudeNew),
        ("google/gemini-2.5-flash", Family::Gemini2),
        ("gemini-3-pro-preview", Family::Gemini3),
        ("google/gemma-3-27b-it", Family::Gemma),
        ("meta-llama/llama-2-70b-chat", Family::Llama2),
        ("llama-3.3-70b-versatile", Family::Llama3),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", Family::Llama4),
        ("deepseek-r1-distill-llama-70b", Family::Llama3),
        ("deepseek/deepseek-chat", Family::DeepSeek),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", Family::Mistral),
        ("qwen/qwen3-32b", Family::Qwen),
        ("z-ai/glm-4.6", Family::Glm),
        ("moonshotai/kimi-k2", Family::Kimi),
        ("minimax/minimax-m2:free", Family::MiniMax),
        ("x-ai/grok-4", Family::Grok),
        ("command-r-plus", Family::Cohere),
        ("us.amazon.nova-micro-v1:0", Family::Amazon),
        ("us.amazon.nova-2-lite-v1:0", Family::Nova2),
        ("voyage-3.5", Family::Voyage),
        ("olmo-2", Family::Other),
        ("", Family::Other),
    ] {
        assert_eq!(Family::of(name), family, "{name}");
    }
}

#[test]
fn all_families_are_listed_once() {
    let mut all = Family::ALL.to_vec();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), Family::ALL.len());
    assert!(NAMES.iter().all(|(_, family)| Family::ALL.contains(family)));
}
