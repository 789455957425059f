//! What the API server refuses at apply, a folder is told by `compile`.

use super::*;
use crate::Severity;

#[path = "../../../../tests/cluster/objects/rules.rs"]
mod table;

/// The problems of `spec` among a key and a provider, as `error` or `warning` and the text.
fn problems(case: &table::Case, spec: &str) -> Vec<(Severity, String)> {
    // Only there may a policy select namespaces.
    let namespace = if case.kind == "ModelPolicy" { "outrigger-system" } else { "demo" };
    let authority = serde_json::to_string(include_str!("authority.pem")).unwrap();
    let yaml = secret("keys", &format!("{{main: sk-1, authority: {authority}}}"))
        + "---"
        + MAIN
        + "---\n"
        + &case.object(namespace, "x", spec);
    let (world, locations, files) = world(&yaml);
    let files = files.iter().map(|problem| (problem.severity, problem.to_string()));
    let (_, problems) = compile(&world, &CATALOG, &Scope::All);
    let problems = problems.iter().map(|problem| (problem.severity, describe(problem, &locations)));
    files.chain(problems).collect()
}

/// Nothing is refused at apply that a folder would take, and nothing is taken there that it would not.
#[test]
fn every_rule_of_the_schema_is_a_problem_of_compile_too() {
    for case in table::CASES.iter().filter(|case| case.kind != table::PROFILE) {
        let good = problems(case, case.good);
        assert!(
            good.iter().all(|(severity, _)| *severity == Severity::Warning),
            "{} {}: {good:?}",
            case.at,
            case.message
        );
        // Only an API server knows what was there before.
        if case.before.is_empty() {
            let bad = problems(case, case.bad);
            assert!(
                bad.iter().any(|(severity, _)| *severity == Severity::Error),
                "{} {}: {bad:?}",
                case.at,
                case.message
            );
        }
    }
}

/// Names that are keys of a list are an error, since nobody knows which of two was meant. A second word in a set
/// changes nothing and is a warning.
#[test]
fn what_a_list_names_twice_is_a_problem_with_its_place() {
    let mut all = Vec::new();
    let mut told_of = |kind: &'static str, spec: &str| {
        let case = table::CASES.iter().find(|case| case.kind == kind).unwrap();
        all.extend(problems(case, spec).into_iter().map(|(_, text)| text.split_once("/x ").unwrap().1.to_owned()));
    };
    let credential = "{name: k, secretKeyRef: {name: keys, key: main}}";
    told_of("ModelProvider", &format!("{{preset: openai, credentials: [{credential}, {credential}]}}"));
    let keyless = "preset: openai, auth: {scheme: None}";
    told_of("ModelProvider", &format!("{{{keyless}, headers: [{{name: X-A, value: a}}, {{name: x-a, value: b}}]}}"));
    told_of(
        "ModelProvider",
        &format!("{{{keyless}, models: [{{model: gpt-4o}}, {{model: gpt-4o, upstreamName: b}}]}}"),
    );
    told_of(
        "ModelProvider",
        &format!("{{{keyless}, models: [{{model: gpt-4o, inputModalities: [Text, Text], parameters: [seed, seed]}}]}}"),
    );
    told_of(
        "ModelRoute",
        "{aliases: [r, r], targets: [{model: a, parameters: {remove: [seed, seed]}}], \
         failover: {alsoOn: [NotFound, NotFound]}, \
         workloads: {serviceAccounts: [s, s]}}",
    );
    told_of(
        "ModelPolicy",
        "{constraints: {regions: [eu, eu], quantizations: [Fp8, Fp8]}, \
         models: {allow: [a, a]}, providers: {deny: [b, b]}}",
    );
    assert_eq!(
        all,
        [
            "spec.credentials[1].name: is empty or used twice: name each key differently",
            "spec.headers[1].name: is listed twice: keep one",
            "spec.models[1].model: is listed twice: keep one",
            "spec.models[0].inputModalities[1]: warning: is listed twice: keep one",
            "spec.models[0].parameters[1]: warning: is listed twice: keep one",
            "spec.workloads.serviceAccounts[1]: warning: is listed twice: keep one",
            "spec.aliases[1]: warning: is listed twice: keep one",
            "spec.failover.alsoOn[1]: warning: is listed twice: keep one",
            "spec.targets[0].parameters.remove[1]: warning: is listed twice: keep one",
            "spec.constraints.regions[1]: warning: is listed twice: keep one",
            "spec.constraints.quantizations[1]: warning: is listed twice: keep one",
            "spec.models.allow[1]: warning: is listed twice: keep one",
            "spec.providers.deny[1]: warning: is listed twice: keep one",
        ]
    );
}

/// The schema lists the words that `compile` knows.
#[test]
fn the_parameters_of_the_schema_are_those_that_are_known() {
    let known: Vec<&str> = outrigger_route::words::Parameter::ALL.iter().map(|word| word.as_str()).collect();
    assert_eq!(outrigger_crd::provider::PARAMETERS.to_vec(), known);
}

/// What the catalogue lists of a vendor may be listed in an object: the bounds of the schema are no smaller.
#[test]
fn every_preset_fits_the_bounds_of_a_provider() {
    for provider in CATALOG.providers() {
        let mut models: Vec<&str> = CATALOG.offers_of(&provider.slug).map(|offer| offer.model.as_str()).collect();
        models.dedup();
        assert!(models.len() <= 512 && provider.slug.len() <= 63, "{}: {}", provider.slug, models.len());
        let url = provider.base_url.as_deref().unwrap_or_default();
        assert!(url.len() <= 1024 && provider.name.len() <= 253, "{}", provider.slug);
        for offer in CATALOG.offers_of(&provider.slug) {
            assert!(offer.model.len() <= 256 && offer.upstream_name.len() <= 256, "{}", offer.model);
        }
    }
}
