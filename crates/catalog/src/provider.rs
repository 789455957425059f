//! Who can be called, and how a request to them must look from the outside.

use serde::{Deserialize, Serialize};

/// One vendor endpoint that answers model requests.
///
/// Slugs are OpenRouter's where it has one (`together`, `google-ai-studio`), models.dev's or LiteLLM's otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Unique lower-case name: letters, digits, `-`, `_` and `.`.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// The dialects that it speaks, the preferred one first: `chat_completions`, `messages`, `responses`, `gemini`, `bedrock`,
    /// `vertex`, `azure`, `cohere`, ... A name is listed whether or not a codec for it is built.
    pub dialects: Vec<String>,
    /// Absolute `http(s)` URL up to and including the version segment, no trailing slash
    /// (`https://api.openai.com/v1`). `None` where the URL contains an account, a region or a host of the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Where the key goes.
    #[serde(default)]
    pub auth: Auth,
    /// Environment variables that hold the key, first wins. Empty where there is no single key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The vendor's documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
}

/// How a provider wants to be shown the key.
///
/// In the data file: `"bearer"`, `"none"`, or `"header:<name>"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Auth {
    /// `Authorization: Bearer <key>`.
    #[default]
    Bearer,
    /// The bare key in the named header (`x-api-key`, `api-key`, `x-goog-api-key`).
    Header(String),
    /// No key: an endpoint inside the cluster, or one whose requests are signed instead (AWS, service accounts).
    None,
}

impl TryFrom<String> for Auth {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "bearer" => Ok(Self::Bearer),
            "none" => Ok(Self::None),
            _ => match text.strip_prefix("header:") {
                Some(name) if is_header_name(name) => Ok(Self::Header(name.to_owned())),
                _ => Err(format!("auth {text:?} is not \"bearer\", \"none\" or \"header:<name>\"")),
            },
        }
    }
}

impl From<Auth> for String {
    fn from(auth: Auth) -> Self {
        match auth {
            Auth::Bearer => "bearer".to_owned(),
            Auth::None => "none".to_owned(),
            Auth::Header(name) => format!("header:{name}"),
        }
    }
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
