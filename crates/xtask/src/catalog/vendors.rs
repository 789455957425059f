//! Who the vendors are: one hand-kept table, and models.dev's own word for all others.
//!
//! The table names every provider whose slug, URL, dialect or key cannot be read from models.dev: OpenRouter's slug
//! where it has one, the base URL the vendor documents, and its names in the other sources. A provider outside the
//! table is taken as models.dev describes it, if its SDK tells a dialect.

use outrigger_catalog::{Auth, Provider};
use serde_json::Value;
use std::collections::HashSet;

/// A provider and what the sources call it.
pub(crate) struct Vendor {
    pub(crate) provider: Provider,
    pub(crate) models_dev: Option<String>,
    /// LiteLLM's `litellm_provider` and the prefix its keys carry.
    pub(crate) litellm: &'static [(&'static str, &'static str)],
    pub(crate) genai: Option<&'static str>,
    /// OpenRouter's author slug, for vendors that serve their own models.
    pub(crate) author: Option<&'static str>,
    /// Lists whole markets in spellings of its own: it may serve a model, but not name one.
    pub(crate) reseller: bool,
}

/// A provider of models.dev outside the table with more models than this is no maker.
const RESELLS: usize = 30;

/// Every vendor, the table's first: they name the models that others resell.
pub(crate) fn all(models_dev: &Value) -> Vec<Vendor> {
    let mut vendors: Vec<Vendor> = TABLE.iter().map(Row::vendor).collect();
    let taken: HashSet<String> = vendors.iter().filter_map(|vendor| vendor.models_dev.clone()).collect();
    for (slug, provider) in models_dev.as_object().into_iter().flatten() {
        if !taken.contains(slug) && !is_left_out(slug) {
            vendors.extend(described(slug, provider));
        }
    }
    for vendor in &mut vendors {
        let doc = vendor.models_dev.as_ref().and_then(|slug| models_dev[slug]["doc"].as_str());
        vendor.provider.doc = doc.map(str::to_owned);
    }
    vendors
}

/// Seats and subscriptions of other products, mirrors of whole markets, and programs on somebody's desk.
fn is_left_out(slug: &str) -> bool {
    const SLUGS: &[&str] = &[
        "atomic-chat",
        "firepass",
        "github-copilot",
        "gitlab",
        "google-vertex-anthropic",
        "kilo",
        "kimi-for-coding",
        "lmstudio",
        "nano-gpt",
        "opencode-go",
        "privatemode-ai",
        "sap-ai-core",
        "v0",
    ];
    SLUGS.contains(&slug) || slug.contains("coding-plan") || slug.contains("token-plan")
}

/// Who has `/responses` beside chat completions, by its own documentation. Few of those who are compatible with OpenAI do, and
/// whoever has not answers 404, which would be the request's end (R12).
const RESPONSES: [&str; 11] = [
    "openai",
    "openrouter",
    "xai",
    "groq",
    "fireworks",
    "vercel",
    "huggingface",
    "vllm",
    "sglang",
    "ollama",
    "lmstudio",
];

/// All that `slug`, which speaks `dialect` first, speaks.
fn spoken(slug: &str, dialect: &str) -> Vec<String> {
    let also = (dialect == "chat_completions" && RESPONSES.contains(&slug)).then_some("responses");
    std::iter::once(dialect).chain(also).map(str::to_owned).collect()
}

/// A provider as models.dev describes it.
fn described(slug: &str, provider: &Value) -> Option<Vendor> {
    let npm = provider["npm"].as_str()?;
    let (dialect, auth) = match npm {
        "@ai-sdk/openai-compatible" | "@ai-sdk/openai" => ("chat_completions", Auth::Bearer),
        "@ai-sdk/anthropic" => ("messages", Auth::Header("x-api-key".to_owned())),
        _ => return None,
    };
    let url = provider["api"]
        .as_str()
        .filter(|url| !url.contains("${"))
        .map(|url| url.trim_end_matches('/').trim_end_matches("/chat/completions").to_owned());
    let env = provider["env"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|name| ["KEY", "TOKEN", "PAT"].iter().any(|end| name.ends_with(end)))
        .map(str::to_owned)
        .collect();
    Some(Vendor {
        provider: Provider {
            slug: slug.to_owned(),
            name: provider["name"].as_str().unwrap_or(slug).to_owned(),
            dialects: spoken(slug, dialect),
            base_url: url,
            auth,
            env,
            doc: None,
        },
        models_dev: Some(slug.to_owned()),
        litellm: &[],
        genai: None,
        author: None,
        reseller: provider["models"].as_object().is_some_and(|models| models.len() > RESELLS),
    })
}

struct Row {
    slug: &'static str,
    name: &'static str,
    dialect: &'static str,
    /// Empty: it contains something of the operator's.
    url: &'static str,
    /// As in the data file.
    auth: &'static str,
    env: &'static [&'static str],
    models_dev: Option<&'static str>,
    litellm: &'static [(&'static str, &'static str)],
    genai: Option<&'static str>,
    author: Option<&'static str>,
}

impl Row {
    fn vendor(&self) -> Vendor {
        Vendor {
            provider: Provider {
                slug: self.slug.to_owned(),
                name: self.name.to_owned(),
                dialects: spoken(self.slug, self.dialect),
                base_url: (!self.url.is_empty()).then(|| self.url.to_owned()),
                auth: Auth::try_from(self.auth.to_owned()).unwrap_or_default(),
                env: self.env.iter().map(|name| (*name).to_owned()).collect(),
                doc: None,
            },
            models_dev: self.models_dev.map(str::to_owned),
            litellm: self.litellm,
            genai: self.genai,
            author: self.author,
            reseller: false,
        }
    }
}

/// A plain provider: chat completions, a bearer key.
const fn openai(slug: &'static str, name: &'static str, url: &'static str, env: &'static [&'static str]) -> Row {
    Row {
        slug,
        name,
        dialect: "chat_completions",
        url,
        auth: "bearer",
        env,
        models_dev: None,
        litellm: &[],
        genai: None,
        author: None,
    }
}

impl Row {
    const fn models_dev(mut self, slug: &'static str) -> Self {
        self.models_dev = Some(slug);
        self
    }

    const fn litellm(mut self, names: &'static [(&'static str, &'static str)]) -> Self {
        self.litellm = names;
        self
    }

    const fn genai(mut self, slug: &'static str) -> Self {
        self.genai = Some(slug);
        self
    }

    const fn author(mut self, slug: &'static str) -> Self {
        self.author = Some(slug);
        self
    }

    const fn speaks(mut self, dialect: &'static str, auth: &'static str) -> Self {
        self.dialect = dialect;
        self.auth = auth;
        self
    }
}

/// In this order models get their ids: the market of reference, the makers, the clouds, the hosts.
#[rustfmt::skip]
static TABLE: &[Row] = &[
    openai("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", &["OPENROUTER_API_KEY"])
        .models_dev("openrouter").genai("openrouter"),

    openai("openai", "OpenAI", "https://api.openai.com/v1", &["OPENAI_API_KEY"])
        .models_dev("openai").litellm(&[("openai", "openai/"), ("text-completion-openai", "")]).genai("openai").author("openai"),
    openai("anthropic", "Anthropic", "https://api.anthropic.com/v1", &["ANTHROPIC_API_KEY"])
        .speaks("messages", "header:x-api-key")
        .models_dev("anthropic").litellm(&[("anthropic", "anthropic/")]).genai("anthropic").author("anthropic"),
    // Google's OpenAI-compatible endpoint; its own dialect lives one path segment up.
    openai("google-ai-studio", "Google AI Studio", "https://generativelanguage.googleapis.com/v1beta/openai", &["GEMINI_API_KEY", "GOOGLE_API_KEY"])
        .models_dev("google").litellm(&[("gemini", "gemini/")]).genai("google").author("google"),
    openai("mistral", "Mistral", "https://api.mistral.ai/v1", &["MISTRAL_API_KEY"])
        .models_dev("mistral").litellm(&[("mistral", "mistral/")]).genai("mistral").author("mistralai"),
    openai("deepseek", "DeepSeek", "https://api.deepseek.com/v1", &["DEEPSEEK_API_KEY"])
        .models_dev("deepseek").litellm(&[("deepseek", "deepseek/")]).genai("deepseek").author("deepseek"),
    openai("xai", "xAI", "https://api.x.ai/v1", &["XAI_API_KEY"])
        .models_dev("xai").litellm(&[("xai", "xai/")]).genai("x-ai").author("x-ai"),
    openai("moonshotai", "Moonshot AI", "https://api.moonshot.ai/v1", &["MOONSHOT_API_KEY"])
        .models_dev("moonshotai").litellm(&[("moonshot", "moonshot/")]).genai("moonshotai").author("moonshotai"),
    openai("z-ai", "Z.AI", "https://api.z.ai/api/paas/v4", &["ZAI_API_KEY", "ZHIPU_API_KEY"])
        .models_dev("zai").litellm(&[("zai", "zai/")]).genai("zai").author("z-ai"),
    openai("zhipuai", "Zhipu AI", "https://open.bigmodel.cn/api/paas/v4", &["ZHIPU_API_KEY"])
        .models_dev("zhipuai").author("z-ai"),
    openai("alibaba", "Alibaba Cloud", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", &["DASHSCOPE_API_KEY"])
        .models_dev("alibaba").litellm(&[("dashscope", "dashscope/")]),
    openai("minimax", "MiniMax", "https://api.minimax.io/anthropic/v1", &["MINIMAX_API_KEY"])
        .speaks("messages", "header:x-api-key")
        .models_dev("minimax").litellm(&[("minimax", "minimax/")]).genai("minimax").author("minimax"),
    openai("perplexity", "Perplexity", "https://api.perplexity.ai", &["PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY"])
        .models_dev("perplexity").genai("perplexity").author("perplexity"),
    openai("perplexity-agent", "Perplexity Agent", "https://api.perplexity.ai/v1", &["PERPLEXITY_API_KEY"])
        .speaks("responses", "bearer").models_dev("perplexity-agent"),
    // The compatibility endpoint; rerank and Cohere's own chat live under /v2.
    openai("cohere", "Cohere", "https://api.cohere.ai/compatibility/v1", &["COHERE_API_KEY", "CO_API_KEY"])
        .models_dev("cohere").litellm(&[("cohere", "cohere/"), ("cohere_chat", "")]).genai("cohere").author("cohere"),
    openai("ai21", "AI21", "https://api.ai21.com/studio/v1", &["AI21_API_KEY"])
        .litellm(&[("ai21", "")]).author("ai21"),
    openai("meta", "Meta Llama API", "https://api.llama.com/compat/v1", &["LLAMA_API_KEY"])
        .models_dev("llama").litellm(&[("meta_llama", "meta_llama/")]).author("meta-llama"),
    openai("upstage", "Upstage", "https://api.upstage.ai/v1/solar", &["UPSTAGE_API_KEY"])
        .models_dev("upstage").author("upstage"),
    openai("xiaomi", "Xiaomi", "https://api.xiaomimimo.com/v1", &["XIAOMI_API_KEY"])
        .models_dev("xiaomi").author("xiaomi"),
    openai("stepfun", "StepFun", "https://api.stepfun.com/v1", &["STEPFUN_API_KEY"])
        .models_dev("stepfun").author("stepfun"),
    openai("inception", "Inception", "https://api.inceptionlabs.ai/v1", &["INCEPTION_API_KEY"])
        .models_dev("inception").litellm(&[("inception", "inception/")]).author("inception"),
    openai("morph", "Morph", "https://api.morphllm.com/v1", &["MORPH_API_KEY"])
        .models_dev("morph").litellm(&[("morph", "morph/")]).author("morph"),
    openai("nova", "Amazon Nova", "https://api.nova.amazon.com/v1", &["NOVA_API_KEY"])
        .models_dev("nova").litellm(&[("amazon_nova", "amazon_nova/")]).author("amazon"),
    openai("voyage", "Voyage AI", "https://api.voyageai.com/v1", &["VOYAGE_API_KEY"])
        .litellm(&[("voyage", "voyage/")]).genai("voyageai").author("voyage"),
    openai("jina", "Jina AI", "https://api.jina.ai/v1", &["JINA_API_KEY", "JINA_AI_API_KEY"])
        .litellm(&[("jina_ai", "")]).author("jinaai"),

    openai("amazon-bedrock", "Amazon Bedrock", "", &["AWS_BEARER_TOKEN_BEDROCK"])
        .speaks("bedrock", "bearer")
        .models_dev("amazon-bedrock").litellm(&[("bedrock", "bedrock/"), ("bedrock_converse", "bedrock_converse/")]).genai("aws"),
    openai("google-vertex", "Google Vertex AI", "", &[])
        .speaks("vertex", "bearer")
        .models_dev("google-vertex").litellm(&[
            ("vertex_ai", "vertex_ai/"), ("vertex_ai-language-models", "vertex_ai/"), ("vertex_ai-anthropic_models", "vertex_ai/"),
            ("vertex_ai-mistral_models", "vertex_ai/"), ("vertex_ai-llama_models", "vertex_ai/"), ("vertex_ai-embedding-models", "vertex_ai/"),
            ("vertex_ai-deepseek_models", "vertex_ai/"), ("vertex_ai-qwen_models", "vertex_ai/"), ("vertex_ai-zai_models", "vertex_ai/"),
            ("vertex_ai-openai_models", "vertex_ai/"), ("vertex_ai-ai21_models", "vertex_ai/"), ("vertex_ai-image-models", "vertex_ai/"),
        ]),
    openai("azure", "Azure OpenAI", "", &["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"])
        .speaks("azure", "header:api-key")
        .models_dev("azure").litellm(&[("azure", "azure/"), ("azure_text", "azure/")]).genai("azure"),
    openai("azure-ai", "Azure AI Foundry", "", &["AZURE_AI_API_KEY"])
        .speaks("azure", "header:api-key")
        .models_dev("azure-cognitive-services").litellm(&[("azure_ai", "azure_ai/")]),
    openai("databricks", "Databricks", "", &["DATABRICKS_TOKEN"])
        .models_dev("databricks").litellm(&[("databricks", "databricks/")]),
    openai("cloudflare", "Cloudflare Workers AI", "", &["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"])
        .models_dev("cloudflare-workers-ai").litellm(&[("cloudflare", "cloudflare/")]),
    openai("snowflake", "Snowflake Cortex", "", &["SNOWFLAKE_JWT"]).litellm(&[("snowflake", "snowflake/")]),
    openai("watsonx", "IBM watsonx", "", &["WATSONX_API_KEY"])
        .speaks("watsonx", "bearer").litellm(&[("watsonx", "watsonx/")]),
    openai("volcengine", "Volcengine Ark", "https://ark.cn-beijing.volces.com/api/v3", &["ARK_API_KEY", "VOLCENGINE_API_KEY"])
        .litellm(&[("volcengine", "volcengine/")]),
    openai("replicate", "Replicate", "https://api.replicate.com/v1", &["REPLICATE_API_TOKEN", "REPLICATE_API_KEY"])
        .speaks("replicate", "bearer").litellm(&[("replicate", "replicate/")]),

    openai("groq", "Groq", "https://api.groq.com/openai/v1", &["GROQ_API_KEY"])
        .models_dev("groq").litellm(&[("groq", "groq/")]).genai("groq"),
    openai("cerebras", "Cerebras", "https://api.cerebras.ai/v1", &["CEREBRAS_API_KEY"])
        .models_dev("cerebras").litellm(&[("cerebras", "cerebras/")]).genai("cerebras"),
    openai("sambanova", "SambaNova", "https://api.sambanova.ai/v1", &["SAMBANOVA_API_KEY"])
        .litellm(&[("sambanova", "sambanova/")]),
    openai("together", "Together AI", "https://api.together.xyz/v1", &["TOGETHER_API_KEY", "TOGETHERAI_API_KEY"])
        .models_dev("togetherai").litellm(&[("together_ai", "together_ai/")]).genai("together"),
    openai("fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1", &["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"])
        .models_dev("fireworks-ai").litellm(&[("fireworks_ai", "fireworks_ai/"), ("fireworks_ai-embedding-models", "fireworks_ai/")]).genai("fireworks"),
    openai("deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", &["DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"])
        .models_dev("deepinfra").litellm(&[("deepinfra", "deepinfra/")]),
    openai("novita", "Novita AI", "https://api.novita.ai/openai", &["NOVITA_API_KEY"])
        .models_dev("novita-ai").litellm(&[("novita", "novita/")]).genai("novita"),
    openai("nebius", "Nebius Token Factory", "https://api.tokenfactory.nebius.com/v1", &["NEBIUS_API_KEY"])
        .models_dev("nebius").litellm(&[("nebius", "nebius/")]),
    openai("baseten", "Baseten", "https://inference.baseten.co/v1", &["BASETEN_API_KEY"])
        .models_dev("baseten").litellm(&[("baseten", "baseten/")]).genai("baseten"),
    openai("hyperbolic", "Hyperbolic", "https://api.hyperbolic.xyz/v1", &["HYPERBOLIC_API_KEY"])
        .litellm(&[("hyperbolic", "hyperbolic/")]),
    openai("nscale", "Nscale", "https://inference.api.nscale.com/v1", &["NSCALE_API_KEY"])
        .litellm(&[("nscale", "nscale/")]),
    openai("lambda", "Lambda", "https://api.lambda.ai/v1", &["LAMBDA_API_KEY"])
        .litellm(&[("lambda_ai", "lambda_ai/")]),
    openai("crusoe", "Crusoe", "https://managed-inference-api-proxy.crusoecloud.com/v1", &["CRUSOE_API_KEY"])
        .litellm(&[("crusoe", "crusoe/")]),
    openai("gmicloud", "GMI Cloud", "https://api.gmi-serving.com/v1", &["GMI_API_KEY", "GMICLOUD_API_KEY"])
        .models_dev("gmicloud").litellm(&[("gmi", "gmi/")]),
    openai("friendli", "Friendli", "https://api.friendli.ai/serverless/v1", &["FRIENDLI_TOKEN"])
        .models_dev("friendli").litellm(&[("friendliai", "friendliai/")]),
    openai("featherless", "Featherless", "https://api.featherless.ai/v1", &["FEATHERLESS_API_KEY", "FEATHERLESS_AI_API_KEY"])
        .litellm(&[("featherless_ai", "featherless_ai/")]),
    openai("nvidia", "NVIDIA NIM", "https://integrate.api.nvidia.com/v1", &["NVIDIA_API_KEY", "NVIDIA_NIM_API_KEY"])
        .models_dev("nvidia"),
    openai("ovhcloud", "OVHcloud", "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1", &["OVHCLOUD_API_KEY"])
        .models_dev("ovhcloud").litellm(&[("ovhcloud", "ovhcloud/")]).genai("ovhcloud"),
    openai("scaleway", "Scaleway", "https://api.scaleway.ai/v1", &["SCALEWAY_API_KEY", "SCW_SECRET_KEY"])
        .models_dev("scaleway").litellm(&[("scaleway", "scaleway/")]),
    openai("wandb", "Weights & Biases Inference", "https://api.inference.wandb.ai/v1", &["WANDB_API_KEY"])
        .models_dev("wandb").litellm(&[("wandb", "wandb/")]),
    openai("publicai", "Public AI", "https://api.publicai.co/v1", &["PUBLICAI_API_KEY"])
        .litellm(&[("publicai", "publicai/")]),
    openai("digitalocean", "DigitalOcean", "https://inference.do-ai.run/v1", &["DIGITALOCEAN_ACCESS_TOKEN"])
        .models_dev("digitalocean"),
    openai("inference-net", "Inference.net", "https://api.inference.net/v1", &["INFERENCE_API_KEY"]).models_dev("inference"),
    openai("venice", "Venice", "https://api.venice.ai/api/v1", &["VENICE_API_KEY"]).models_dev("venice"),
    openai("vercel", "Vercel AI Gateway", "https://ai-gateway.vercel.sh/v1", &["AI_GATEWAY_API_KEY"])
        .models_dev("vercel").litellm(&[("vercel_ai_gateway", "vercel_ai_gateway/")]),
    openai("aihubmix", "AIHubMix", "https://aihubmix.com/v1", &["AIHUBMIX_API_KEY"]).models_dev("aihubmix"),
    openai("cloudflare-ai-gateway", "Cloudflare AI Gateway", "", &["CLOUDFLARE_API_TOKEN"]).models_dev("cloudflare-ai-gateway"),

    openai("deepgram", "Deepgram", "https://api.deepgram.com/v1", &["DEEPGRAM_API_KEY"])
        .speaks("deepgram", "bearer").litellm(&[("deepgram", "deepgram/")]).author("deepgram"),
    openai("elevenlabs", "ElevenLabs", "https://api.elevenlabs.io/v1", &["ELEVENLABS_API_KEY"])
        .speaks("elevenlabs", "header:xi-api-key").litellm(&[("elevenlabs", "elevenlabs/")]).author("elevenlabs"),
    openai("assemblyai", "AssemblyAI", "https://api.assemblyai.com/v2", &["ASSEMBLYAI_API_KEY"])
        .speaks("assemblyai", "header:authorization").litellm(&[("assemblyai", "assemblyai/")]).author("assemblyai"),
    openai("stability", "Stability AI", "https://api.stability.ai/v2beta", &["STABILITY_API_KEY"])
        .speaks("stability", "bearer").litellm(&[("stability", "stability/")]).author("stabilityai"),
    openai("black-forest-labs", "Black Forest Labs", "https://api.bfl.ai/v1", &["BFL_API_KEY"])
        .speaks("black-forest-labs", "header:x-key").litellm(&[("black_forest_labs", "black_forest_labs/")]).author("black-forest-labs"),
    openai("recraft", "Recraft", "https://external.api.recraft.ai/v1", &["RECRAFT_API_KEY"])
        .litellm(&[("recraft", "recraft/")]).author("recraft"),

    // What a team runs itself: no list of models, whoever starts it chooses them. The URL is each program's default.
    Row { auth: "none", ..openai("ollama", "Ollama", "http://localhost:11434/v1", &[]) },
    Row { auth: "none", ..openai("vllm", "vLLM", "http://localhost:8000/v1", &["VLLM_API_KEY"]) },
    Row { auth: "none", ..openai("sglang", "SGLang", "http://localhost:30000/v1", &[]) },
    Row { auth: "none", ..openai("lmstudio", "LM Studio", "http://localhost:1234/v1", &[]) },
    Row { auth: "none", ..openai("llamacpp", "llama.cpp server", "http://localhost:8080/v1", &[]) },
    Row { auth: "none", ..openai("tgi", "Text Generation Inference", "http://localhost:3000/v1", &[]) },
];
