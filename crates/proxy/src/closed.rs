//! What policy took away, told.

use outrigger_route::closed::Forbidden;
use serde_json::{Value, json};

/// A target that policy took away.
pub(crate) fn forbidden(forbidden: &Forbidden) -> Value {
    json!({
        "provider": forbidden.provider,
        "model": forbidden.model,
        "reason": forbidden.rule,
        "policy": forbidden.policy,
        "detail": format!("ModelPolicy {} forbids it: {}", forbidden.policy, forbidden.rule),
    })
}
