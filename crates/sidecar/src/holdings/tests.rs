//! Updates, one after the other: what is served, what is kept, what is said back.

use std::{
    collections::BTreeMap,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use outrigger_api::{encode::encode, revision, v1};
use outrigger_catalog::Catalog;
use outrigger_compile::{Scope, Workload, manifest};

use super::Holdings;

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

/// A control plane that has one sidecar, and the sidecar.
#[derive(Default)]
pub(crate) struct Pair {
    pub(crate) sidecar: Holdings,
    seconds: u64,
}

type Resources = BTreeMap<Box<str>, outrigger_api::encode::Resource>;

fn resources(yaml: &str) -> Resources {
    let (objects, _) = manifest::parse("p.yaml", yaml, &|_| None);
    let (world, ..) = manifest::assemble(objects);
    let workload = Workload { namespace: "demo".into(), ..Workload::default() };
    encode(&outrigger_compile::view(&world, &CATALOG, &Scope::Selected(world.select(&workload))).0)
}

impl Pair {
    /// The policy is `yaml` now: what the sidecar does not hold of it is sent.
    pub(crate) fn push(&mut self, yaml: &str) -> Vec<String> {
        let update = self.update(&resources(yaml));
        self.send(update)
    }

    /// The keys of what would be sent for `yaml`.
    pub(crate) fn missing(&self, yaml: &str) -> Vec<String> {
        self.update(&resources(yaml)).resources.into_iter().map(|it| it.key).collect()
    }

    fn update(&self, resources: &Resources) -> v1::Update {
        let held = |key: &str| self.sidecar.said.get(key).map(|said| said.hash);
        let changed = resources.iter().filter(|(key, resource)| held(key) != Some(resource.hash));
        let gone = self.sidecar.said.keys().filter(|key| !resources.contains_key(*key));
        v1::Update {
            revision: revision(resources.iter().map(|(key, it)| (&**key, &it.hash[..]))).into(),
            resources: changed
                .map(|(key, it)| v1::Resource {
                    key: key.to_string(),
                    hash: it.hash.to_vec().into(),
                    body: it.body.clone(),
                })
                .collect(),
            removed: gone.map(ToString::to_string).collect(),
        }
    }

    fn send(&mut self, update: v1::Update) -> Vec<String> {
        self.seconds += 1;
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds);
        let rejections = self.sidecar.apply(update, now).unwrap();
        rejections.iter().map(|it| format!("{} {}", it.key, it.code)).collect()
    }

    /// `name: provider/model ...` or `name: !code`.
    fn answers(&self, names: &[&str]) -> Vec<String> {
        let snapshot = self.sidecar.view().assemble();
        let of = |name: &&str| {
            let closed = || snapshot.closed.get(*name).or(snapshot.otherwise.as_ref());
            let told = match (snapshot.routes.get(*name), snapshot.models.get(*name)) {
                (Some(route), _) => route.targets.iter().map(|line| line.slot).collect::<Vec<_>>(),
                (None, Some(slots)) => slots.to_vec(),
                (None, None) => return format!("{name}: !{}", closed().map_or("unknown", |why| why.code())),
            };
            let target = |slot: u32| {
                let target = &snapshot.targets[slot as usize];
                let key = target.provider.credentials.first().map_or("", |key| key.secret.expose());
                format!("{}/{}{key}", target.provider.short_name, target.model)
            };
            format!("{name}: {}", told.into_iter().map(target).collect::<Vec<_>>().join(" "))
        };
        names.iter().map(of).collect()
    }
}

fn provider(name: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}, namespace: demo}}\n\
         spec: {{dialects: [ChatCompletions], baseURL: 'http://{name}/v1', models: [{{model: m}}]{rest}}}\n"
    )
}

fn route(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: {name}, namespace: demo}}\n\
         spec: {spec}\n"
    )
}

fn policy(spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {{name: p, namespace: demo}}\nspec: {spec}\n"
    )
}

const GOOD: &str = "{aliases: [fast], targets: [{model: m, provider: a}]}";
const TORN: &str = "{aliases: [fast], targets: [{model: m, provider: a}], timeouts: {idle: soon}}";

/// R-CFG-5: a broken object is no removal: what it was goes on, and its good siblings apply.
#[test]
fn a_broken_route_goes_on_as_it_was_while_its_siblings_apply() {
    let mut pair = Pair::default();
    pair.push(&(provider("a", "") + &route("r", GOOD)));
    assert_eq!(pair.push(&(provider("a", "") + &route("r", TORN) + &route("s", "{targets: [{model: m}]}"))), [""; 0]);
    assert_eq!(pair.answers(&["r", "fast", "s"]), ["r: a/m", "fast: a/m", "s: a/m"]);
    let told = pair.sidecar.problems().concat();
    assert!(
        told.contains("route/demo/r is broken, its last good value is served since 1970-01-01T00:00:02Z"),
        "{told}"
    );
    // Mended, it is what it says.
    pair.push(&(provider("a", "") + &route("r", "{targets: [{model: m, provider: a}]}")));
    assert_eq!(pair.answers(&["r", "fast"]), ["r: a/m", "fast: !unknown"]);
    assert!(pair.sidecar.kept.is_empty());
}

/// Who never had it answers with the object and the reason, and never with the bare model.
#[test]
fn a_route_that_was_never_good_is_no_bare_model() {
    let mut pair = Pair::default();
    pair.push(&(provider("a", "") + &route("m", TORN)));
    assert_eq!(
        pair.answers(&["m", "fast", "demo/m"]),
        ["m: !policy_broken", "fast: !policy_broken", "demo/m: !policy_broken"]
    );
}

#[test]
fn only_a_deletion_removes() {
    let mut pair = Pair::default();
    pair.push(&(provider("a", "") + &route("r", GOOD)));
    pair.push(&(provider("a", "") + &route("r", TORN)));
    pair.push(&provider("a", ""));
    assert_eq!(pair.answers(&["r", "m"]), ["r: !unknown", "m: a/m"]);
    assert!(pair.sidecar.kept.is_empty());
}

/// A broken edit behind a broken edit keeps what was good before both.
#[test]
fn what_is_kept_stays_through_further_broken_edits() {
    let mut pair = Pair::default();
    pair.push(&(provider("a", "") + &route("r", GOOD)));
    for broken in [TORN, &TORN.replace("soon", "later"), "{targets: []}"] {
        pair.push(&(provider("a", "") + &route("r", broken)));
        assert_eq!(pair.answers(&["r"]), ["r: a/m"]);
    }
}

#[test]
fn a_name_that_was_taken_meanwhile_is_not_the_earlier_values_any_more() {
    let mut pair = Pair::default();
    pair.push(&(provider("a", "") + &route("r", GOOD)));
    let torn = route("r", "{targets: [{model: m}], timeouts: {idle: soon}}");
    pair.push(
        &(provider("a", "")
            + &provider("b", "")
            + &torn
            + &route("s", "{aliases: [fast], targets: [{model: m, provider: b}]}")),
    );
    assert_eq!(pair.answers(&["r", "fast"]), ["r: a/m", "fast: b/m"]);
}

fn keyed(key: &str, provider_rest: &str) -> String {
    let secret = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: demo}}\nstringData: {{k: {key}}}\n"
    );
    secret + &provider("a", &format!(", credentials: [{{name: k, secretKeyRef: {{name: s, key: k}}}}]{provider_rest}"))
}

/// A broken provider keeps its address and its key.
#[test]
fn a_broken_provider_goes_on_with_its_key() {
    let mut pair = Pair::default();
    pair.push(&keyed("sk-1", ""));
    pair.push(&keyed("sk-1", ", limits: {requestsPerMinute: 0}"));
    assert_eq!(pair.answers(&["m"]), ["m: a/msk-1"]);
}

/// Where the limits have changed, nobody has asked whether an earlier provider is within them.
#[test]
fn a_broken_provider_does_not_outlive_a_change_of_limits() {
    let mut pair = Pair::default();
    pair.push(&keyed("sk-1", ""));
    pair.push(&keyed("sk-1", ", limits: {requestsPerMinute: 0}"));
    pair.push(&(keyed("sk-1", ", limits: {requestsPerMinute: 0}") + &policy("{constraints: {regions: [eu]}}")));
    assert_eq!(pair.answers(&["m"]), ["m: !unknown"]);
    let parts = format!("{:?}", pair.sidecar.kept.keys());
    assert!(!parts.contains("credentials"), "{parts}");
}

/// A rotated key is the next request's; a revoked one is nowhere any more.
#[test]
fn keys_come_and_go_by_themselves() {
    let mut pair = Pair::default();
    pair.push(&keyed("sk-1", ""));
    let update = pair.update(&resources(&keyed("sk-2", "")));
    assert_eq!(update.resources.iter().map(|it| &*it.key).collect::<Vec<_>>(), ["credentials/demo/a"]);
    pair.push(&keyed("sk-2", ""));
    assert_eq!(pair.answers(&["m"]), ["m: a/msk-2"]);
    pair.push(&keyed("' '", ""));
    assert_eq!(pair.answers(&["m"]), ["m: !unknown"]);
    let held: Vec<u8> = pair.sidecar.said.values().flat_map(|it| it.body.to_vec()).collect();
    assert!(!String::from_utf8_lossy(&held).contains("sk-"));
}

/// A policy that is broken leaves everything as it was for those who had it, and refuses the others by its name.
#[test]
fn a_broken_policy_leaves_what_was() {
    let good = provider("a", ", region: eu") + &provider("b", ", region: us") + &route("r", "{targets: [{model: m}]}");
    let mut pair = Pair::default();
    pair.push(&(good.clone() + &policy("{constraints: {regions: [eu]}}")));
    assert_eq!(pair.answers(&["r", "m"]), ["r: a/m", "m: a/m"]);
    let torn = good.clone() + &policy("{constraints: {regions: [eu], maxPrice: {input: lots}}}");
    pair.push(&torn);
    assert_eq!(pair.answers(&["r", "m", "x"]), ["r: a/m", "m: a/m", "x: !unknown"]);
    // Also through what comes after it, until it is mended.
    pair.push(&(torn.clone() + &provider("c", "")));
    assert_eq!(pair.answers(&["r"]), ["r: a/m"]);
    pair.push(&(good + &policy("{}")));
    assert_eq!(pair.answers(&["r"]), ["r: a/m b/m"]);
    assert!(pair.sidecar.kept.is_empty());

    let mut fresh = Pair::default();
    fresh.push(&torn);
    assert_eq!(fresh.answers(&["r", "m"]), ["r: !policy_broken", "m: !policy_broken"]);
}

/// A broken limit loosens no other: a policy that came or changed meanwhile, a provider or a key that is gone, end what had
/// gone on.
#[test]
fn what_goes_on_under_a_broken_policy_is_what_is_still_allowed() {
    let torn = policy("{models: {allow: ['a*b']}}");
    let system = |spec: &str| {
        format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\n\
             metadata: {{name: all, namespace: outrigger-system}}\nspec: {{namespaceSelector: {{}}, {spec}}}\n"
        )
    };
    let after = |then: String, now: String| {
        let mut pair = Pair::default();
        pair.push(&then);
        pair.push(&now);
        pair.answers(&["m"]).concat()
    };
    let good = || keyed("sk-1", "") + &provider("b", "");
    let all = "m: a/msk-1 b/m";
    assert_eq!(after(good(), good() + &torn), all);
    assert_eq!(
        after(good() + &system("providers: {deny: [c]}"), good() + &torn + &system("providers: {deny: [c]}")),
        all
    );
    // A policy more, or another one than the view was compiled under: nobody has asked it of what goes on.
    assert_eq!(after(good(), good() + &torn + &system("providers: {deny: [b]}")), "m: !policy_broken");
    assert_eq!(after(good() + &system("providers: {deny: [c]}"), good() + &torn + &system("")), "m: !policy_broken");
    // A policy less is no narrower.
    assert_eq!(after(good() + &system("providers: {deny: [c]}"), good() + &torn), all);
    // A provider that is gone, and one that allows this namespace no more.
    assert_eq!(after(good(), keyed("sk-1", "") + &torn), "m: a/msk-1");
    // A key that was revoked or rotated.
    assert_eq!(after(good(), keyed("' '", "") + &provider("b", "") + &torn), "m: b/m");
    assert_eq!(after(good(), keyed("sk-2", "") + &provider("b", "") + &torn), "m: b/m");
    // A provider that is broken itself goes on as it was.
    assert_eq!(after(good(), keyed("sk-1", ", limits: {requestsPerMinute: 0}") + &provider("b", "") + &torn), all);
}

/// A policy that was broken from the beginning keeps nothing, whatever comes after it.
#[test]
fn a_refused_view_is_nothing_to_go_on_with() {
    let mut pair = Pair::default();
    for rest in ["", "[{model: x}]"] {
        pair.push(
            &(provider("a", "")
                + &route("r", &format!("{{targets: [{{model: m}}], aliases: [{}]}}", rest.len()))
                + &policy("{models: {allow: ['a*b']}}")),
        );
        assert_eq!((pair.sidecar.kept.len(), pair.answers(&["r"])), (0, vec!["r: !policy_broken".to_owned()]));
    }
    let told = pair.sidecar.problems().concat();
    assert!(told.contains("ModelPolicy demo/p is broken, nothing is served under it"), "{told}");
}

/// Names of what cannot be used are taken, too: an earlier value does not answer for them.
#[test]
fn an_earlier_value_takes_no_name_of_a_sibling_that_cannot_be_used() {
    let mut pair = Pair::default();
    pair.push(&(provider("a", "") + &route("r", GOOD)));
    let torn = route("r", "{targets: [{model: m}], timeouts: {idle: soon}}");
    let other = route("s", "{aliases: [fast], targets: [{model: m}], timeouts: {idle: soon}}");
    pair.push(&(provider("a", "") + &torn + &other));
    assert_eq!(pair.answers(&["r", "fast"]), ["r: a/m", "fast: !policy_broken"]);
}

/// What is malformed leaves its earlier value and is said; the rest of the update applies.
#[test]
fn a_malformed_resource_is_rejected_alone() {
    let mut pair = Pair::default();
    pair.push(&(provider("a", "") + &route("r", GOOD)));
    let next = provider("a", "") + &provider("b", "") + &route("r", "{targets: [{model: m}]}");
    let mut update = pair.update(&resources(&next));
    for resource in update.resources.iter_mut().filter(|it| it.key == "route/demo/r") {
        resource.body = b"\x01nonsense".to_vec().into();
    }
    assert_eq!(pair.send(update.clone()), ["route/demo/r malformed"]);
    assert_eq!(pair.answers(&["r", "m"]), ["r: a/m", "m: a/m b/m"]);
    for resource in update.resources.iter_mut().filter(|it| it.key == "route/demo/r") {
        resource.hash = outrigger_api::hash(&resource.body).to_vec().into();
    }
    assert_eq!(pair.send(update), ["route/demo/r malformed"]);
    assert_eq!(pair.answers(&["r"]), ["r: a/m"]);
    // It is asked for again, since its hash is not among those held.
    assert_eq!(pair.push(&next), [""; 0]);
    assert_eq!(pair.answers(&["r"]), ["r: a/m b/m"]);
}

/// More than a sidecar ever holds changes nothing.
#[test]
fn an_update_beyond_the_bound_is_refused_as_a_whole() {
    let mut pair = Pair::default();
    pair.push(&(provider("a", "") + &route("r", GOOD)));
    let body = bytes::Bytes::from(vec![0; 9 << 20]);
    let hash: bytes::Bytes = outrigger_api::hash(&body).to_vec().into();
    let resource = |at| v1::Resource { key: format!("later/demo/{at}"), hash: hash.clone(), body: body.clone() };
    let update = v1::Update { resources: (0..8).map(resource).collect(), ..v1::Update::default() };
    let before = pair.sidecar.revision.clone();
    assert!(pair.sidecar.apply(update, SystemTime::now()).unwrap_err().contains("more than a sidecar holds"));
    assert_eq!((pair.sidecar.revision.clone(), pair.answers(&["r"])), (before, vec!["r: a/m".to_owned()]));
}

/// What is to be tried with files.
pub(crate) fn keyed_policy() -> String {
    keyed("sk-canary", "") + &route("r", GOOD)
}

/// What is not supported is said when it comes, and can be said again to whoever has not heard it.
#[test]
fn what_is_not_supported_is_known_for_as_long_as_it_is_held() {
    let mut pair = Pair::default();
    let told = |pair: &Pair, known: &[v1::Rejection]| {
        pair.sidecar.unsupported(known).into_iter().map(|it| format!("{} {}", it.key, it.code)).collect::<Vec<_>>()
    };
    // A body of a kind that is not known.
    let body = bytes::Bytes::new();
    let strange =
        |key: String| v1::Resource { key, hash: outrigger_api::hash(&body).to_vec().into(), body: body.clone() };
    let resources = vec![strange("route/demo/r".to_owned())];
    let update = v1::Update { revision: "1".to_owned(), resources, removed: Vec::new() };
    assert_eq!(pair.send(update), ["route/demo/r policy_unsupported"]);
    assert_eq!(told(&pair, &[]), ["route/demo/r policy_unsupported"]);
    let known = v1::Rejection { key: "route/demo/r".to_owned(), ..v1::Rejection::default() };
    assert_eq!(told(&pair, &[known]), [""; 0]);
    pair.push(&provider("a", ""));
    assert_eq!(told(&pair, &[]), [""; 0]);
    // As much as an ack holds.
    let resources = (0..1000).map(|at| strange(format!("route/demo/r{at}"))).collect();
    pair.send(v1::Update { revision: "2".to_owned(), resources, removed: Vec::new() });
    assert_eq!(told(&pair, &[]).len(), 64);
}
