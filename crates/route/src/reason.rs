//! Why a candidate was removed, and why there is none: said once, shown in `explain`, the log, the error and metrics.

use std::{fmt, sync::Arc};

use crate::{
    Target,
    closed::Closed,
    words::{Modalities, Parameters},
};

/// Why a target cannot answer this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It does not offer the operation in any dialect that it speaks.
    Operation,
    /// Not in the request's `provider.only`, or not in `order` with fallbacks off.
    NotAllowed,
    /// In the request's `provider.ignore`.
    Ignored,
    /// Retention is not declared to be zero.
    ZeroDataRetention,
    /// Training on prompts is not declared to be denied.
    Training,
    /// Its region is not declared, or not among those allowed.
    Region,
    /// Its precision is not among those wanted.
    Quantization,
    /// Dearer than the limit, or without a price where a limit is set.
    MaxPrice,
    /// The prompt is longer than its context window.
    ContextLength,
    /// It cannot write an answer as long as `max_tokens`.
    MaxOutput,
    /// It does not honour these parameters, and `require_parameters` is set.
    Parameters(Parameters),
    /// It does not take this kind of content.
    Modality(Modalities),
    /// It lacks tools or structured output, which another endpoint of the same model has.
    Preferred,
    /// The dialect that it would be asked in has no words for these parts of the request.
    Untranslatable(Box<str>),
}

impl Reason {
    /// The stable word; OpenRouter's `excluded_by` where it has one.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::NotAllowed => "allowed_providers",
            Self::Ignored => "ignored_providers",
            Self::ZeroDataRetention => "data_policy:zdr",
            Self::Training => "data_policy:training",
            Self::Region => "data_region",
            Self::Quantization => "quantization",
            Self::MaxPrice => "max_price",
            Self::ContextLength => "context_length",
            Self::MaxOutput => "max_output",
            Self::Parameters(_) => "require_parameters",
            Self::Modality(_) => "modality",
            Self::Preferred => "preferred_parameters",
            Self::Untranslatable(_) => "untranslatable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation => f.write_str("does not offer this operation in any dialect that it speaks"),
            Self::NotAllowed => f.write_str("not among the providers the request allows"),
            Self::Ignored => f.write_str("ignored by the request"),
            Self::ZeroDataRetention => f.write_str("zero data retention is required and not declared for it"),
            Self::Training => f.write_str("training on prompts is denied and not ruled out for it"),
            Self::Region => f.write_str("its region is not declared or not allowed"),
            Self::Quantization => f.write_str("its precision is not allowed"),
            Self::MaxPrice => f.write_str("above the maximum price, or no price is known"),
            Self::ContextLength => f.write_str("the prompt is longer than its context window"),
            Self::MaxOutput => f.write_str("max_tokens is more than it can write"),
            Self::Parameters(set) => {
                f.write_str("does not honour")?;
                set.iter().try_for_each(|parameter| write!(f, " {}", parameter.as_str()))
            }
            Self::Modality(set) => {
                f.write_str("does not accept")?;
                set.iter().try_for_each(|modality| write!(f, " {}", modality.as_str()))?;
                f.write_str(" input")
            }
            Self::Preferred => f.write_str("another endpoint of this model supports what the request uses"),
            Self::Untranslatable(names) => write!(f, "its dialect has no words for {names}"),
        }
    }
}

/// A candidate that was removed.
#[derive(Clone, Debug)]
pub struct Removed {
    /// Which.
    pub target: Arc<Target>,
    /// Why.
    pub reason: Reason,
}

/// The reason in words, with what only the target knows.
impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Operation => {
                let dialects = self.target.provider.dialects;
                write!(f, "it speaks {dialects}, in which it does not offer this operation")
            }
            reason => reason.fmt(f),
        }
    }
}

/// Why nothing can be tried.
#[derive(Clone, Debug)]
pub enum NoRoute {
    /// The request names no model.
    NoName,
    /// Nobody knows this name.
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest names that would work.
        nearest: Vec<String>,
    },
    /// There is nothing that any name could lead to.
    Nothing {
        /// What was asked for.
        name: String,
    },
    /// The name is known and leads nowhere.
    Closed {
        /// What was asked for.
        name: String,
        /// Why.
        why: Closed,
    },
    /// Every candidate was removed.
    Filtered {
        /// Each with its reason.
        removed: Vec<Removed>,
    },
}

impl NoRoute {
    /// The stable code; OpenRouter's `availability.code` where it has one.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoName => "model_missing",
            Self::Unknown { .. } => "model_not_found",
            Self::Nothing { .. } => "no_route",
            Self::Closed { why, .. } => why.code(),
            Self::Filtered { removed } if removed.iter().all(|r| r.reason == Reason::Operation) => "wrong_endpoint",
            Self::Filtered { removed } if removed.iter().any(|r| r.reason == Reason::Region) => "region_restricted",
            Self::Filtered { removed }
                if removed.iter().any(|r| matches!(r.reason, Reason::ZeroDataRetention | Reason::Training)) =>
            {
                "privacy_restricted"
            }
            Self::Filtered { .. } => "constraint_filtered",
        }
    }
}

impl fmt::Display for NoRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => {
                f.write_str("the request names no model: set `model` to a ModelRoute, an alias or a model id")
            }
            Self::Unknown { name, nearest } if nearest.is_empty() => write!(f, "no model or route is called `{name}`"),
            Self::Unknown { name, nearest } => {
                write!(f, "no model or route is called `{name}`; did you mean `{}`?", nearest.join("`, `"))
            }
            Self::Nothing { name } => write!(
                f,
                "there is no ModelProvider that this workload may use, and so nothing that `{name}` could mean: create a \
                 ModelProvider, and a ModelRoute in the workload's namespace"
            ),
            Self::Closed { name, why } => why.tell(name, f),
            Self::Filtered { removed } => {
                f.write_str("no allowed provider can serve this request:")?;
                for (at, removed) in removed.iter().take(12).enumerate() {
                    let comma = if at == 0 { "" } else { ";" };
                    write!(f, "{comma} {} at {}: {removed}", removed.target.model, removed.target.provider.name)?;
                }
                if removed.len() > 12 {
                    write!(f, "; and {} more", removed.len() - 12)?;
                }
                Ok(())
            }
        }
    }
}
