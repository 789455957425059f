//! What traces say of a route's requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// What spans of its requests say beside their figures, where sidecars send traces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tracing {
    /// Whether they say what was asked and answered: `Omitted` (never) or `Recorded` (as `gen_ai.input.messages`,
    /// `gen_ai.output.messages` and `gen_ai.system_instructions`, at most 64 KiB each way; whoever reads traces reads
    /// prompts). Default: `Omitted`.
    #[serde(default)]
    pub message_content: MessageContent,
}

/// Whether spans say what was asked and answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum MessageContent {
    /// They do not.
    #[default]
    Omitted,
    /// They do.
    Recorded,
}
