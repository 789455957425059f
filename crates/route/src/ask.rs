//! What a caller asked for, in the words a decision needs.

use std::borrow::Cow;

use outrigger_catalog::Rate;
use outrigger_wire::Operation;

use crate::{
    sticky::Tie,
    words::{Modalities, Parameters, Quantization, Strategy},
};

/// One request, without its content.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// What the path names.
    pub operation: Operation,
    /// Names in order of preference: `model`, then `models`.
    pub names: Vec<Cow<'a, str>>,
    /// The request's `provider` object.
    pub preferences: Preferences,
    /// Parameters that not every target honours.
    pub parameters: Parameters,
    /// Kinds of content in the prompt.
    pub modalities: Modalities,
    /// A lower bound of the prompt's tokens; 0 if unknown.
    pub prompt_tokens: u64,
    /// The longest answer wanted.
    pub max_tokens: Option<u64>,
    /// What this conversation is tied to.
    pub sticky: Option<Tie>,
}

impl Ask<'_> {
    /// A bare request for `name`, for tests and for `explain`.
    pub fn of(operation: Operation, name: &str) -> Ask<'_> {
        Ask {
            operation,
            names: vec![Cow::Borrowed(name)],
            preferences: Preferences::default(),
            parameters: Parameters::default(),
            modalities: Modalities::default(),
            prompt_tokens: 0,
            max_tokens: None,
            sticky: None,
        }
    }
}

/// OpenRouter's `provider` object with its exact semantics. Everything in it tightens policy or orders candidates;
/// nothing loosens a hard constraint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preferences {
    /// Slugs to try first, in this order.
    pub order: Vec<Box<str>>,
    /// Allow list; intersects policy.
    pub only: Vec<Box<str>>,
    /// Deny list; adds to policy.
    pub ignore: Vec<Box<str>>,
    /// `allow_fallbacks: false`: the top endpoint, or the `order` list, and nothing else.
    pub no_fallbacks: bool,
    /// Drop targets that do not honour every parameter sent.
    pub require_parameters: bool,
    /// `data_collection: deny`
    pub deny_training: bool,
    /// `zdr: true`
    pub zero_data_retention: bool,
    /// Precisions allowed; empty = any.
    pub quantizations: Vec<Quantization>,
    /// Strict order instead of the route's strategy.
    pub sort: Option<Sort>,
    /// `sort.partition: "none"`: all endpoints of all `models` in one order.
    pub across_models: bool,
    /// Output tokens per second at p50, p75, p90, p99 below which a target goes to the back.
    pub min_throughput: [Option<f64>; 4],
    /// Seconds to the first token at p50, p75, p90, p99 above which a target goes to the back.
    pub max_latency: [Option<f64>; 4],
    /// Highest input price per million tokens.
    pub max_input_price: Option<Rate>,
    /// Highest output price per million tokens.
    pub max_output_price: Option<Rate>,
}

/// `provider.sort`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Cheapest first; also `:floor`.
    Price,
    /// Fastest first; also `:nitro`.
    Throughput,
    /// Quickest first token first.
    Latency,
    /// Best tool calling first; also `:exacto`. Measured here as the share of successful attempts.
    Exacto,
}

impl Sort {
    /// Reads the wire word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "price" => Self::Price,
            "throughput" => Self::Throughput,
            "latency" => Self::Latency,
            "exacto" => Self::Exacto,
            _ => return None,
        })
    }

    /// The sort that a routing suffix of a model name means.
    pub(crate) fn of_variant(suffix: &str) -> Option<Self> {
        Some(match suffix {
            "floor" => Self::Price,
            "nitro" => Self::Throughput,
            "exacto" => Self::Exacto,
            _ => return None,
        })
    }
}

/// How candidates are put in order: the route's strategy, or what the caller asked for instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// The route's.
    Strategy(Strategy),
    /// The caller's `sort` or variant.
    Sort(Sort),
}

impl Ordering {
    /// The word shown in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strategy(strategy) => strategy.as_str(),
            Self::Sort(Sort::Price) => "price",
            Self::Sort(Sort::Throughput) => "throughput",
            Self::Sort(Sort::Latency) => "latency",
            Self::Sort(Sort::Exacto) => "exacto",
        }
    }
}
