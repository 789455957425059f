use proptest::prelude::*;

use super::*;
use crate::{
    Sort,
    testing::{World, ask, decide, shown, world},
    words::{self, Quantization},
};

/// What was decided, in words: candidates in order, then `-target:reason` for each that was removed; or `!code`.
fn say(decision: &Result<Plan, NoRoute>) -> String {
    match decision {
        Ok(plan) => {
            let kept = plan.candidates.iter().map(|candidate| shown(&candidate.target));
            let gone =
                plan.removed.iter().map(|removed| format!("-{}:{}", shown(&removed.target), removed.reason.code()));
            kept.chain(gone).collect::<Vec<_>>().join(" ")
        }
        Err(NoRoute::Filtered { removed }) => {
            let gone = removed.iter().map(|removed| format!(" -{}:{}", shown(&removed.target), removed.reason.code()));
            format!("!{}{}", decision.as_ref().err().map_or("", NoRoute::code), gone.collect::<String>())
        }
        Err(NoRoute::Unknown { nearest, .. }) => {
            format!("!model_not_found {}", nearest.join(" ")).trim_end().to_owned()
        }
        Err(error) => format!("!{}", error.code()),
    }
}

#[track_caller]
fn check(policy: &str, request: &str, expected: &str) {
    assert_eq!(say(&decide(&world(policy), request)), expected, "{request} under {policy}");
}

/// How often each target comes first over many draws.
fn firsts(world: &World, request: &str) -> Vec<(String, usize)> {
    let ask = ask(world, request);
    let mut counts: Vec<(String, usize)> = world.snapshot.targets.iter().map(|target| (shown(target), 0)).collect();
    for draw in 0..20_000_u64 {
        let plan =
            plan(&world.snapshot, &ask, world, Duration::ZERO, draw.wrapping_mul(0x5851_f42d_4c95_7f2d)).unwrap();
        counts[plan.candidates[0].target.slot as usize].1 += 1;
    }
    counts
}

const THREE: &str = "m@a $3; m@b $1; m@c $2";

// Names.

#[test]
fn a_model_id_gives_every_target_of_the_model() {
    check("m@a; n@b; m@c", "m", "m@a m@c");
}

#[test]
fn a_vendors_own_id_gives_the_targets_that_use_it() {
    check("x/m@a; x/m@b id=m-2026", "m-2026", "x/m@b");
}

#[test]
fn a_route_is_found_by_name_and_by_alias() {
    check("m@a; n@b; route r aka triage: n@b, m@a", "r", "n@b m@a");
    check("m@a; n@b; route r aka triage: n@b, m@a", "triage", "n@b m@a");
}

#[test]
fn a_route_shadows_a_model_of_its_name() {
    check("m@a; n@b; route m: n@b", "m", "n@b");
}

#[test]
fn the_models_array_is_tried_in_order() {
    check("m@a; n@b; m@c", "n,m", "n@b m@a m@c");
}

#[test]
fn an_unknown_name_among_several_is_skipped() {
    check("m@a; n@b", "zzz,n", "n@b");
}

#[test]
fn a_name_repeated_in_models_is_tried_once() {
    check("m@a; n@b", "m,m,n", "m@a n@b");
}

/// F1: two names for one target are no second chance for it.
#[test]
fn a_target_with_two_names_is_tried_in_its_best_place() {
    check("m@a $2; m@b $1; n@c", "m:floor,n,m", "m@b m@a n@c");
    check("m@a; n@b; route r: m@a", "r,n,m", "m@a n@b");
}

#[test]
fn the_order_within_a_route_may_name_one_target_twice() {
    check("m@a; m@b; route r: m@a, m@b, m@a", "r", "m@a m@b m@a");
}

#[test]
fn floor_is_cheapest_first() {
    check(THREE, "m:floor", "m@b m@c m@a");
}

#[test]
fn nitro_is_fastest_first() {
    check("m@a tps=10; m@b tps=90; m@c tps=50", "m:nitro", "m@b m@c m@a");
}

#[test]
fn exacto_is_most_reliable_first_and_quickest_among_equals() {
    check("m@a up=0.9 lat=1; m@b up=1 lat=2; m@c up=1 lat=1", "m:exacto", "m@c m@b m@a");
}

#[test]
fn the_last_suffix_wins() {
    check("m@a $1 tps=1; m@b $2 tps=2", "m:nitro:floor", "m@a m@b");
    check("m@a $1 tps=1; m@b $2 tps=2", "m:floor:nitro", "m@b m@a");
}

#[test]
fn an_explicit_sort_beats_a_suffix() {
    check("m@a $1 tps=1; m@b $2 tps=2", "m:nitro sort=price", "m@a m@b");
}

#[test]
fn a_colon_that_is_no_routing_suffix_belongs_to_the_name() {
    check("llama3:8b@a; llama3@b", "llama3:8b", "llama3:8b@a");
    check("llama3:8b@a $2; llama3:8b@b $1", "llama3:8b:floor", "llama3:8b@b llama3:8b@a");
    check("m:floor@a; m@b", "m:floor", "m:floor@a");
    check("m@a", "m:free", "!model_not_found");
}

#[test]
fn a_suffix_works_on_a_route_too() {
    check("m@a $2; m@b $1; route r: m@a, m@b", "r:floor", "m@b m@a");
}

// The provider object.

#[test]
fn order_comes_first_and_the_others_follow() {
    check("m@a; m@b; m@c", "m order=c,b", "m@c m@b m@a");
}

#[test]
fn order_skips_providers_that_do_not_serve_the_model() {
    check("m@a; m@b", "m order=zzz,b", "m@b m@a");
}

#[test]
fn order_with_fallbacks_off_is_the_whole_list() {
    check("m@a; m@b; m@c", "m order=c,b nofallback", "m@c m@b -m@a:allowed_providers");
    check("m@a", "m order=zzz nofallback", "!constraint_filtered -m@a:allowed_providers");
}

/// S6
#[test]
fn fallbacks_off_without_order_leaves_the_top_endpoint_alone() {
    check("m@a; m@b; m@c", "m nofallback", "m@a");
    check("m@a cooling=9; m@b", "m nofallback", "m@b");
    assert!(decide(&world("m@a"), "m nofallback").unwrap().no_fallbacks);
}

#[test]
fn only_is_an_allow_list() {
    check("m@a; m@b; m@c", "m only=c,a", "m@a m@c -m@b:allowed_providers");
}

#[test]
fn only_intersects_the_route() {
    check("m@a; m@b; m@c; route r: m@a, m@b", "r only=b,c", "m@b -m@a:allowed_providers");
    check("m@a; m@b; route r: m@a", "r only=b", "!constraint_filtered -m@a:allowed_providers");
}

#[test]
fn ignore_is_a_deny_list_and_beats_only() {
    check("m@a; m@b", "m ignore=a", "m@b -m@a:ignored_providers");
    check("m@a; m@b", "m only=a,b ignore=a", "m@b -m@a:ignored_providers");
}

#[test]
fn a_base_slug_is_every_region_and_a_full_slug_is_one() {
    check("m@g/eu; m@g/us; m@h", "m only=g", "m@g/eu m@g/us -m@h:allowed_providers");
    check("m@g/eu; m@g/us; m@h", "m only=g/us", "m@g/us -m@g/eu:allowed_providers -m@h:allowed_providers");
    check("m@g/eu; m@g/us; m@h", "m ignore=g/us", "m@g/eu m@h -m@g/us:ignored_providers");
    check("m@g/eu; m@g/us; m@h", "m order=h,g/us", "m@h m@g/us m@g/eu");
}

#[test]
fn slugs_match_in_any_case_and_by_object_name() {
    check("m@a; m@b", "m only=A", "m@a -m@b:allowed_providers");
    check("m@g/eu; m@g/us", "m only=g-us", "m@g/us -m@g/eu:allowed_providers");
    check("m@g/eu; m@g/us", "m only=demo/g-us", "m@g/us -m@g/eu:allowed_providers");
}

#[test]
fn require_parameters_drops_who_does_not_honour_them() {
    check("m@a -seed; m@b", "m seed require", "m@b -m@a:require_parameters");
    check("m@a -seed; m@b", "m seed", "m@a m@b");
    check("m@a -seed; route r require: m@a", "r seed", "!constraint_filtered -m@a:require_parameters");
}

#[test]
fn data_collection_deny_wants_a_declaration() {
    check("m@a private; m@b trains; m@c", "m deny", "m@a -m@b:data_policy:training -m@c:data_policy:training");
    check(
        "m@a trains; m@b; route r deny: m@a, m@b",
        "r",
        "!privacy_restricted -m@a:data_policy:training -m@b:data_policy:training",
    );
}

#[test]
fn zdr_wants_a_declaration_and_can_only_be_tightened() {
    check("m@a zdr; m@b stores; m@c", "m zdr", "m@a -m@b:data_policy:zdr -m@c:data_policy:zdr");
    check("m@a zdr; m@b stores; route r zdr: m@a, m@b", "r", "m@a -m@b:data_policy:zdr");
    check("m@a zdr; m@b stores; route r: m@a, m@b", "r zdr", "m@a -m@b:data_policy:zdr");
}

#[test]
fn quantizations_are_an_allow_list_in_which_fp4_and_fp8_are_families() {
    let policy = "m@a fp4; m@b mxfp4; m@c nvfp4; m@d fp8; m@e mxfp8; m@f bf16; m@g";
    check(
        policy,
        "m quant=fp4 ignore=d,e,f,g",
        "m@a m@b m@c -m@d:ignored_providers -m@e:ignored_providers -m@f:ignored_providers -m@g:ignored_providers",
    );
    check("m@d fp8; m@e mxfp8; m@a fp4", "m quant=fp8", "m@d m@e -m@a:quantization");
    check("m@b mxfp4; m@a fp4", "m quant=mxfp4", "m@b -m@a:quantization");
    check("m@g; m@f bf16", "m quant=unknown", "m@g -m@f:quantization");
    check(
        "m@a fp8; m@b bf16; route r quant=fp8: m@a, m@b",
        "r quant=bf16",
        "!constraint_filtered -m@a:quantization -m@b:quantization",
    );
}

#[test]
fn max_price_is_a_hard_limit_on_either_side() {
    check("m@a $1/4; m@b $2/3; m@c $1/3", "m in<1 out<3", "m@c -m@a:max_price -m@b:max_price");
    check("m@a $1/4; m@b $2/3", "m in<1", "m@a -m@b:max_price");
    check("m@a $1/4; m@b $2/3", "m out<3", "m@b -m@a:max_price");
    check("m@a $2", "m in<1", "!constraint_filtered -m@a:max_price");
}

/// U6: an unknown price is not a low one.
#[test]
fn a_target_without_a_price_is_removed_where_a_limit_is_set() {
    check("m@a; m@b $1", "m in<5", "m@b -m@a:max_price");
    check("m@a; m@b $9; route r in<5: m@a, m@b", "r", "!constraint_filtered -m@a:max_price -m@b:max_price");
}

#[test]
fn a_request_cannot_raise_the_limit_of_its_route() {
    check("m@a $1; m@b $5; route r in<2: m@a, m@b", "r in<100", "m@a -m@b:max_price");
    check("m@a $1; m@b $5; route r in<9: m@a, m@b", "r in<2", "m@a -m@b:max_price");
}

#[test]
fn sort_is_a_strict_order() {
    check(THREE, "m sort=price", "m@b m@c m@a");
    check("m@a lat=3; m@b lat=1; m@c lat=2", "m sort=latency", "m@b m@c m@a");
    check("m@a tps=3; m@b tps=9; m@c tps=5", "m sort=throughput", "m@b m@c m@a");
    check("m@a $2; m@b; m@c $1", "m sort=price", "m@c m@a m@b");
}

#[test]
fn sort_keeps_the_order_of_models_unless_its_partition_is_none() {
    check("m@a $3; m@b $2; n@c $1", "m,n sort=price", "m@b m@a n@c");
    check("m@a $3; m@b $2; n@c $1", "m,n sort=price none", "n@c m@b m@a");
}

#[test]
fn order_beats_sort() {
    check(THREE, "m sort=price order=a", "m@a m@b m@c");
}

#[test]
fn preferred_thresholds_are_soft_and_move_to_the_back() {
    check("m@a tps=10; m@b tps=60; m@c tps=90", "m tps>50", "m@b m@c m@a");
    check("m@a lat=3; m@b lat=1", "m lat<2", "m@b m@a");
    check("m@a tps=10; m@b tps=20", "m tps>50", "m@a m@b");
    check("m@a tps90=10; m@b tps90=60", "m tps90>50", "m@b m@a");
    check("m@a; m@b tps=10", "m tps>50", "m@a m@b");
}

#[test]
fn a_preferred_threshold_may_promote_another_model() {
    check("m@a lat=3; n@b lat=1", "m,n lat<2", "n@b m@a");
}

// Hard filters of the request's own needs.

#[test]
fn what_is_too_long_is_removed() {
    check("m@a ctx=100; m@b ctx=200; m@c", "m prompt=150", "m@b m@c -m@a:context_length");
    check("m@a ctx=100", "m prompt=100", "m@a");
    // F10: more than it can write is no reason to leave a target out, but for who requires all parameters.
    check("m@a max=100; m@b max=500; m@c", "m max=101", "m@a m@b m@c");
    check("m@a max=100; m@b max=500; m@c", "m max=101 require", "m@b m@c -m@a:max_output");
}

#[test]
fn what_is_not_accepted_is_removed() {
    check("m@a; m@b +image", "m image", "m@b -m@a:modality");
    check("m@a anthropic; m@b", "m", "m@b -m@a:operation");
    check("m@a anthropic; m@b", "m messages", "m@a -m@b:operation");
}

#[test]
fn a_region_that_is_not_declared_fails_closed() {
    check(
        "m@a/eu; m@b/us; m@c; route r regions=eu: m@a/eu, m@b/us, m@c",
        "r",
        "m@a/eu -m@b/us:data_region -m@c:data_region",
    );
    check("m@a/EU; route r regions=eu,us: m@a/EU", "r", "m@a/EU");
}

/// OpenRouter's 3b.3: among endpoints of one model, those that can do it; where none can, all stay.
#[test]
fn tools_prefer_endpoints_that_support_them() {
    check("m@a -tools; m@b", "m tools", "m@b -m@a:preferred_parameters");
    check("m@a -tools; m@b -tools", "m tools", "m@a m@b");
    check("m@a -tools; m@b; n@c -tools", "m,n tools", "m@b n@c -m@a:preferred_parameters");
    check("m@a -response_format; m@b", "m response_format", "m@b -m@a:preferred_parameters");
    check("m@a -seed; m@b", "m seed", "m@a m@b");
}

// Health, stickiness, shares.

#[test]
fn a_degraded_target_stands_behind_its_peers_and_before_lower_priorities() {
    check("m@a degraded; m@b", "m", "m@b m@a");
    check("m@a degraded; m@b; route r: m@a p0, m@b p1", "r", "m@a m@b");
    check("m@a $1 degraded; m@b $2", "m sort=price", "m@b m@a");
}

/// C4: the one that recovers first is the last resort, not an error.
#[test]
fn cooling_targets_come_last_and_the_first_to_recover_leads_them() {
    check("m@a cooling=30; m@b cooling=5; m@c", "m", "m@c m@b m@a");
    check("m@a cooling=30; m@b cooling=5", "m", "m@b m@a");
    check("m@a cooling=5; m@b; route r: m@a p0, m@b p1", "r", "m@b m@a");
    check("m@a cooling=5; n@b", "m,n", "n@b m@a");
}

#[test]
fn priorities_come_before_the_strategy() {
    check("m@a $3; m@b $1; m@c $2; route r strategy=Price: m@a p0, m@b p1, m@c p1", "r", "m@a m@b m@c");
}

#[test]
fn a_conversation_keeps_its_target() {
    check("m@a; m@b; m@c", "m sticky=m@c", "m@c m@a m@b");
    check("m@a; m@b; route r: m@a p0, m@b p1", "r sticky=m@b", "m@b m@a");
    check("m@a; m@b cooling=5", "m sticky=m@b", "m@a m@b");
    check("m@a; m@b", "m sticky=m@b ignore=b", "m@a -m@b:ignored_providers");
}

#[test]
fn stickiness_is_off_where_order_is_given() {
    check("m@a; m@b; m@c", "m sticky=m@c order=b", "m@b m@a m@c");
    // H25: a cache that is cold is worth no worse priority, nor a degraded target.
    check("m@a; m@b; m@c", "m tied=m@c", "m@c m@a m@b");
    check("m@a; m@b; route r: m@a p0, m@b p1", "r tied=m@b", "m@a m@b");
    check("m@a cooling=5; m@b; route r: m@a p0, m@b p1", "r tied=m@b", "m@b m@a");
}

#[test]
fn unmeasured_targets_start_as_typical_ones() {
    check("m@a lat=1; m@b; m@c lat=3", "m sort=latency", "m@a m@b m@c");
}

#[test]
fn fewest_in_flight_comes_first() {
    check("direct strategy=LeastOutstanding; m@a busy=5; m@b busy=1; m@c busy=3", "m", "m@b m@c m@a");
}

/// OpenRouter's 3c: 1/price^2.
#[test]
fn balanced_draws_one_dollar_against_three_at_nine_to_one() {
    let world = world("direct strategy=Balanced; m@a $3; m@b $1");
    let counts = firsts(&world, "m");
    let share = counts[1].1 as f64 / 20_000.0;
    assert!((share - 0.9).abs() < 0.01, "{counts:?}");
}

/// OpenRouter's 3c, its own example: A ($1), C ($3), then the unstable B ($2).
#[test]
fn balanced_puts_the_unstable_behind_the_stable() {
    let world = world("direct strategy=Balanced; m@a $1; m@b $2 degraded; m@c $3");
    let counts = firsts(&world, "m");
    assert_eq!(counts[1].1, 0, "{counts:?}");
    for draw in 0..100 {
        let plan = plan(&world.snapshot, &ask(&world, "m"), &world, Duration::ZERO, draw).unwrap();
        assert_eq!(shown(&plan.candidates[2].target), "m@b");
    }
}

#[test]
fn weights_are_shares_and_weight_zero_is_a_pure_fallback() {
    let world = world("m@a; m@b; m@c; route r strategy=Weighted: m@a w7, m@b w3, m@c w0");
    let counts = firsts(&world, "r");
    assert!((counts[0].1 as f64 / 20_000.0 - 0.7).abs() < 0.012, "{counts:?}");
    assert_eq!(counts[2].1, 0, "{counts:?}");
}

// Errors.

#[test]
fn an_unknown_name_gives_the_nearest() {
    check(
        "openai/gpt-4o-mini@a; openai/gpt-4o@a; mistral/small@b",
        "openai/gpt-4o-mni",
        "!model_not_found openai/gpt-4o-mini openai/gpt-4o",
    );
    check("openai/gpt-4o-mini@a", "gpt-4o-mini", "!model_not_found openai/gpt-4o-mini");
    check("openai/gpt-4o@a", "qqqqqq", "!model_not_found");
    check("m@a; route triage: m@a", "triag", "!model_not_found triage");
    let error = decide(&world("openai/gpt-4o@a"), "openai/gpt-4").unwrap_err();
    assert_eq!(error.to_string(), "no model or route is called `openai/gpt-4`; did you mean `openai/gpt-4o`?");
}

#[test]
fn a_model_that_nobody_configured_serves_says_who_would() {
    check("m@a; unserved x/q: Vendor", "x/q:nitro", "!no_provider");
    let error = decide(&world("m@a; unserved x/q: OpenAI (set OPENAI_API_KEY)"), "x/q").unwrap_err();
    assert!(error.to_string().contains("OPENAI_API_KEY"), "{error}");
}

#[test]
fn no_name_is_its_own_error() {
    check("m@a", "", "!model_missing");
}

#[test]
fn when_all_are_removed_the_error_has_the_code_and_each_reason() {
    check("m@a anthropic", "m", "!wrong_endpoint -m@a:operation");
    check(
        "m@a; m@b zdr; route r regions=eu: m@a, m@b",
        "r zdr",
        "!region_restricted -m@a:data_policy:zdr -m@b:data_region",
    );
    check("m@a; m@b", "m zdr", "!privacy_restricted -m@a:data_policy:zdr -m@b:data_policy:zdr");
    check("m@a ctx=1; m@b", "m prompt=9 ignore=b", "!constraint_filtered -m@a:context_length -m@b:ignored_providers");
    let error = decide(&world("m@a ctx=1; m@b"), "m prompt=9 ignore=b").unwrap_err().to_string();
    assert!(error.contains("m at demo/a: the prompt is longer") && error.contains("m at demo/b: ignored"), "{error}");
}

// Properties.

fn policies() -> impl Strategy<Value = String> {
    let words = prop::sample::subsequence(
        vec!["zdr", "private", "fp8", "$2/3", "ctx=100", "degraded", "lat=2", "tps=40", "-tools", "-seed", "cooling=9"],
        0..6,
    );
    let target = (prop::sample::select(vec!["m", "n"]), prop::sample::select(vec!["a", "b/eu", "b/us", "c"]), words)
        .prop_map(|(model, place, words)| format!("{model}@{place} {}", words.join(" ")));
    (
        prop::collection::vec(target, 1..8),
        prop::sample::subsequence(vec!["zdr", "deny", "regions=eu,us", "in<4", "quant=fp8"], 0..3),
    )
        .prop_map(|(targets, limits)| format!("direct strategy=Balanced {}; {}", limits.join(" "), targets.join("; ")))
}

fn preferences() -> impl Strategy<Value = Preferences> {
    let slugs = || {
        prop::sample::subsequence(vec!["a", "b", "b/eu", "c", "zzz"], 0..4)
            .prop_map(|slugs| slugs.into_iter().map(Into::into).collect::<Vec<Box<str>>>())
    };
    let rate = || prop::option::of((1..9_u64).prop_map(|usd| outrigger_catalog::Rate(usd * 1_000_000_000)));
    let switches = prop::array::uniform5(any::<bool>());
    let sorts = vec![Sort::Price, Sort::Throughput, Sort::Latency, Sort::Exacto];
    let precisions = prop::sample::subsequence(vec![Quantization::Fp8, Quantization::Unknown], 0..2);
    (slugs(), slugs(), slugs(), switches, prop::option::of(prop::sample::select(sorts)), precisions, rate(), rate())
        .prop_map(
            |(
                order,
                only,
                ignore,
                [no_fallbacks, require_parameters, deny_training, zero_data_retention, across_models],
                sort,
                quantizations,
                input,
                output,
            )| {
                Preferences {
                    order,
                    only,
                    ignore,
                    no_fallbacks,
                    require_parameters,
                    deny_training,
                    zero_data_retention,
                    quantizations,
                    sort,
                    across_models,
                    min_throughput: [Some(30.0), None, None, None],
                    max_latency: [None; 4],
                    max_input_price: input,
                    max_output_price: output,
                }
            },
        )
}

proptest! {
    /// Whatever a request prefers, it reaches no target that policy alone would not let it reach.
    #[test]
    fn a_request_never_loosens_policy(policy in policies(), preferences in preferences(), draw: u64) {
        let world = world(&policy);
        let mut request = ask(&world, "m,n seed tools");
        let allowed: Vec<u32> = match plan(&world.snapshot, &request, &world, Duration::ZERO, draw) {
            // The soft preference for tools is the request's own and no policy.
            Ok(plan) => plan.candidates.iter().map(|candidate| candidate.target.slot)
                .chain(plan.removed.iter().filter(|removed| removed.reason == Reason::Preferred).map(|removed| removed.target.slot))
                .collect(),
            Err(_) => Vec::new(),
        };
        request.preferences = preferences;
        if let Ok(plan) = plan(&world.snapshot, &request, &world, Duration::ZERO, draw) {
            prop_assert!(!plan.candidates.is_empty());
            for candidate in &plan.candidates {
                prop_assert!(allowed.contains(&candidate.target.slot), "{}", shown(&candidate.target));
            }
        }
    }

    /// The same arguments give the same plan, and every target is kept once or removed once.
    #[test]
    fn the_same_input_gives_the_same_plan(policy in policies(), preferences in preferences(), draw: u64) {
        let world = world(&policy);
        let mut request = ask(&world, "m,n tools");
        request.preferences = preferences;
        let first = plan(&world.snapshot, &request, &world, Duration::ZERO, draw);
        let second = plan(&world.snapshot, &request, &world, Duration::ZERO, draw);
        prop_assert_eq!(say(&first), say(&second));
        if let Ok(plan) = first {
            let mut slots: Vec<u32> = plan.candidates.iter().map(|candidate| candidate.target.slot)
                .chain(plan.removed.iter().map(|removed| removed.target.slot)).collect();
            let all = slots.len();
            slots.sort_unstable();
            slots.dedup();
            prop_assert_eq!(slots.len(), all);
        }
    }
}

#[test]
fn every_strategy_gives_every_candidate_a_place() {
    for strategy in words::Strategy::ALL {
        let world = world(&format!("direct strategy={}; m@a; m@b $1 lat=1 tps=5 up=0.5; m@c $2", strategy.as_str()));
        assert_eq!(decide(&world, "m").unwrap().candidates.len(), 3, "{strategy:?}");
    }
}
