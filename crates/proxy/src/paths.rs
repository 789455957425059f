//! What a path says: the operation, and the dialect of an error where there is none.

use http::{HeaderMap, HeaderName};
use outrigger_wire::{Dialect, Operation};

/// The base URL of OpenRouter's own API, whose error codes are numbers.
const OPENROUTERS: &str = "/api/v1";

/// The path below the base URL, of which SDKs use three forms: the bare host, `/v1` and `/api/v1`.
pub(crate) fn below_base(path: &str) -> &str {
    [OPENROUTERS, "/v1"]
        .into_iter()
        .find_map(|base| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/')))
        .unwrap_or(path)
}

/// Whether error codes are numbers, as at OpenRouter.
pub(crate) fn has_numeric_codes(path: &str) -> bool {
    path.strip_prefix(OPENROUTERS).is_some_and(|rest| rest.starts_with('/'))
}

/// The dialect of a path: where none is served, OpenAI's.
pub(crate) fn dialect_at(path: &str) -> Dialect {
    Operation::from_path(below_base(path)).map_or(Dialect::ChatCompletions, Operation::dialect)
}

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// The dialect of an error on a path that is no operation: what the caller's headers suggest.
pub(crate) fn dialect_of(headers: &HeaderMap) -> Dialect {
    if headers.contains_key(ANTHROPIC_VERSION) { Dialect::Messages } else { Dialect::ChatCompletions }
}
