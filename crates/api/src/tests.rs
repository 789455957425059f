//! Views there and back, and what becomes of what one side does not know.

use std::sync::LazyLock;

use outrigger_catalog::Catalog;
use outrigger_compile::{Scope, manifest};
use outrigger_route::{Snapshot, View, closed::Closed};
use prost::Message as _;

use crate::{
    decode::{self, Malformed, Part},
    encode::{Resources, encode},
    revision,
    v1::{self, body::Body},
};

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

const OBJECTS: &str = r#"
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: demo}
stringData: {one: sk-one, two: sk-two}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: main, namespace: demo}
spec:
  preset: anthropic
  region: eu
  dataPolicy: {training: Deny, retention: Zero}
  limits: {requestsPerMinute: 60, tokensPerMinute: 90000}
  headers: [{name: x-org, value: o}]
  credentials:
  - {name: one, secretKeyRef: {name: keys, key: one}, weight: 3}
  - {name: two, secretKeyRef: {name: keys, key: two}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: vllm, namespace: demo}
spec:
  dialects: [ChatCompletions]
  baseURL: http://vllm:8000/v1
  models:
  - {model: own/m, upstreamName: m-7b, quantization: Fp8, contextLength: 8192, maxOutput: 4096, inputModalities: [Text, Image],
     parameters: [tools, seed], prices: {input: "0.1", output: "0.2", cacheRead: "0.01", reasoning: "0.3", request: "0.001", image: "0.02"}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: r, namespace: demo}
spec:
  aliases: [fast]
  strategy: Weighted
  targets:
  - {model: own/m, provider: vllm, weight: 4, parameters: {set: {seed: 7}, remove: [user]}}
  - {model: anthropic/claude-haiku-4.5, priority: 2}
  constraints: {zeroDataRetention: true, denyTraining: true, regions: [eu, us], maxPrice: {input: "5", output: "9"}, quantizations: [Fp8, Unknown], requireParameters: true}
  failover: {attempts: 7, alsoOn: [ContextLength, NotFound], continueOnBreak: TextOnly, hedgeAfter: 2s, maxWait: 3s}
  timeouts: {connect: 1s, firstToken: 2s, answer: 3m, idle: 4s, total: 5m}
  stickiness: {mode: "Off", ttl: 7m}
  tracing: {messageContent: Recorded}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: torn, namespace: demo}
spec: {aliases: [x], targets: [{model: own/m}], timeouts: {idle: soon}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: torn, namespace: demo}
spec: {preset: nobody-knows}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: batch, namespace: demo}
spec: {workloads: {serviceAccounts: [batch]}, targets: [{model: own/m}]}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelPolicy
metadata: {name: strict, namespace: demo}
spec: {models: {deny: [anthropic/claude-opus*]}, constraints: {requireParameters: true}}
"#;

/// [`OBJECTS`], and a provider that is known by authorities of its own.
fn with_authorities() -> String {
    let pem = include_str!("../../compile/src/tests/authority.pem").replace('\n', "\n    ");
    format!(
        "{OBJECTS}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ca, namespace: demo}}\ndata:\n  ca.crt: |\n    {pem}\n\
         ---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: own, namespace: demo}}\n\
         spec: {{dialects: [ChatCompletions], baseURL: 'https://own/v1', models: [{{model: own/tls}}], tls: {{caRef: {{name: ca}}}}}}\n"
    )
}

fn view_of(yaml: &str) -> View {
    let (objects, problems) = manifest::parse("p.yaml", yaml, &|_| None);
    assert_eq!(problems, vec![]);
    let (world, ..) = manifest::assemble(objects);
    let workload =
        outrigger_compile::Workload { namespace: "demo".into(), service_account: "web".into(), ..Default::default() };
    outrigger_compile::view(&world, &CATALOG, &Scope::Selected(world.select(&workload))).0
}

fn decoded(resources: &Resources) -> View {
    let parts: Vec<(&str, Part)> =
        resources.iter().map(|(key, resource)| (&**key, decode::part(key, &resource.body).unwrap().unwrap())).collect();
    decode::view("", parts.iter().map(|(key, part)| (*key, part)))
}

fn snapshot(resources: &Resources) -> Snapshot {
    decoded(resources).assemble()
}

/// What is pushed means what was compiled: every field of every part arrives.
#[test]
fn a_view_comes_back_as_it_went() {
    let view = view_of(&with_authorities());
    assert_eq!(view.broken.len(), 2);
    assert!(view.providers["demo/own"].provider.authorities.is_some());
    assert!(!view.header.forbidden.is_empty() && !view.header.closed.is_empty());
    let back = decoded(&encode(&view));
    let (back_text, text) = (format!("{back:#?}"), format!("{view:#?}"));
    for (came, went) in back_text.lines().zip(text.lines()) {
        assert_eq!(came, went);
    }
    assert_eq!(back_text.lines().count(), text.lines().count());
    let keys = |view: &View| -> Vec<String> {
        view.credentials
            .values()
            .flat_map(|it| it.iter())
            .map(|it| format!("{}{}", it.id, it.secret.expose()))
            .collect()
    };
    assert_eq!(keys(&back), keys(&view));
}

/// The same objects give the same bytes: two control planes need not agree on anything else.
#[test]
fn the_same_objects_give_the_same_hashes_in_any_order() {
    let documents: Vec<&str> = OBJECTS.split("---\n").collect();
    let back: Vec<&str> = documents.iter().rev().copied().collect();
    assert_eq!(encode(&view_of(OBJECTS)), encode(&view_of(&back.join("\n---\n"))));
}

/// One provider more is that provider with its keys, and nothing else, in a view of 200 routes over any provider.
#[test]
fn one_provider_more_is_sent_alone() {
    let route = |at| {
        format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: r{at}, namespace: demo}}\n\
             spec: {{targets: [{{model: m}}]}}\n"
        )
    };
    let provider = |name| {
        format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}, namespace: demo}}\n\
             spec: {{dialects: [ChatCompletions], baseURL: 'http://{name}/v1', models: [{{model: m}}]}}\n"
        )
    };
    let routes: String = (0..200).map(route).collect();
    let before = encode(&view_of(&(routes.clone() + &provider("main"))));
    let after = encode(&view_of(&(routes + &provider("main") + &provider("aaa"))));
    let changed: Vec<&str> =
        after.iter().filter(|(key, it)| before.get(*key) != Some(*it)).map(|(key, _)| &**key).collect();
    assert_eq!(changed, ["credentials/demo/aaa", "provider/demo/aaa"]);
    assert!(before.keys().all(|key| after.contains_key(key)));
    assert_eq!(snapshot(&after).routes["r7"].targets.len(), 2);
}

#[test]
fn a_revision_is_of_keys_and_hashes() {
    let of = |list: &[(&str, &[u8])]| revision(list.iter().copied());
    assert_eq!(of(&[("a", b"1")]).len(), 32);
    assert_ne!(of(&[("a", b"1")]), of(&[("a", b"2")]));
    assert_ne!(of(&[("a", b"1")]), of(&[("b", b"1")]));
}

/// Field 900 of a message, which no version of this file has: a text, as a later one might add.
const FUTURE: &[u8] = &[0xa2, 0x38, 3, b'n', b'e', b'w'];

/// The resource under `key` with its body changed.
fn changed(resources: &mut Resources, key: &str, change: impl FnOnce(&mut v1::Body)) {
    let resource = resources.get_mut(key).unwrap();
    let mut body = v1::Body::decode(resource.body.clone()).unwrap();
    change(&mut body);
    resource.body = body.encode_to_vec().into();
}

/// The resource under `key` with a field of the future in its innermost message.
fn with_future_field(resources: &mut Resources, key: &str) {
    let resource = resources.get_mut(key).unwrap();
    // A body is one field: its tag, the length of what is in it, and that.
    let mut bytes = resource.body.to_vec();
    let tag = bytes[0];
    let mut rest = &bytes[1..];
    let length = prost::decode_length_delimiter(&mut rest).unwrap();
    let mut inner = rest[..length].to_vec();
    inner.extend_from_slice(FUTURE);
    bytes = vec![tag];
    prost::encode_length_delimiter(inner.len(), &mut bytes).unwrap();
    bytes.extend(inner);
    resource.body = bytes.into();
}

/// R-CFG-11: a hint of the future is left out, in every kind of resource, and everything else goes on.
#[test]
fn hints_that_nobody_knows_yet_are_left_out() {
    let plain = encode(&view_of(OBJECTS));
    for key in plain.keys() {
        let mut later = plain.clone();
        with_future_field(&mut later, key);
        assert_ne!(later[key].body, plain[key].body);
        assert_eq!(format!("{:?}", decoded(&later)), format!("{:?}", decoded(&plain)), "{key}");
    }
    let mut later = plain.clone();
    later.insert("weather/demo/fair".into(), plain["header"].clone());
    assert!(decode::part("weather/demo/fair", &later["header"].body).unwrap().is_none());
}

fn future_limit() -> v1::Limit {
    v1::Limit::decode(FUTURE).unwrap()
}

/// R-CFG-11: under a limit of the future nothing is served, and the name says so.
#[test]
fn limits_that_nobody_knows_yet_close_what_they_are_about() {
    let plain = encode(&view_of(OBJECTS));
    let why = |snapshot: &Snapshot, name: &str| match snapshot.closed.get(name).or(snapshot.otherwise.as_ref()) {
        Some(Closed::Unsupported { object }) => object.to_string(),
        other => format!("{other:?}"),
    };
    let mut later = plain.clone();
    changed(&mut later, "route/demo/r", |body| match &mut body.body {
        Some(Body::Route(route)) => route.limits.push(future_limit()),
        _ => panic!(),
    });
    let told = snapshot(&later);
    for name in ["r", "fast", "demo/r"] {
        assert_eq!((why(&told, name).as_str(), told.routes.contains_key(name)), ("ModelRoute demo/r", false));
    }
    assert!(told.models.contains_key("own/m"));

    let mut later = plain.clone();
    changed(&mut later, "route/demo/r", |body| match &mut body.body {
        Some(Body::Route(route)) => {
            let words = vec!["fp3".to_owned()];
            route.limits = vec![v1::Limit { kind: Some(v1::limit::Kind::Quantizations(v1::Words { words })) }];
        }
        _ => panic!(),
    });
    assert_eq!(why(&snapshot(&later), "r"), "ModelRoute demo/r");

    let mut later = plain.clone();
    changed(&mut later, "policy/demo/strict", |body| match &mut body.body {
        Some(Body::Policy(policy)) => policy.limits.push(future_limit()),
        _ => panic!(),
    });
    let told = snapshot(&later);
    assert_eq!((why(&told, "own/m").as_str(), told.models.len(), told.routes.len()), ("ModelPolicy demo/strict", 0, 0));

    let mut later = plain;
    changed(&mut later, "provider/demo/vllm", |body| match &mut body.body {
        Some(Body::Provider(provider)) => provider.limits.push(future_limit()),
        _ => panic!(),
    });
    assert!(!snapshot(&later).models.contains_key("own/m"));
}

/// A provider is never sent to whoever has a certificate by the public authorities because its own did not come: not by a
/// sidecar that does not know them, where they are none, or are more than one holds.
#[test]
fn authorities_that_do_not_arrive_leave_nobody_to_be_trusted() {
    use v1::limit::Kind as Limit;
    let plain = encode(&view_of(&with_authorities()));
    let served = |change: &dyn Fn(&mut Vec<v1::Limit>)| {
        let mut later = plain.clone();
        changed(&mut later, "provider/demo/own", |body| match &mut body.body {
            Some(Body::Provider(provider)) => change(&mut provider.limits),
            _ => panic!(),
        });
        snapshot(&later).models.contains_key("own/tls")
    };
    let with = |certificates: Vec<Vec<u8>>| {
        served(&|limits| {
            limits[0].kind = Some(Limit::Authorities(v1::Certificates { certificates: certificates.clone() }))
        })
    };
    assert!(served(&|limits| assert!(matches!(limits[..], [v1::Limit { kind: Some(Limit::Authorities(_)) }]))));
    // To a sidecar of before it is a field that it does not know.
    assert!(!served(&|limits| limits[0] = future_limit()));
    assert!(!with(Vec::new()));
    assert!(with(vec![vec![1]]));
    assert!(!with((0..65).map(|at| vec![at]).collect()));
    assert!(!with(vec![vec![0; (64 << 10) + 1]]));
    assert!(!served(&|limits| limits.push(limits[0].clone())));
    let mut later = plain.clone();
    changed(&mut later, "route/demo/r", |body| match &mut body.body {
        Some(Body::Route(route)) => {
            route.limits.push(v1::Limit { kind: Some(Limit::Authorities(v1::Certificates::default())) });
        }
        _ => panic!(),
    });
    assert!(matches!(snapshot(&later).closed["r"], Closed::Unsupported { .. }));
}

/// Of two limits of one kind neither is lost, and a header or a broken policy that cannot be read is no licence.
#[test]
fn what_narrows_is_never_read_as_nothing() {
    let plain = encode(&view_of(OBJECTS));
    let mut later = plain.clone();
    changed(&mut later, "route/demo/r", |body| match &mut body.body {
        Some(Body::Route(route)) => {
            let again = route.limits[0].clone();
            route.limits.push(again);
        }
        _ => panic!(),
    });
    assert!(matches!(snapshot(&later).closed["r"], Closed::Unsupported { .. }));
    for (key, body) in [
        ("header", None),
        ("policy/demo/strict", Some(Body::Broken(v1::Broken::default()))),
        ("policy/demo/strict", None),
    ] {
        let mut later = plain.clone();
        changed(&mut later, key, |all| all.body = body);
        assert!(snapshot(&later).otherwise.is_some() && snapshot(&later).routes.is_empty(), "{key}");
    }
}

/// A dialect that a sidecar does not speak is no reason to fail the rest, nor is one behind another that it does.
#[test]
fn the_first_dialect_that_is_known_is_spoken() {
    let plain = encode(&view_of(OBJECTS));
    for (dialects, served) in [(vec!["gemini"], false), (vec!["gemini", "openai"], true)] {
        let mut later = plain.clone();
        changed(&mut later, "provider/demo/vllm", |body| match &mut body.body {
            Some(Body::Provider(provider)) => provider.dialects = dialects.iter().map(ToString::to_string).collect(),
            _ => panic!(),
        });
        assert_eq!(snapshot(&later).models.contains_key("own/m"), served, "{dialects:?}");
    }
}

#[test]
fn a_body_under_the_wrong_key_is_malformed() {
    let plain = encode(&view_of(OBJECTS));
    let malformed = |key, of: &str| matches!(decode::part(key, &plain[of].body), Err(Malformed(_)));
    assert!(malformed("route/demo/other", "route/demo/r"));
    assert!(malformed("policy/demo/r", "route/demo/r"));
    assert!(malformed("credentials/other/main", "credentials/demo/main"));
    assert!(matches!(decode::part("route/demo/r", b"\xff\xff"), Err(Malformed(_))));
}

/// Z6: no key in the `Debug` of anything that holds one.
#[test]
fn keys_are_never_shown() {
    let resources = encode(&view_of(OBJECTS));
    let body = v1::Body::decode(resources["credentials/demo/main"].body.clone()).unwrap();
    let update = v1::Update {
        resources: vec![v1::Resource { body: resources["credentials/demo/main"].body.clone(), ..Default::default() }],
        ..Default::default()
    };
    for shown in
        [format!("{resources:?}"), format!("{body:?}"), format!("{:?}", decoded(&resources)), format!("{update:?}")]
    {
        assert!(!shown.contains("sk-one"), "{shown}");
    }
}
