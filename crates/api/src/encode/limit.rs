//! Limits into messages, each of its own.

use outrigger_route::{snapshot::Constraints, words::Allowed};

use crate::v1::{self, limit::Kind as Limit};

pub(super) fn limit(kind: Limit) -> v1::Limit {
    v1::Limit { kind: Some(kind) }
}

/// The limits of a route, each a message of its own.
pub(super) fn constraints(constraints: &Constraints) -> Vec<v1::Limit> {
    let Constraints {
        zero_data_retention,
        deny_training,
        regions,
        max_input_price,
        max_output_price,
        quantizations,
        require_parameters,
    } = constraints;
    let flag = |set: bool, kind: fn(v1::Flag) -> Limit| set.then(|| kind(v1::Flag {}));
    let words = |list: &[String], kind: fn(v1::Words) -> Limit| kind(v1::Words { words: list.to_vec() });
    let regions = match regions {
        Allowed::Any => None,
        Allowed::Only(list) => Some(words(&list.iter().map(ToString::to_string).collect::<Vec<_>>(), Limit::Regions)),
    };
    let quantizations = match quantizations {
        Allowed::Any => None,
        Allowed::Only(list) => {
            let list: Vec<String> = list.iter().map(|one| one.as_str().to_owned()).collect();
            Some(words(&list, Limit::Quantizations))
        }
    };
    let all = [
        flag(*zero_data_retention, Limit::ZeroDataRetention),
        flag(*deny_training, Limit::DenyTraining),
        regions,
        quantizations,
        max_input_price.map(|rate| Limit::MaxInputPrice(rate.0)),
        max_output_price.map(|rate| Limit::MaxOutputPrice(rate.0)),
        flag(*require_parameters, Limit::RequireParameters),
    ];
    all.into_iter().flatten().map(limit).collect()
}
