//! `ModelPolicy`: what it takes away, from whom, and that it never gives.

use std::{collections::BTreeSet, time::Duration};

use outrigger_route::{Ask, plan, signals::Calm};
use outrigger_wire::Operation;
use proptest::prelude::*;

use super::*;
use crate::{Workload, view};

fn policy(name: &str, namespace: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\n\
         metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

/// An EU and a US provider of two models each, and a route over both.
fn two() -> String {
    let spec = |region: &str, input: u32| {
        format!(
            "{{dialects: [ChatCompletions], baseURL: 'http://{region}/v1', region: {region}, models: [\
             {{model: a, prices: {{input: '{input}', output: '2'}}}}, {{model: x/b, upstreamName: b-2}}]}}"
        )
    };
    provider("eu", &spec("eu", 1))
        + &provider("us", &spec("us", 3))
        + &route("r", "{targets: [{model: a}, {model: x/b}]}")
}

/// Who answers each name: `a: eu us`.
pub(super) fn candidates(snapshot: &Snapshot, names: &[&str]) -> Vec<String> {
    let of = |name: &&str| {
        let ask = Ask::of(Operation::ChatCompletions, name);
        match plan(snapshot, &ask, &Calm, Duration::ZERO, 0) {
            Ok(plan) => {
                let list =
                    plan.candidates.iter().map(|it| format!("{}:{}", it.target.provider.short_name, it.target.model));
                let mut list: Vec<String> = list.collect();
                list.sort();
                format!("{name}: {}", list.join(" "))
            }
            Err(error) => format!("{name}: !{}", error.code()),
        }
    };
    names.iter().map(of).collect()
}

#[track_caller]
fn under(policy_spec: &str, expected: &[&str]) {
    let snapshot = snapshot(&(two() + &policy("p", "demo", policy_spec)));
    assert_eq!(candidates(&snapshot, &["a", "b-2", "r"]), expected);
}

#[test]
fn a_policy_takes_away_what_breaks_its_limits_whatever_led_there() {
    under("{}", &["a: eu:a us:a", "b-2: eu:x/b us:x/b", "r: eu:a eu:x/b us:a us:x/b"]);
    under("{constraints: {regions: [eu]}}", &["a: eu:a", "b-2: eu:x/b", "r: eu:a eu:x/b"]);
    under("{constraints: {maxPrice: {input: '2'}}}", &["a: eu:a", "b-2: !policy_forbidden", "r: eu:a"]);
    under("{models: {deny: [x/b]}}", &["a: eu:a us:a", "b-2: !policy_forbidden", "r: eu:a us:a"]);
    under("{models: {deny: [b-2]}}", &["a: eu:a us:a", "b-2: !policy_forbidden", "r: eu:a us:a"]);
    under("{models: {allow: ['x/*']}}", &["a: !policy_forbidden", "b-2: eu:x/b us:x/b", "r: eu:x/b us:x/b"]);
    under("{models: {allow: ['*'], deny: ['x*']}}", &["a: eu:a us:a", "b-2: !policy_forbidden", "r: eu:a us:a"]);
    under("{models: {allow: []}}", &["a: !policy_forbidden", "b-2: !policy_forbidden", "r: !policy_forbidden"]);
    under("{providers: {allow: [demo/eu]}}", &["a: eu:a", "b-2: eu:x/b", "r: eu:a eu:x/b"]);
    under("{providers: {deny: ['demo/u*']}}", &["a: eu:a", "b-2: eu:x/b", "r: eu:a eu:x/b"]);
    under("{bareModels: Deny}", &["a: !bare_model_denied", "b-2: !bare_model_denied", "r: eu:a eu:x/b us:a us:x/b"]);
}

#[test]
fn limits_that_have_nothing_in_common_let_nothing_through() {
    let policies =
        policy("p", "demo", "{constraints: {regions: [eu]}}") + &policy("q", "demo", "{constraints: {regions: [us]}}");
    let snapshot = snapshot(&(two() + &policies));
    assert_eq!(candidates(&snapshot, &["a", "r"]), ["a: !policy_forbidden", "r: !policy_forbidden"]);
}

/// Nothing of a provider that may not be used reaches a pod: no address, no key.
#[test]
fn what_policy_forbids_is_no_part_of_the_view() {
    let yaml = secret("s", "{k: sk-x}")
        + &provider("shut", "{preset: groq, region: us, credentials: [{name: k, secretKeyRef: {name: s, key: k}}]}")
        + &two()
        + &policy("eu-only", "demo", "{constraints: {regions: [eu]}}");
    let (view, problems) = view(&world(&yaml).0, &CATALOG, &Scope::All);
    let parts = format!("{:?}{:?}{:?}", view.providers, view.credentials, view.routes);
    assert!(!parts.contains("api.groq.com") && !parts.contains("http://us"), "{parts}");
    assert_eq!(view.credentials.keys().map(|it| &**it).collect::<Vec<_>>(), ["demo/eu"]);
    let told = &view.header.forbidden;
    assert!(told.iter().all(|it| &*it.policy == "demo/eu-only" && &*it.rule == "data_region"), "{told:?}");
    assert!(told.iter().any(|it| &*it.provider == "demo/us" && &*it.model == "a"));
    assert_eq!(problems, vec![]);
}

/// Where only routes may be named, a pod gets the keys of what its routes name and no other.
#[test]
fn keys_go_only_to_pods_whose_view_can_use_them() {
    let keyed = |name: &str, model: &str| {
        provider(
            name,
            &format!(
                "{{dialects: [ChatCompletions], baseURL: 'http://{name}', models: [{{model: {model}}}, {{model: other}}], \
                 credentials: [{{name: k, secretKeyRef: {{name: s, key: k}}}}]}}"
            ),
        )
    };
    let yaml =
        secret("s", "{k: sk-x}") + &keyed("one", "m") + &keyed("two", "n") + &route("r", "{targets: [{model: m}]}");
    let keys = |policies: &str| {
        let (view, _) = view(&world(&(yaml.clone() + policies)).0, &CATALOG, &Scope::Namespace("demo".into()));
        let offers: usize = view.providers.values().map(|it| it.offers.len()).sum();
        (view.credentials.keys().map(ToString::to_string).collect::<Vec<_>>(), offers)
    };
    assert_eq!(keys(""), (vec!["demo/one".to_owned(), "demo/two".to_owned()], 4));
    assert_eq!(keys(&policy("p", "demo", "{bareModels: Deny}")), (vec!["demo/one".to_owned()], 1));
}

/// A policy that is not understood refuses those it selects by its name: what it would forbid is not known.
#[test]
fn a_broken_policy_refuses_everything_by_name() {
    let yaml = two() + &policy("p", "demo", "{models: {allow: ['a*b']}}");
    let (snapshot, problems) = compile(&world(&yaml).0, &CATALOG, &Scope::Namespace("demo".into()));
    assert_eq!(
        candidates(&snapshot, &["a", "r", "zzz"]),
        ["a: !policy_broken", "r: !policy_broken", "zzz: !policy_broken"]
    );
    let error = plan(&snapshot, &Ask::of(Operation::ChatCompletions, "r"), &Calm, Duration::ZERO, 0).unwrap_err();
    assert!(error.to_string().contains("ModelPolicy demo/p"), "{error}");
    assert_eq!(problems[0].field, "spec.models.allow[0]");
    let elsewhere = compile(&world(&yaml).0, &CATALOG, &Scope::Namespace("other".into())).0;
    assert_eq!(candidates(&elsewhere, &["zzz"]), ["zzz: !no_route"]);
}

#[test]
fn a_policy_of_the_control_planes_namespace_may_hold_for_others() {
    let at = |namespace: &str, home: &str| {
        let yaml = two()
            + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: demo, labels: {tier: gold}}\n"
            + &policy("p", namespace, "{namespaceSelector: {matchLabels: {tier: gold}}, constraints: {regions: [eu]}}");
        candidates(&compile(&world(&yaml).0, &CATALOG, &Scope::Namespace(home.into())).0, &["a"]).concat()
    };
    assert_eq!(at("outrigger-system", "demo"), "a: eu:a");
    // Anywhere else it may not reach for others, and says so where it is.
    assert_eq!(at("team", "demo"), "a: eu:a us:a");
    assert_eq!(at("team", "team"), "a: !policy_broken");
}

/// A selector that means nothing is a limit all the same: the policy is broken for everybody it may have been for, and is
/// never simply gone.
#[test]
fn a_policy_whose_selector_means_nothing_refuses() {
    for spec in [
        "{namespaceSelector: {matchExpressions: [{key: tier, operator: In, values: []}]}}",
        "{namespaceSelector: {matchExpressions: [{key: tier, operator: NotIn}]}}",
        "{namespaceSelector: {matchExpressions: [{key: tier, operator: Exists, values: [x]}]}}",
        "{namespaceSelector: {}, workloads: {serviceAccounts: ['']}}",
        "{namespaceSelector: {}, workloads: {selector: {matchExpressions: [{key: tier, operator: In}]}}}",
    ] {
        let told = selected(&(two() + &policy("p", "outrigger-system", spec)), &[], "web");
        assert_eq!(candidates(&told, &["a", "r"]), ["a: !policy_broken", "r: !policy_broken"], "{spec}");
    }
}

/// Whatever a spec calls a model, it is the one that the vendor knows by the name that is sent.
#[test]
fn a_model_under_another_name_is_the_same_model() {
    let named = |model: &str, more: &str| {
        secret("s", "{k: sk-x}")
            + &provider(
                "o",
                &format!(
                    "{{preset: openai{more}, credentials: [{{name: k, secretKeyRef: {{name: s, key: k}}}}], \
                     models: [{{model: {model}, upstreamName: gpt-4o}}]}}"
                ),
            )
    };
    let under =
        |yaml: String, spec: &str, name: &str| candidates(&snapshot(&(yaml + &policy("p", "demo", spec))), &[name]);
    assert_eq!(under(named("mine", ""), "{models: {deny: [openai/gpt-4o]}}", "mine"), ["mine: !policy_forbidden"]);
    assert_eq!(under(named("mine", ""), "{models: {allow: [openai/gpt-4o]}}", "mine"), ["mine: o:mine"]);
    let cheap = "openai/gpt-4o-mini";
    let allow = format!("{{models: {{allow: [{cheap}]}}}}");
    assert_eq!(under(named(cheap, ""), &allow, cheap), [format!("{cheap}: !policy_forbidden")]);
    // A preset says what a provider speaks like, and where it is only as long as nobody says otherwise.
    let elsewhere = ", baseURL: 'https://elsewhere/v1'";
    assert_eq!(under(named("mine", ""), "{providers: {allow: [openai]}}", "mine"), ["mine: o:mine"]);
    let told = under(named("mine", elsewhere), "{providers: {allow: [openai]}}", "mine");
    assert_eq!(told, ["mine: !policy_forbidden"]);
}

/// A broken limit loosens no other: what goes on under it is what the other policies, the providers and the keys of today
/// still let through.
#[test]
fn under_a_broken_policy_only_names_and_hashes_are_sent() {
    let yaml = secret("s", "{k: sk-x}")
        + &provider("main", "{preset: groq, credentials: [{name: k, secretKeyRef: {name: s, key: k}}]}")
        + &two()
        + &policy("eu-only", "demo", "{providers: {deny: [us]}}")
        + &policy("torn", "demo", "{models: {allow: ['a*b']}}");
    let (view, _) = view(&world(&yaml).0, &CATALOG, &Scope::Namespace("demo".into()));
    assert!(view.providers.is_empty() && view.credentials.is_empty() && view.routes.is_empty());
    assert_eq!(view.alive.keys().map(|it| &**it).collect::<Vec<_>>(), ["demo/eu", "demo/main"]);
    assert_eq!(view.header.policies.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["demo/eu-only"]);
}

/// A provider that does not say whom it allows is broken for everybody, and a reason is its own namespace's business.
#[test]
fn a_provider_whose_access_means_nothing_is_no_removal() {
    for allowed in [
        "{from: Selector}",
        "{from: All, selector: {}}",
        "{from: Selector, selector: {matchExpressions: [{key: x, operator: NotIn}]}}",
    ] {
        let yaml = provider(
            "main",
            &format!(
                "{{dialects: [ChatCompletions], baseURL: 'http://x', models: [{{model: m}}], allowedNamespaces: {allowed}}}"
            ),
        );
        for home in ["demo", "other"] {
            let (view, _) = view(&world(&yaml).0, &CATALOG, &Scope::Namespace(home.into()));
            let part = view.broken.values().next().unwrap();
            assert_eq!((view.broken.len(), view.providers.len()), (1, 0), "{allowed}");
            assert_eq!(part.reason.contains("allowedNamespaces"), home == "demo", "{}", part.reason);
        }
    }
}

/// "Not labelled so" is no grant to a namespace whose labels nobody knows.
#[test]
fn an_unknown_namespace_is_granted_nothing_by_a_negation() {
    let allowed = "{from: Selector, selector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}";
    let yaml = provider(
        "main",
        &format!(
            "{{dialects: [ChatCompletions], baseURL: 'http://x', models: [{{model: m}}], allowedNamespaces: {allowed}}}"
        ),
    );
    let seen = |more: &str| {
        let (view, _) = view(&world(&(yaml.clone() + more)).0, &CATALOG, &Scope::Namespace("other".into()));
        view.providers.len()
    };
    assert_eq!(seen(""), 0);
    assert_eq!(seen("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n"), 1);
}

fn selected(yaml: &str, labels: &[(&str, &str)], account: &str) -> Snapshot {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let workload = Workload { namespace: "demo".into(), service_account: account.into(), labels };
    let (world, ..) = world(yaml);
    let scope = Scope::Selected(world.select(&workload));
    compile(&world, &CATALOG, &scope).0
}

/// A route that is not for a workload does not exist for it, but its names stay taken: they never mean the bare model.
#[test]
fn a_route_for_others_keeps_its_names() {
    let yaml = two()
        + &route(
            "batch",
            "{workloads: {selector: {matchLabels: {app: batch}}}, aliases: [a], targets: [{model: x/b}]}",
        )
        + &route("jobs", "{workloads: {serviceAccounts: [job]}, targets: [{model: x/b}]}");
    let batch = selected(&yaml, &[("app", "batch")], "default");
    assert_eq!(
        candidates(&batch, &["a", "batch", "jobs"]),
        ["a: eu:x/b us:x/b", "batch: eu:x/b us:x/b", "jobs: !route_not_for_workload"]
    );
    let web = selected(&yaml, &[("app", "web")], "job");
    assert_eq!(
        candidates(&web, &["a", "a:floor", "demo/batch", "jobs"]),
        [
            "a: !route_not_for_workload",
            "a:floor: !route_not_for_workload",
            "demo/batch: !route_not_for_workload",
            "jobs: eu:x/b us:x/b"
        ]
    );
}

/// Conflicts are judged per view: two routes may bear one alias for different workloads.
#[test]
fn one_alias_may_mean_two_routes_for_two_workloads() {
    let of = |app: &str, model: &str| {
        let spec = format!(
            "{{workloads: {{selector: {{matchLabels: {{app: {app}}}}}}}, aliases: [fast], targets: [{{model: {model}}}]}}"
        );
        route(app, &spec)
    };
    let yaml = two() + &of("one", "a") + &of("two", "x/b");
    assert_eq!(candidates(&selected(&yaml, &[("app", "one")], ""), &["fast"]), ["fast: eu:a us:a"]);
    assert_eq!(candidates(&selected(&yaml, &[("app", "two")], ""), &["fast"]), ["fast: eu:x/b us:x/b"]);
}

/// What may be random about a policy.
fn spec() -> impl Strategy<Value = String> {
    let list =
        |words: &'static [&'static str]| prop::sample::subsequence(words.to_vec(), 0..3).prop_map(|it| it.join(", "));
    let patterns = |words| {
        (prop::option::of(list(words)), list(words)).prop_map(|(allow, deny)| {
            let allow = allow.map(|list| format!("allow: [{list}], ")).unwrap_or_default();
            format!("{{{allow}deny: [{deny}]}}")
        })
    };
    let names = &["a", "'x/*'", "b-2", "'*'", "x/b"];
    let accounts = &["demo/eu", "'demo/*'", "us", "eu"];
    let regions = prop::option::of(list(&["eu", "us", "ap"]));
    (patterns(names), patterns(accounts), regions, any::<bool>(), prop::option::of(1..4_u8), any::<bool>()).prop_map(
        |(models, providers, regions, strict, most, deny)| {
            let regions = regions.map(|list| format!("regions: [{list}], ")).unwrap_or_default();
            let most = most.map(|most| format!("maxPrice: {{input: '{most}'}}, ")).unwrap_or_default();
            let bare = if deny { "Deny" } else { "Allow" };
            format!(
                "{{constraints: {{{regions}{most}requireParameters: {strict}}}, models: {models}, \
                 providers: {providers}, bareModels: {bare}}}"
            )
        },
    )
}

/// Every candidate of every name.
fn all(yaml: &str) -> BTreeSet<String> {
    let snapshot = snapshot(yaml);
    let names = ["a", "x/b", "b-2", "eu/b-2", "r", "demo/r", "a:floor"];
    let told = candidates(&snapshot, &names);
    let pairs = told.iter().filter(|line| !line.contains('!')).flat_map(|line| {
        let (name, list) = line.split_once(": ").unwrap();
        list.split(' ').map(move |one| format!("{name} {one}"))
    });
    pairs.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Adding a policy or a deny entry never adds a candidate, removing one never removes one, order does not matter.
    #[test]
    fn a_policy_can_only_tighten(specs in prop::collection::vec(spec(), 1..4)) {
        let yaml = |specs: &[&String]| {
            let each = specs.iter().enumerate().map(|(at, spec)| policy(&format!("p{at}"), "demo", spec));
            two() + &each.collect::<String>()
        };
        let list: Vec<&String> = specs.iter().collect();
        let whole = all(&yaml(&list));
        for less in 0..list.len() {
            let fewer: Vec<&String> = list.iter().enumerate().filter(|(at, _)| *at != less).map(|(_, it)| *it).collect();
            let without = all(&yaml(&fewer));
            prop_assert!(whole.is_subset(&without), "{whole:?} {without:?}");
        }
        let back: Vec<&String> = list.iter().rev().copied().collect();
        prop_assert_eq!(&all(&yaml(&back)), &whole);
        let stricter = list[0].replace("deny: [", "deny: [a, ");
        let mut denied = list.clone();
        denied[0] = &stricter;
        prop_assert!(all(&yaml(&denied)).is_subset(&whole));
    }
}
