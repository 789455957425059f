//! How one speaks to a provider.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// A way of writing a conversation. The words are those of `outrigger_wire::Dialect::kind`, which a test of `compile` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum Dialect {
    /// OpenAI's chat completions, and the rest of its HTTP API but for Responses.
    ChatCompletions,
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's Responses.
    Responses,
}

/// What an endpoint was said to speak before it could be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum Family {
    /// Chat completions. `openai`, as it was first written, is still read from a folder.
    #[serde(alias = "openai")]
    OpenAI,
    /// Messages. `anthropic`, as it was first written, is still read from a folder.
    #[serde(alias = "anthropic")]
    Anthropic,
}

/// A header added to every request.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Header {
    /// Its name, such as `OpenAI-Organization`; upper and lower case mean the same. Headers that frame a message, and
    /// the one that carries the key, cannot be set.
    #[schemars(length(min = 1, max = 256), regex(pattern = schema::HEADER_NAME))]
    #[x_kube(
        validation = Rule::new(schema::NOT_RESERVED)
            .message("this header is set by the proxy itself: remove it"),
        validation = Rule::new("self.lowerAscii() != 'authorization'")
            .message("authorization carries the key: remove it and use credentials"),
    )]
    pub name: String,
    /// Its value: printable ASCII, spaces and tabs.
    #[schemars(length(max = 2048), regex(pattern = r"^[\t -~]*$"))]
    pub value: String,
}
