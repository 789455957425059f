//! Which pods an object is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::selector::Selector;

/// Which pods of a namespace. Both must hold where both are given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Workloads {
    /// By the pod's labels. Default: whatever its labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// By the name of the pod's service account: one of these. Default: whatever its account; an empty list means no
    /// pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub service_accounts: Option<Vec<String>>,
}
