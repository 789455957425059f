//! What an edit of a `ModelPolicy` opens, in words. Said in an event and before it is applied, because a limit that is gone
//! is seen nowhere else.

use outrigger_crd::{
    Decimal, ModelPolicySpec,
    policy::{BareModels, Patterns},
    route::{Constraints, MaxPrice},
    workloads::Workloads,
};

/// What `new` lets through that `old` did not, one phrase each; `None`: the policy is deleted. Whether anything is there to
/// be let through, and what other policies forbid, is no part of it.
pub fn opened(old: &ModelPolicySpec, new: Option<&ModelPolicySpec>) -> Vec<String> {
    // One that is gone is one without limits for whom it held.
    let gone = || ModelPolicySpec {
        workloads: old.workloads.clone(),
        namespace_selector: old.namespace_selector.clone(),
        ..ModelPolicySpec::default()
    };
    let (gone, mut said) = (gone(), Vec::new());
    let new = new.unwrap_or(&gone);
    // Without `..`: a new limit has to be told here.
    let ModelPolicySpec { workloads, namespace_selector, constraints, models, providers, bare_models } = old;
    if *namespace_selector != new.namespace_selector {
        let text = match (namespace_selector, &new.namespace_selector) {
            (Some(_), None) => "holds for its own namespace alone",
            (None, _) => "holds for the namespaces of its selector instead of its own",
            _ => "holds for other namespaces than before",
        };
        said.push(text.to_owned());
    }
    said.extend(self::workloads(workloads.as_ref(), new.workloads.as_ref()));
    self::constraints(constraints.as_ref(), new.constraints.as_ref(), &mut said);
    patterns("model", models.as_ref(), new.models.as_ref(), &mut said);
    patterns("provider", providers.as_ref(), new.providers.as_ref(), &mut said);
    if *bare_models == BareModels::Deny && new.bare_models == BareModels::Allow {
        said.push("models may be named without a route".to_owned());
    }
    said
}

fn workloads(old: Option<&Workloads>, new: Option<&Workloads>) -> Option<String> {
    let new = new?;
    let Some(old) = old else { return Some("holds for chosen workloads instead of all".to_owned()) };
    let Workloads { selector, service_accounts } = old;
    if *selector != new.selector && new.selector.is_some() {
        return Some("holds for workloads of other labels than before".to_owned());
    }
    match (service_accounts, &new.service_accounts) {
        (_, None) => None,
        (None, Some(accounts)) => Some(format!("holds for service accounts {} instead of all", listed(accounts))),
        (Some(old), Some(new)) => {
            let lost: Vec<&String> = old.iter().filter(|account| !new.contains(account)).collect();
            (!lost.is_empty()).then(|| format!("no longer holds for service accounts {}", listed(&lost)))
        }
    }
}

fn constraints(old: Option<&Constraints>, new: Option<&Constraints>, said: &mut Vec<String>) {
    let Constraints { zero_data_retention, deny_training, regions, max_price, quantizations, require_parameters } =
        &old.cloned().unwrap_or_default();
    let new = new.cloned().unwrap_or_default();
    let flags = [
        (*zero_data_retention, new.zero_data_retention, "no longer asks that no prompt is kept"),
        (*deny_training, new.deny_training, "no longer asks that no prompt is trained on"),
        (*require_parameters, new.require_parameters, "no longer asks that every parameter is honoured"),
    ];
    said.extend(flags.into_iter().filter(|(old, new, _)| *old && !new).map(|(.., text)| text.to_owned()));
    only("regions", regions, &new.regions, said);
    let words = |list: &[outrigger_crd::provider::Quantization]| -> Vec<String> {
        list.iter().map(|one| format!("{one:?}")).collect()
    };
    only("quantizations", &words(quantizations), &words(&new.quantizations), said);
    let MaxPrice { input, output } = &max_price.clone().unwrap_or_default();
    let most = new.max_price.unwrap_or_default();
    price("prompt", input.as_ref(), most.input.as_ref(), said);
    price("answer", output.as_ref(), most.output.as_ref(), said);
}

/// A list of which an empty one means anything.
fn only(what: &str, old: &[String], new: &[String], said: &mut Vec<String>) {
    let more = new.is_empty() || new.iter().any(|one| !old.contains(one));
    if !old.is_empty() && more {
        let new = if new.is_empty() { "any".to_owned() } else { listed(new) };
        said.push(format!("{what} {} -> {new}", listed(old)));
    }
}

fn price(what: &str, old: Option<&Decimal>, new: Option<&Decimal>, said: &mut Vec<String>) {
    let Some(Decimal(old)) = old else { return };
    match new {
        None => said.push(format!("price of a million {what} tokens {old} -> any")),
        Some(Decimal(new)) if nano(new) > nano(old) => {
            said.push(format!("price of a million {what} tokens {old} -> {new}"));
        }
        Some(_) => {}
    }
}

/// In billionths. What is no number is no limit that anybody has passed.
fn nano(decimal: &str) -> u128 {
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    format!("{whole}{part:0<9.9}").parse().unwrap_or_default()
}

fn patterns(what: &str, old: Option<&Patterns>, new: Option<&Patterns>, said: &mut Vec<String>) {
    let Patterns { allow, deny } = old.cloned().unwrap_or_default();
    let new = new.cloned().unwrap_or_default();
    match (&allow, &new.allow) {
        (None, _) => {}
        (Some(old), None) => said.push(format!("{what}s {} -> any", none_or(old))),
        (Some(old), Some(new)) => {
            if new.iter().any(|one| !covered(one, old)) {
                said.push(format!("{what}s {} -> {}", none_or(old), none_or(new)));
            }
        }
    }
    let freed: Vec<&String> = deny.iter().filter(|one| !covered(one, &new.deny)).collect();
    if !freed.is_empty() {
        let plural = if freed.len() == 1 { "" } else { "s" };
        said.push(format!("no longer forbids {what}{plural} {}", listed(&freed)));
    }
}

/// Whether one of `patterns` matches all that `pattern` does.
fn covered(pattern: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|other| match other.strip_suffix('*') {
        Some(beginning) => pattern.starts_with(beginning),
        None => other == pattern,
    })
}

fn none_or(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { listed(list) }
}

/// The first few.
fn listed(list: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<&str> = list.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let more = list.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn spec(value: Value) -> ModelPolicySpec {
        serde_json::from_value(value).expect("a spec")
    }

    #[test]
    fn what_is_opened_is_told() {
        let table = [
            (json!({"providers": {"deny": ["openai"]}}), json!({}), "no longer forbids provider openai"),
            (
                json!({"providers": {"deny": ["openai", "x/*"]}}),
                json!({"providers": {"deny": ["x*"]}}),
                "no longer forbids provider openai",
            ),
            (json!({"models": {"deny": ["a", "b"]}}), json!({}), "no longer forbids models a, b"),
            (json!({"models": {"deny": ["a*"]}}), json!({"models": {"deny": ["ab"]}}), "no longer forbids model a*"),
            (json!({"models": {"allow": ["a"]}}), json!({"models": {"allow": ["a", "b"]}}), "models a -> a, b"),
            (json!({"models": {"allow": []}}), json!({}), "models none -> any"),
            (
                json!({"constraints": {"regions": ["eu"]}}),
                json!({"constraints": {"regions": ["eu", "us"]}}),
                "regions eu -> eu, us",
            ),
            (json!({"constraints": {"regions": ["eu"]}}), json!({}), "regions eu -> any"),
            (
                json!({"constraints": {"maxPrice": {"input": "0.9"}}}),
                json!({"constraints": {"maxPrice": {"input": "10"}}}),
                "price of a million prompt tokens 0.9 -> 10",
            ),
            (
                json!({"constraints": {"maxPrice": {"output": "3"}}}),
                json!({}),
                "price of a million answer tokens 3 -> any",
            ),
            (
                json!({"constraints": {"zeroDataRetention": true, "denyTraining": true}}),
                json!({}),
                "no longer asks that no prompt is kept; no longer asks that no prompt is trained on",
            ),
            (json!({"bareModels": "Deny"}), json!({}), "models may be named without a route"),
            (json!({}), json!({"workloads": {"serviceAccounts": ["a"]}}), "holds for chosen workloads instead of all"),
            (
                json!({"workloads": {"serviceAccounts": ["a", "b"]}}),
                json!({"workloads": {"serviceAccounts": ["b", "c"]}}),
                "no longer holds for service accounts a",
            ),
            (json!({"namespaceSelector": {}}), json!({}), "holds for its own namespace alone"),
        ];
        for (old, new, expected) in table {
            assert_eq!(opened(&spec(old.clone()), Some(&spec(new.clone()))).join("; "), expected, "{old} {new}");
        }
    }

    #[test]
    fn what_is_tightened_opens_nothing() {
        let table = [
            (json!({}), json!({"providers": {"deny": ["openai"]}, "models": {"allow": []}, "bareModels": "Deny"})),
            (json!({"models": {"deny": ["ab"]}}), json!({"models": {"deny": ["a*"]}})),
            (json!({"models": {"allow": ["a*"]}}), json!({"models": {"allow": ["ab", "ac*"]}})),
            (json!({"constraints": {"regions": ["eu", "us"]}}), json!({"constraints": {"regions": ["us"]}})),
            (
                json!({"constraints": {"maxPrice": {"input": "10"}}}),
                json!({"constraints": {"maxPrice": {"input": "9.999999999"}}}),
            ),
            (json!({"workloads": {"serviceAccounts": ["a"]}}), json!({"workloads": {"serviceAccounts": ["a", "b"]}})),
            (json!({"workloads": {"serviceAccounts": ["a"]}}), json!({})),
        ];
        for (old, new) in table {
            assert_eq!(opened(&spec(old.clone()), Some(&spec(new.clone()))), [""; 0], "{old} {new}");
        }
    }

    #[test]
    fn a_policy_that_is_deleted_opens_all_that_it_forbade() {
        let all = json!({
            "workloads": {"serviceAccounts": ["a"]}, "namespaceSelector": {}, "bareModels": "Deny",
            "constraints": {"regions": ["eu"]}, "providers": {"deny": ["openai"]},
        });
        assert_eq!(
            opened(&spec(all), None),
            ["regions eu -> any", "no longer forbids provider openai", "models may be named without a route"]
        );
        assert_eq!(opened(&spec(json!({})), None), [""; 0]);
    }

    #[test]
    fn long_lists_are_cut() {
        let many: Vec<String> = (0..300).map(|at| format!("m{at}")).collect();
        let told = opened(&spec(json!({"models": {"deny": many}})), None).concat();
        assert_eq!(told, "no longer forbids models m0, m1, m2, m3, m4, m5, m6, m7 and 292 more");
    }
}
