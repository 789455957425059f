//! One model, one id: vendors' own names mapped onto OpenRouter's `author/slug`.
//!
//! A name is compared without case and separators (`claude-haiku-4-5` = `claude-haiku-4.5`), first as it stands, then
//! without what is no part of the model: dates, `-latest`, the cloud's version marks, precision marks. Names that still
//! match nothing become a new id under their author, so that the next vendor's spelling finds them.

use super::vendors::Vendor;
use std::collections::{BTreeSet, HashMap};

/// The ids given so far.
#[derive(Default)]
pub(crate) struct Identities {
    by_key: HashMap<String, String>,
    ids: BTreeSet<String>,
}

impl Identities {
    /// Takes an id of the spine as it is.
    pub(crate) fn canonical(&mut self, id: &str) {
        self.ids.insert(id.to_owned());
        let (author, bare) = id.split_once('/').unwrap_or(("", id));
        // Routers' own ids ("auto", "free") and variants (":free") are no models another vendor could mean.
        if author != "openrouter" && author != "switchpoint" && !bare.contains(':') {
            self.by_key.entry(key(bare)).or_insert_with(|| id.to_owned());
        }
    }

    /// The id of a vendor's model, if another vendor has it, too.
    pub(crate) fn known(&self, vendor: &Vendor, upstream: &str) -> Option<String> {
        let (author, bare) = split(vendor, upstream);
        spellings(author.as_deref(), &bare, &undated(vendor, &bare))
            .iter()
            .find_map(|spelling| self.by_key.get(&key(spelling)))
            .cloned()
    }

    /// The id of a vendor's model, made new if need be.
    pub(crate) fn id_for(&mut self, vendor: &Vendor, upstream: &str) -> String {
        if let Some(id) = self.known(vendor, upstream) {
            return id;
        }
        let (author, bare) = split(vendor, upstream);
        let undated = undated(vendor, &bare);
        let author = author
            .or_else(|| vendor.author.map(str::to_owned))
            .or_else(|| family(&bare).map(str::to_owned))
            .unwrap_or_else(|| vendor.provider.slug.clone());
        let slug = pretty(&author, &undated);
        let id = format!("{author}/{slug}");
        self.canonical(&id);
        id
    }
}

fn undated(vendor: &Vendor, bare: &str) -> String {
    let undated = without_date(bare, vendor.provider.slug == "amazon-bedrock");
    claude(&undated).unwrap_or(undated)
}

/// Author, if the name says it, and the rest, lower-case and in common spelling.
fn split(vendor: &Vendor, upstream: &str) -> (Option<String>, String) {
    let mut name = upstream.to_ascii_lowercase();
    let slug = vendor.provider.slug.as_str();
    if slug == "amazon-bedrock" {
        for region in REGIONS {
            if let Some(rest) = name.strip_prefix(region) {
                name = rest.to_owned();
                break;
            }
        }
        if let Some((start, mark)) = name.split_once(':')
            && mark.starts_with(|c: char| c.is_ascii_digit())
        {
            name = start.to_owned();
        }
        return match name.split_once('.') {
            Some((author, rest)) if AUTHORS.iter().any(|(theirs, _)| *theirs == author) => {
                (Some(alias(author)), rest.to_owned())
            }
            _ => (None, name),
        };
    }
    if slug == "fireworks" {
        let bare = name.rsplit('/').next().unwrap_or_default();
        return (None, points(bare));
    }
    let name = name.trim_start_matches("@cf/").trim_start_matches("workers-ai/@cf/");
    match name.rsplit_once('/') {
        Some((path, bare)) => {
            let author = path.rsplit('/').next().unwrap_or(path);
            (Some(alias(author)), bare.to_owned())
        }
        None => (None, name.strip_prefix("databricks-").unwrap_or(name).to_owned()),
    }
}

/// Anthropic turned its names around with version 4, hosts mix both: `claude-4.5-haiku` is `claude-haiku-4.5`.
fn claude(name: &str) -> Option<String> {
    let rest = name.strip_prefix("claude-")?;
    let family = ["haiku", "sonnet", "opus"].into_iter().find(|family| rest.contains(family))?;
    let version = rest.strip_prefix(family).or_else(|| rest.strip_suffix(family))?.trim_matches('-');
    let version = version.strip_suffix(".0").or_else(|| version.strip_suffix("-0")).unwrap_or(version);
    let digits = version.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    (digits && !version.is_empty()).then(|| match version.starts_with('3') {
        true => format!("claude-{version}-{family}"),
        false => format!("claude-{family}-{version}"),
    })
}

/// Fireworks writes a point as "p": `kimi-k2p5`.
fn points(name: &str) -> String {
    let bytes = name.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    name.char_indices()
        .map(|(at, c)| match c {
            'p' if at > 0 && digit(at - 1) && digit(at + 1) => '.',
            c => c,
        })
        .collect()
}

/// From the name as it stands to the name with everything cut that may be no part of it.
fn spellings(author: Option<&str>, bare: &str, undated: &str) -> Vec<String> {
    let mut all = vec![bare.to_owned()];
    let mut plain = undated;
    loop {
        let before = plain;
        for end in [
            "-maas",
            "-fp8",
            "-fp4",
            "-bf16",
            "-nvfp4",
            "-tput",
            "-turbo",
            "-versatile",
            "-instant",
            "-hf",
            "-throughput",
        ] {
            // "gpt-4-turbo" and its like are models of their own; only open weights are served as "turbo".
            let own =
                end == "-turbo" && !["llama", "qwen2.5", "qwen3", "kimi", "deepseek"].iter().any(|w| plain.contains(w));
            if !own {
                plain = plain.strip_suffix(end).unwrap_or(plain);
            }
        }
        if plain == before {
            break;
        }
    }
    for name in [undated, plain] {
        all.push(name.to_owned());
        all.push(format!("{name}-instruct"));
        all.push(format!("{name}-it"));
        all.push(format!("{name}-001"));
        for end in [
            "-instruct",
            "-it",
            "-chat",
            "-001",
            "-128e-instruct",
            "-16e-instruct",
            "-17b-128e-instruct",
            "-17b-16e-instruct",
            "-17b-instruct",
        ] {
            if let Some(short) = name.strip_suffix(end) {
                all.push(short.to_owned());
            }
        }
        for start in [
            "meta-",
            "nvidia-",
            "openai-",
            "anthropic-",
            "zai-",
            "google-",
            "mistralai-",
            "deepseek-ai-",
            "alibaba-",
            "moonshotai-",
            "xai-",
        ] {
            if let Some(short) = name.strip_prefix(start) {
                all.push(short.to_owned());
                all.push(format!("{short}-instruct"));
            }
        }
    }
    // Bedrock cuts the author's name where it repeats: "deepseek.r1".
    if let Some(author) = author {
        all.push(format!("{author}-{undated}"));
    }
    all
}

/// Without a trailing date, `-latest`, `@default`, or a cloud's `-v1`.
fn without_date(name: &str, cloud: bool) -> String {
    let mut name = name;
    if let Some((start, _)) = name.split_once('@') {
        name = start;
    }
    // Elsewhere a trailing "-v3" is the model's own version.
    let shapes: &[&str] = if cloud { &["-vd", "-d", "-dddddddd"] } else { &["-dddddddd", "-dddd-dd-dd"] };
    name = name.strip_suffix("-latest").unwrap_or(name);
    for shape in shapes {
        let cut = name.len().saturating_sub(shape.len());
        if cut > 0 && name.is_char_boundary(cut) && fits(&name[cut..], shape) {
            name = &name[..cut];
        }
    }
    name.to_owned()
}

fn fits(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(b, shape)| match shape {
            b'd' => b.is_ascii_digit(),
            other => b == other,
        })
}

/// Letters and digits only.
fn key(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Anthropic's own ids write the point of a version as a dash.
fn pretty(author: &str, slug: &str) -> String {
    if author != "anthropic" {
        return slug.to_owned();
    }
    let parts: Vec<&str> = slug.split('-').collect();
    let short = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    let mut text = String::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            let version = short(part) && short(parts[at - 1]);
            text.push(if version { '.' } else { '-' });
        }
        text.push_str(part);
    }
    text
}

fn alias(author: &str) -> String {
    AUTHORS.iter().find(|(theirs, _)| *theirs == author).map_or(author, |(_, ours)| ours).to_owned()
}

/// Bedrock's inference profiles.
const REGIONS: &[&str] = &["us.", "eu.", "apac.", "ap.", "jp.", "au.", "ca.", "sa.", "global.", "us-gov."];

/// How hosts spell an author, and how OpenRouter does.
const AUTHORS: &[(&str, &str)] = &[
    ("ai21", "ai21"),
    ("alibaba", "qwen"),
    ("amazon", "amazon"),
    ("anthropic", "anthropic"),
    ("aws", "amazon"),
    ("bytedance", "bytedance"),
    ("cohere", "cohere"),
    ("coherelabs", "cohere"),
    ("deepseek", "deepseek"),
    ("deepseek-ai", "deepseek"),
    ("google", "google"),
    ("ibm", "ibm-granite"),
    ("ibm-granite", "ibm-granite"),
    ("luma", "luma"),
    ("meta", "meta-llama"),
    ("meta-llama", "meta-llama"),
    ("minimax", "minimax"),
    ("minimaxai", "minimax"),
    ("mistral", "mistralai"),
    ("mistralai", "mistralai"),
    ("moonshot", "moonshotai"),
    ("moonshotai", "moonshotai"),
    ("nvidia", "nvidia"),
    ("openai", "openai"),
    ("qwen", "qwen"),
    ("stability", "stabilityai"),
    ("stabilityai", "stabilityai"),
    ("thudm", "z-ai"),
    ("twelvelabs", "twelvelabs"),
    ("voyageai", "voyage"),
    ("writer", "writer"),
    ("xai", "x-ai"),
    ("xiaomimimo", "xiaomi"),
    ("z-ai", "z-ai"),
    ("zai", "z-ai"),
    ("zai-org", "z-ai"),
    ("zhipuai", "z-ai"),
];

/// Who makes a model of this name, where the name alone tells.
fn family(bare: &str) -> Option<&'static str> {
    const FAMILIES: &[(&str, &str)] = &[
        ("babbage", "openai"),
        ("c4ai", "cohere"),
        ("chatgpt", "openai"),
        ("claude", "anthropic"),
        ("codestral", "mistralai"),
        ("codex", "openai"),
        ("command", "cohere"),
        ("dall-e", "openai"),
        ("davinci", "openai"),
        ("deepseek", "deepseek"),
        ("devstral", "mistralai"),
        ("doubao", "bytedance-seed"),
        ("embed-", "cohere"),
        ("ernie", "baidu"),
        ("flux", "black-forest-labs"),
        ("gemini", "google"),
        ("gemma", "google"),
        ("glm", "z-ai"),
        ("gpt", "openai"),
        ("granite", "ibm-granite"),
        ("grok", "x-ai"),
        ("hermes", "nousresearch"),
        ("hunyuan", "tencent"),
        ("imagen", "google"),
        ("jamba", "ai21"),
        ("kimi", "moonshotai"),
        ("llama", "meta-llama"),
        ("magistral", "mistralai"),
        ("meta-llama", "meta-llama"),
        ("mimo", "xiaomi"),
        ("minimax", "minimax"),
        ("ministral", "mistralai"),
        ("mistral", "mistralai"),
        ("mixtral", "mistralai"),
        ("moonshot", "moonshotai"),
        ("nemotron", "nvidia"),
        ("nova-", "amazon"),
        ("o1", "openai"),
        ("o3", "openai"),
        ("o4", "openai"),
        ("omni-moderation", "openai"),
        ("open-mistral", "mistralai"),
        ("open-mixtral", "mistralai"),
        ("phi-", "microsoft"),
        ("pixtral", "mistralai"),
        ("qvq", "qwen"),
        ("qwen", "qwen"),
        ("qwq", "qwen"),
        ("rerank-", "cohere"),
        ("seed-", "bytedance-seed"),
        ("solar", "upstage"),
        ("sonar", "perplexity"),
        ("step-", "stepfun"),
        ("text-embedding-3", "openai"),
        ("text-embedding-ada", "openai"),
        ("titan", "amazon"),
        ("voyage", "voyage"),
        ("whisper", "openai"),
    ];
    FAMILIES.iter().find(|(start, _)| bare.starts_with(start)).map(|(_, author)| *author)
}

#[cfg(test)]
mod tests;
