use crate::{Auth, Catalog, Kind, Modality, Parts, Source};
use std::collections::HashSet;

/// U6: the table that is shipped in the binary is a good one.
#[test]
fn the_embedded_catalogue_loads_and_is_large_enough() {
    let catalog = Catalog::embedded();
    let served: HashSet<&str> = catalog.offers().iter().map(|o| o.provider.as_str()).collect();
    let callable: HashSet<&str> = catalog.offers().iter().map(|o| o.model.as_str()).collect();
    assert!(served.len() >= 60, "{} providers", served.len());
    assert!(callable.len() >= 400, "{} models", callable.len());
    assert_eq!(callable.len(), catalog.models().len(), "a model that nobody serves");
    assert_eq!(catalog.version().len(), 16);
    assert_eq!(catalog.as_of().len(), 10);
}

#[test]
fn forty_providers_can_be_called_with_a_key_and_nothing_else() {
    let catalog = Catalog::embedded();
    let ready = catalog
        .providers()
        .iter()
        .filter(|p| p.dialects.iter().any(|it| ["chat_completions", "messages", "responses"].contains(&it.as_str())))
        .filter(|p| p.base_url.is_some() && !p.env.is_empty())
        .count();
    assert!(ready >= 40, "{ready}");
}

#[test]
fn well_known_names_are_found_where_they_are_served() {
    let catalog = Catalog::embedded();
    for (provider, name, upstream) in [
        ("openai", "openai/gpt-4o-mini", "gpt-4o-mini"),
        ("openai", "openai/text-embedding-3-small", "text-embedding-3-small"),
        ("azure", "openai/gpt-4o-mini", "gpt-4o-mini"),
        ("openrouter", "openai/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("anthropic", "anthropic/claude-haiku-4.5", "claude-haiku-4-5"),
        ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
        ("amazon-bedrock", "anthropic/claude-haiku-4.5", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("google-ai-studio", "google/gemini-2.5-flash", "gemini-2.5-flash"),
        ("groq", "meta-llama/llama-3.3-70b-instruct", "llama-3.3-70b-versatile"),
        ("together", "meta-llama/llama-3.3-70b-instruct", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("fireworks", "moonshotai/kimi-k2.5", "accounts/fireworks/models/kimi-k2p5"),
        ("cohere", "cohere/rerank-v3.5", "rerank-v3.5"),
    ] {
        let offer = catalog.offer(provider, name);
        let found = offer.map(|offer| offer.upstream_name.as_str());
        assert_eq!(found, Some(upstream), "{provider} {name}");
    }
    assert_eq!(catalog.offer("openai", "anthropic/claude-haiku-4.5"), None);
    assert_eq!(catalog.offer("nobody", "openai/gpt-4o-mini"), None);
}

#[test]
fn providers_say_how_they_are_spoken_to() {
    let catalog = Catalog::embedded();
    let anthropic = catalog.provider("anthropic").unwrap();
    assert_eq!(anthropic.dialects, ["messages"]);
    assert_eq!(anthropic.auth, Auth::Header("x-api-key".to_owned()));
    assert_eq!(anthropic.env, ["ANTHROPIC_API_KEY"]);
    let google = catalog.provider("google-ai-studio").unwrap();
    assert_eq!(google.dialects, ["chat_completions"]);
    assert_eq!(google.env, ["GEMINI_API_KEY", "GOOGLE_API_KEY"]);
    let ollama = catalog.provider("ollama").unwrap();
    assert_eq!(ollama.auth, Auth::None);
    assert_eq!(catalog.provider("amazon-bedrock").unwrap().dialects, ["bedrock"]);
}

#[test]
fn models_say_what_they_are() {
    let catalog = Catalog::embedded();
    let model = |id| catalog.model(id).unwrap();
    let mini = model("openai/gpt-4o-mini");
    assert_eq!((mini.context_length, mini.max_output), (Some(128_000), Some(16_384)));
    assert!(mini.input_modalities.contains(&Modality::Image));
    assert!(mini.capabilities.tools && mini.capabilities.structured_outputs);
    assert!(!mini.capabilities.reasoning);
    assert!(model("anthropic/claude-haiku-4.5").capabilities.reasoning);
    assert_eq!(model("openai/text-embedding-3-small").kind, Kind::Embedding);
    assert_eq!(model("openai/whisper-1").kind, Kind::Transcription);
    assert_eq!(model("cohere/rerank-v3.5").kind, Kind::Rerank);
    let kinds: HashSet<Kind> = catalog.models().iter().map(|model| model.kind).collect();
    assert_eq!(kinds.len(), 8);
}

/// U6: what is priced by the character or by subscription has no price here, instead of a price of 0.
#[test]
fn nothing_is_free_but_what_says_so() {
    let catalog = Catalog::embedded();
    assert_eq!(catalog.offer("openai", "tts-1").unwrap().prices, None);
    for offer in catalog.offers() {
        let Some(prices) = &offer.prices else {
            continue;
        };
        // Looking at the text of the price covers rates that are added later.
        let paid = serde_json::to_string(prices)
            .unwrap()
            .split('"')
            .any(|word| word.parse::<crate::Rate>().is_ok_and(|rate| rate.0 > 0));
        let kind = catalog.model(&offer.model).unwrap().kind;
        let free = offer.upstream_name.ends_with(":free") || kind == Kind::Moderation;
        assert!(paid || free, "{} {}", offer.provider, offer.upstream_name);
    }
}

#[test]
fn offers_are_found_from_both_sides() {
    let catalog = Catalog::embedded();
    let id = "meta-llama/llama-3.3-70b-instruct";
    let servers: Vec<&str> = catalog.offers_for(id).map(|o| o.provider.as_str()).collect();
    assert!(servers.len() > 10 && servers.is_sorted(), "{servers:?}");
    assert!(servers.contains(&"groq"));
    assert!(catalog.offers_for(id).all(|offer| offer.model == id));
    assert!(catalog.offers_of("groq").any(|offer| offer.model == id));
    assert!(catalog.offers_of("groq").all(|offer| offer.provider == "groq"));
    let all: usize = catalog.providers().iter().map(|p| catalog.offers_of(&p.slug).count()).sum();
    assert_eq!(all, catalog.offers().len());
    let all: usize = catalog.models().iter().map(|m| catalog.offers_for(&m.id).count()).sum();
    assert_eq!(all, catalog.offers().len());
    assert_eq!(catalog.offers_of("nobody").count() + catalog.offers_for("no/thing").count(), 0);
}

#[test]
fn a_misspelt_name_is_answered_with_its_neighbours() {
    let catalog = Catalog::embedded();
    assert_eq!(catalog.nearest("openai/gpt-4o-mni", 3)[0], "openai/gpt-4o-mini");
    assert_eq!(catalog.nearest("GPT-4o-Mini", 1), ["openai/gpt-4o-mini"]);
    assert_eq!(catalog.nearest("claude-haiku-4-5", 1), ["anthropic/claude-haiku-4.5"]);
    assert!(catalog.nearest("qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", 3).is_empty());
    assert!(catalog.nearest("", 3).is_empty());
    assert!(catalog.nearest(&"gpt".repeat(100_000), 3).len() <= 3);
}

#[test]
fn what_is_written_is_what_was_read() {
    let catalog = Catalog::embedded();
    let parts = Parts {
        as_of: catalog.as_of().to_owned(),
        made_from: vec!["test".to_owned()],
        providers: catalog.providers().to_vec(),
        models: catalog.models().to_vec(),
        offers: catalog.offers().to_vec(),
    };
    let again = Catalog::parse(parts.clone().to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(again.providers(), catalog.providers());
    assert_eq!(again.models(), catalog.models());
    assert_eq!(again.offers(), catalog.offers());
    let third = Catalog::parse(parts.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(again.version(), third.version());
    assert_ne!(again.version(), catalog.version());
    assert_eq!(Source::LiteLlm.to_string(), "litellm");
}

/// U9, U10, U13: tiers of service, tools and sound are rows of the shipped data, with source and date.
#[test]
fn tiers_of_service_tools_and_sound_are_rows_of_the_catalogue() {
    let catalog = Catalog::embedded();
    let prices = |provider, name| catalog.offer(provider, name).and_then(|offer| offer.prices.as_ref()).unwrap();
    let services =
        |provider, name| prices(provider, name).services.iter().map(|row| row.name.as_str()).collect::<Vec<_>>();
    assert_eq!(services("openai", "gpt-5.1"), ["flex", "priority", "batch"]);
    assert_eq!(services("google-ai-studio", "gemini-2.5-pro"), ["flex", "priority", "batch"]);
    assert!(services("anthropic", "claude-opus-4-8").contains(&"fast"));
    assert_eq!(prices("anthropic", "claude-opus-4-8").in_us_percent, Some(110));
    let fee = |provider, name, tool: &str| {
        let fee = prices(provider, name).fees.iter().find(|fee| fee.tool == tool).unwrap();
        assert!(!fee.source.is_empty() && fee.as_of.len() == 10, "{provider} {name} {tool}");
        fee.each.to_usd_string()
    };
    assert_eq!(fee("openai", "gpt-5.1", "web_search"), "0.01");
    assert_eq!(fee("openai", "gpt-5.1", "file_search"), "0.0025");
    assert_eq!(fee("openai", "gpt-5.1", "code_interpreter"), "0.03");
    assert_eq!(fee("anthropic", "claude-opus-4-8", "web_search"), "0.01");
    assert_eq!(fee("perplexity", "sonar", "web_search_low"), "0.005");
    assert_eq!(fee("perplexity", "sonar-pro", "web_search_high"), "0.014");
    let grok = catalog.offers_of("xai").find(|offer| offer.upstream_name.contains("grok-4")).unwrap();
    assert_eq!(fee("xai", &grok.upstream_name, "x_search"), "0.005");
    assert_eq!(prices("openai", "whisper-1").heard.map(|rate| rate.to_string()).as_deref(), Some("100"));
}

/// U8: a model that took part in an answer is priced without the whole catalogue in memory.
#[test]
fn single_prices_are_found_without_the_whole_catalogue() {
    let catalog = Catalog::embedded();
    for (provider, name) in [("anthropic", "claude-opus-4-8"), ("openai", "gpt-image-1"), ("openai", "gpt-4o-mini")] {
        let whole = catalog.offer(provider, name).and_then(|offer| offer.prices.clone());
        assert!(whole.is_some(), "{provider} {name}");
        assert_eq!(Catalog::shipped_price(provider, name), whole, "{provider} {name}");
    }
    assert_eq!(Catalog::shipped_price("anthropic", "claude-opus-none"), None);
    assert_eq!(Catalog::shipped_price("nobody", "gpt-4o-mini"), None);
    assert_eq!(Catalog::shipped_price("", "gpt-4o-mini"), None);
}
