//! A small language for policies and requests, so that a test is one line.
//!
//! A policy has a line per target, `model@provider[/region]` and words, and a line per route; words of requests are
//! listed at [`ask`].

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use outrigger_catalog::{Prices, Rate};
use outrigger_wire::{AuthScheme, Dialect, Dialects, Operation};

use crate::{
    Ask, Plan, Signals, Snapshot, Sort, Standing, Target,
    closed::Closed,
    plan::plan,
    reason::NoRoute,
    signals::{Health, Percentiles},
    snapshot::{Operations, Provider, Route, RouteTarget},
    sticky::Tie,
    words::{Allowed, Modalities, Modality, Parameter, Parameters, Quantization, Retention, Strategy},
};

/// A policy and the health of its targets.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) health: HashMap<u64, Standing>,
}

impl Signals for World {
    fn standing(&self, target: &Target, _: Duration) -> Standing {
        self.health.get(&target.id).copied().unwrap_or_default()
    }
}

/// Reads a policy, one object per line or semicolon:
///
/// - `m@a/eu $1/2 zdr stores private trains fp8 ctx=100 max=50 -tools +image id=vendor-id cooling=30 degraded lat=0.5 tps=80 busy=3 up=0.9`
/// - `route r aka x strategy=Price zdr regions=eu,us in<1: m@a p0 w9, m@b p1`
/// - `direct strategy=Balanced` and the same words: how bare models are answered; as written unless said.
/// - `unserved m: Vendor`
pub(crate) fn world(policy: &str) -> World {
    let mut world = World::default();
    let mut models: HashMap<String, Vec<u32>> = HashMap::new();
    world.snapshot.direct = Arc::new(Route { strategy: Strategy::Priority, ..Route::default() });
    for line in policy.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("route ") {
            let (head, targets) = rest.split_once(": ").expect("a route has targets");
            let mut route = route(head);
            route.targets = targets.split(", ").map(|text| route_target(&world.snapshot, text)).collect();
            let route = Arc::new(route);
            let aliases = head.split_whitespace().skip_while(|word| *word != "aka").skip(1).take(1);
            for name in [&*route.name].into_iter().chain(aliases) {
                world.snapshot.routes.insert(name.into(), route.clone());
            }
        } else if let Some(rest) = line.strip_prefix("direct ") {
            world.snapshot.direct = Arc::new(route(&format!("direct {rest}")));
        } else if let Some(rest) = line.strip_prefix("unserved ") {
            let (model, by) = rest.split_once(": ").expect("who serves it");
            world.snapshot.closed.insert(model.into(), Closed::Unserved { by: by.into() });
        } else {
            target(&mut world, &mut models, line);
        }
    }
    world.snapshot.models = models.into_iter().map(|(name, slots)| (name.into(), slots.into())).collect();
    world
}

fn route(head: &str) -> Route {
    let mut words = head.split_whitespace();
    let mut route = Route { name: words.next().unwrap().into(), strategy: Strategy::Priority, ..Route::default() };
    let limits = &mut route.constraints;
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("strategy", name) => route.strategy = Strategy::ALL.into_iter().find(|one| one.as_str() == name).unwrap(),
            ("zdr", _) => limits.zero_data_retention = true,
            ("deny", _) => limits.deny_training = true,
            ("require", _) => limits.require_parameters = true,
            ("regions", list) => limits.regions = Allowed::Only(list.split(',').map(Into::into).collect()),
            ("quant", list) => limits.quantizations = Allowed::Only(quantizations(list)),
            (other, _) => match other.split_once('<') {
                Some(("in", most)) => limits.max_input_price = Some(rate(most)),
                Some(("out", most)) => limits.max_output_price = Some(rate(most)),
                _ => {}
            },
        }
    }
    route
}

fn route_target(snapshot: &Snapshot, text: &str) -> RouteTarget {
    let mut words = text.split_whitespace();
    let name = words.next().unwrap();
    let slot = snapshot.targets.iter().find(|target| shown(target) == name).expect("a known target").slot;
    let mut line = RouteTarget { slot, priority: 0, weight: 1, parameters: Arc::default() };
    for word in words {
        match word.split_at(1) {
            ("p", number) => line.priority = number.parse().unwrap(),
            ("w", number) => line.weight = number.parse().unwrap(),
            _ => panic!("{word}?"),
        }
    }
    line
}

fn target(world: &mut World, models: &mut HashMap<String, Vec<u32>>, line: &str) {
    let mut words = line.split_whitespace();
    let (model, place) = words.next().unwrap().split_once('@').expect("model@provider");
    let (slug, region) = place.split_once('/').map_or((place, None), |(slug, region)| (slug, Some(region)));
    let short = place.replace('/', "-");
    let slot = u32::try_from(world.snapshot.targets.len()).unwrap();
    let mut provider = Provider {
        name: format!("demo/{short}").into(),
        slug: slug.into(),
        short_name: short.into(),
        display: slug.into(),
        dialects: Dialects::only(Dialect::ChatCompletions),
        base_url: "http://localhost".into(),
        authorities: None,
        auth: AuthScheme::None,
        credentials: Arc::default(),
        region: region.map(Into::into),
        trains: None,
        retention: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        headers: Vec::new(),
    };
    let words: Vec<&str> = words.collect();
    for word in &words {
        match *word {
            "zdr" => provider.retention = Some(Retention::Zero),
            "stores" => provider.retention = Some(Retention::Limited),
            "private" => provider.trains = Some(false),
            "trains" => provider.trains = Some(true),
            _ => {}
        }
    }
    let mut target = Target {
        slot,
        id: u64::from(slot) + 100,
        provider: Arc::new(provider),
        model: model.into(),
        upstream_name: model.into(),
        operations: Operations::of_dialects(&Dialects::only(Dialect::ChatCompletions)),
        quantization: Quantization::Unknown,
        prices: None,
        context_length: None,
        max_output: None,
        input_modalities: [Modality::Text].into_iter().collect(),
        parameters: Parameters::all(),
    };
    let mut standing = Standing::default();
    let same = |value: &str| Some(Percentiles { at: [value.parse().unwrap(); 4] });
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("zdr" | "stores" | "private" | "trains", _) => {}
            ("ctx", number) => target.context_length = Some(number.parse().unwrap()),
            ("max", number) => target.max_output = Some(number.parse().unwrap()),
            ("id", name) => target.upstream_name = name.into(),
            ("anthropic", _) => target.operations = Operations::of_dialects(&Dialects::only(Dialect::Messages)),
            ("degraded", _) => standing.health = Health::Degraded,
            ("cooling", seconds) => standing.health = Health::Cooling { until: seconds_of(seconds) },
            ("busy", number) => standing.outstanding = number.parse().unwrap(),
            ("lat", seconds) => standing.latency = same(seconds),
            ("tps", tokens) => standing.throughput = same(tokens),
            ("tps90", tokens) => {
                standing.throughput = Some(Percentiles { at: [1e3, 1e3, tokens.parse().unwrap(), 0.0] })
            }
            ("up", share) => standing.uptime = Some(share.parse().unwrap()),
            (price, _) if price.starts_with('$') => {
                let (input, output) = price[1..].split_once('/').unwrap_or((&price[1..], &price[1..]));
                target.prices = Some(Prices::flat(rate(input), rate(output), "policy", "2026-01-01"));
            }
            (less, _) if less.starts_with('-') => target.parameters.remove(Parameter::parse(&less[1..]).unwrap()),
            (more, _) if more.starts_with('+') => target.input_modalities.insert(Modality::parse(&more[1..]).unwrap()),
            (precision, _) => target.quantization = Quantization::parse(precision).expect(precision),
        }
    }
    world.health.insert(target.id, standing);
    models.entry(model.to_owned()).or_default().push(slot);
    if *target.upstream_name != *model {
        models.entry(target.upstream_name.to_string()).or_default().push(slot);
    }
    world.snapshot.targets.push(Arc::new(target));
}

/// Reads a request: names by commas, then words.
///
/// `only=a,b ignore=c order=b,a nofallback require deny zdr quant=fp4 in<1 out<2 sort=price none tps>50 tps90>50 lat<2`
/// are the `provider` object; `tools image prompt=1000 max=500 sticky=m@a messages` the rest (`tied=m@a`: a tie to a cold cache).
pub(crate) fn ask<'a>(world: &World, text: &'a str) -> Ask<'a> {
    let mut words = text.split_whitespace();
    let mut ask = Ask::of(Operation::ChatCompletions, "");
    ask.names =
        words.next().unwrap_or_default().split(',').filter(|name| !name.is_empty()).map(Cow::Borrowed).collect();
    let want = &mut ask.preferences;
    let list = |text: &str| text.split(',').map(Into::into).collect::<Vec<Box<str>>>();
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("only", slugs) => want.only = list(slugs),
            ("ignore", slugs) => want.ignore = list(slugs),
            ("order", slugs) => want.order = list(slugs),
            ("nofallback", _) => want.no_fallbacks = true,
            ("require", _) => want.require_parameters = true,
            ("deny", _) => want.deny_training = true,
            ("zdr", _) => want.zero_data_retention = true,
            ("quant", words) => want.quantizations = quantizations(words),
            ("sort", by) => want.sort = Some(Sort::parse(by).unwrap()),
            ("none", _) => want.across_models = true,
            ("prompt", tokens) => ask.prompt_tokens = tokens.parse().unwrap(),
            ("max", tokens) => ask.max_tokens = Some(tokens.parse().unwrap()),
            ("messages", _) => ask.operation = Operation::Messages,
            (word @ ("sticky" | "tied"), name) => {
                let target = world.snapshot.targets.iter().find(|target| shown(target) == name);
                ask.sticky = target.map(|target| Tie { target: target.id, warm: word == "sticky" });
            }
            (word, _) => match word.split_once(['<', '>']) {
                Some(("in", most)) => want.max_input_price = Some(rate(most)),
                Some(("out", most)) => want.max_output_price = Some(rate(most)),
                Some(("tps", least)) => want.min_throughput[0] = Some(least.parse().unwrap()),
                Some(("tps90", least)) => want.min_throughput[2] = Some(least.parse().unwrap()),
                Some(("lat", most)) => want.max_latency[0] = Some(most.parse().unwrap()),
                Some(_) => panic!("{word}?"),
                None => match Modality::parse(word) {
                    Some(modality) => ask.modalities = [modality].into_iter().collect::<Modalities>(),
                    None => ask.parameters.insert(Parameter::parse(word).expect(word)),
                },
            },
        }
    }
    ask
}

/// The plan at time zero with draw zero.
pub(crate) fn decide(world: &World, text: &str) -> Result<Plan, NoRoute> {
    plan(&world.snapshot, &ask(world, text), world, Duration::ZERO, 0)
}

/// `model@provider[/region]`
pub(crate) fn shown(target: &Target) -> String {
    let region = target.provider.region.as_deref().map(|region| format!("/{region}")).unwrap_or_default();
    format!("{}@{}{region}", target.model, target.provider.slug)
}

pub(crate) fn seconds_of(text: &str) -> Duration {
    Duration::from_secs_f64(text.trim_end_matches('s').parse().unwrap())
}

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn quantizations(list: &str) -> Vec<Quantization> {
    list.split(',').map(|word| Quantization::parse(word).unwrap()).collect()
}
