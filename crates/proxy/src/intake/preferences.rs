//! The request's `provider` object (OpenRouter's `ProviderPreferences`), read strictly: a misspelt constraint that was
//! silently ignored would send data where it must not go.

use outrigger_catalog::Rate;
use outrigger_route::{Preferences, Sort, words::Quantization};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    order: Option<Vec<String>>,
    only: Option<Vec<String>>,
    ignore: Option<Vec<String>>,
    allow_fallbacks: Option<bool>,
    require_parameters: Option<bool>,
    data_collection: Option<DataCollection>,
    zdr: Option<bool>,
    #[serde(rename = "enforce_distillable_text")]
    _enforce_distillable_text: Option<bool>,
    quantizations: Option<Vec<String>>,
    sort: Option<SortRaw>,
    preferred_min_throughput: Option<Threshold>,
    preferred_max_latency: Option<Threshold>,
    max_price: Option<MaxPrice>,
    #[serde(rename = "options")]
    _options: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DataCollection {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SortRaw {
    By(String),
    Object { by: Option<String>, partition: Option<String> },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Threshold {
    Median(f64),
    Each { p50: Option<f64>, p75: Option<f64>, p90: Option<f64>, p99: Option<f64> },
}

/// Prices may be numbers (the docs) or strings (the specification).
#[derive(Deserialize)]
struct MaxPrice {
    prompt: Option<Value>,
    completion: Option<Value>,
}

/// Reads the object's JSON text. The error names the field and what it should be.
pub(super) fn read(raw: &str) -> Result<Preferences, String> {
    let raw: Raw = serde_json::from_str(raw).map_err(|error| format!("`provider`: {error}"))?;
    let slugs = |list: Option<Vec<String>>| list.unwrap_or_default().into_iter().map(String::into_boxed_str).collect();
    let (sort, across_models) = match raw.sort {
        None => (None, false),
        Some(SortRaw::By(by)) => (Some(sort(&by)?), false),
        Some(SortRaw::Object { by, partition }) => {
            let across = match partition.as_deref() {
                None | Some("model") => false,
                Some("none") => true,
                Some(other) => return Err(format!("`provider.sort.partition` must be model or none, not `{other}`")),
            };
            (by.as_deref().map(sort).transpose()?, across)
        }
    };
    let (max_input_price, max_output_price) = match raw.max_price {
        None => (None, None),
        Some(max) => (rate("prompt", max.prompt)?, rate("completion", max.completion)?),
    };
    Ok(Preferences {
        order: slugs(raw.order),
        only: slugs(raw.only),
        ignore: slugs(raw.ignore),
        no_fallbacks: raw.allow_fallbacks == Some(false),
        require_parameters: raw.require_parameters.unwrap_or(false),
        deny_training: matches!(raw.data_collection, Some(DataCollection::Deny)),
        zero_data_retention: raw.zdr.unwrap_or(false),
        quantizations: raw
            .quantizations
            .unwrap_or_default()
            .iter()
            .map(|word| {
                Quantization::parse(word)
                    .ok_or_else(|| format!("`provider.quantizations`: `{word}` is not a precision"))
            })
            .collect::<Result<_, _>>()?,
        sort,
        across_models,
        min_throughput: threshold(raw.preferred_min_throughput),
        max_latency: threshold(raw.preferred_max_latency),
        max_input_price,
        max_output_price,
    })
}

fn sort(word: &str) -> Result<Sort, String> {
    Sort::parse(word)
        .ok_or_else(|| format!("`provider.sort` must be price, throughput, latency or exacto, not `{word}`"))
}

fn threshold(raw: Option<Threshold>) -> [Option<f64>; 4] {
    match raw {
        None => [None; 4],
        Some(Threshold::Median(p50)) => [Some(p50), None, None, None],
        Some(Threshold::Each { p50, p75, p90, p99 }) => [p50, p75, p90, p99],
    }
}

fn rate(field: &str, value: Option<Value>) -> Result<Option<Rate>, String> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(format!("`provider.max_price.{field}` must be a number or a string")),
    };
    text.parse().map(Some).map_err(|error| format!("`provider.max_price.{field}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_provider_object_is_read() {
        let read = read(
            r#"{"order":["a"],"only":["a","b"],"ignore":["c"],"allow_fallbacks":false,"require_parameters":true,
            "data_collection":"deny","zdr":true,"quantizations":["fp8"],"sort":{"by":"price","partition":"none"},
            "preferred_min_throughput":50,"preferred_max_latency":{"p90":2.5},"max_price":{"prompt":1,"completion":"2.5"}}"#,
        )
        .unwrap();
        assert!(read.no_fallbacks && read.require_parameters && read.deny_training && read.zero_data_retention);
        assert!(read.across_models);
        assert_eq!(read.sort, Some(Sort::Price));
        assert_eq!(read.min_throughput, [Some(50.0), None, None, None]);
        assert_eq!(read.max_latency[2], Some(2.5));
        assert_eq!(read.max_input_price, Some("1".parse().unwrap()));
        assert_eq!(read.max_output_price, Some("2.5".parse().unwrap()));
    }

    #[test]
    fn a_misspelt_or_wrong_field_is_an_error_that_names_it() {
        for (json, word) in [
            (r#"{"onyl":["a"]}"#, "onyl"),
            (r#"{"sort":"speed"}"#, "speed"),
            (r#"{"quantizations":["fp7"]}"#, "fp7"),
            (r#"{"max_price":{"prompt":-1}}"#, "max_price.prompt"),
            (r#"{"data_collection":"maybe"}"#, "maybe"),
            ("[]", "provider"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}
