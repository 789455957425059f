//! Who may use a provider.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{schema, selector::Selector};

/// Which namespaces may use the provider, as a Gateway's `allowedRoutes.namespaces`.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("self.from != 'Selector' || has(self.selector)")
        .message("from: Selector needs a selector with the labels of the namespaces")
        .field_path(".selector").reason(Reason::FieldValueRequired),
    validation = Rule::new("self.from == 'Selector' || !has(self.selector)")
        .message("only from: Selector looks at the selector: set that, or remove the selector")
        .field_path(".selector").reason(Reason::FieldValueForbidden),
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AllowedNamespaces {
    /// Which ones: `Same` (the provider's own, the default), `All` (every namespace) or `Selector` (those whose labels
    /// `selector` matches).
    #[serde(default)]
    pub from: From,
    /// The labels of the namespaces, for `from: Selector` alone, which requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
}

/// Which namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum From {
    /// Every namespace.
    All,
    /// The provider's own.
    #[default]
    Same,
    /// Those whose labels match `selector`.
    Selector,
}
