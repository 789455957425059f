//! Money in a spec.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// US dollars as a plain decimal in a string, `"0.15"`: a float could not hold a price exactly, and API conventions
/// forbid floats in a spec. Per million tokens wherever it prices tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decimal(pub String);

impl JsonSchema for Decimal {
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Nine decimals: amounts are kept in whole nano-dollars.
        json_schema!({ "type": "string", "maxLength": 32, "pattern": r"^[0-9]+(\.[0-9]{1,9}0*)?$" })
    }
}

impl From<&str> for Decimal {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
