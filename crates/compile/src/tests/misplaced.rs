//! H12: a key in the wrong place is never printed.

use outrigger_crd::{SidecarProfileSpec, told};
use outrigger_route::closed::Closed;
use serde_json::{Value, json};

use super::{CATALOG, env};
use crate::{Scope, describe, manifest, view};

const KEY: &str = "sk-live-SECRET-0123456789";

/// Objects in which every field is set, which have nothing wrong.
fn good() -> Vec<Value> {
    let object = |kind: &str, name: &str, spec: Value| {
        json!({
            "apiVersion": "outrigger.dev/v1alpha1", "kind": kind,
            "metadata": {"name": name, "namespace": "demo", "labels": {"app": "web"}, "annotations": {"a": "b"},
                "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 1, "uid": "u"},
            "spec": spec,
        })
    };
    let selector = json!({"matchLabels": {"team": "a"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["x", "y"]}]});
    let constraints = json!({"zeroDataRetention": false, "denyTraining": false, "regions": ["eu"],
        "maxPrice": {"input": "9", "output": "9"}, "quantizations": ["Fp8"], "requireParameters": true});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo", "labels": {"team": "a", "tier": "x"}}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "demo"}, "type": "Opaque",
            "data": {"second": "c2stdHdv"}, "stringData": {"first": "sk-one"}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "authorities", "namespace": "demo"},
            "data": {"ca.crt": include_str!("authority.pem")}, "binaryData": {"other": "c2stdHdv"}}),
        object(
            "ModelProvider",
            "main",
            json!({
            "dialects": ["ChatCompletions"], "baseURL": "https://main/v1", "auth": {"scheme": "Header", "header": "x-api-key"},
            "headers": [{"name": "x-team", "value": "a"}], "displayName": "Main", "region": "eu",
            "dataPolicy": {"training": "Deny", "retention": "Zero"},
            "tls": {"caRef": {"kind": "ConfigMap", "name": "authorities", "key": "ca.crt"}},
            "credentials": [
                {"name": "one", "secretKeyRef": {"name": "keys", "key": "first"}, "weight": 1},
                {"name": "two", "secretKeyRef": {"name": "keys", "key": "second"}, "weight": 2}],
            "models": [{"model": "a", "upstreamName": "a-1", "quantization": "Fp8", "contextLength": 1000,
                "maxOutput": 100, "inputModalities": ["Text"], "parameters": ["seed"],
                "prices": {"input": "1", "output": "2", "cacheRead": "1", "cacheWrite5m": "1", "cacheWrite1h": "1",
                    "reasoning": "1", "inputAudio": "1", "outputAudio": "1", "inputImage": "1", "outputImage": "1",
                    "request": "1", "image": "1"}}, {"model": "b", "quantization": "Fp8", "prices": {"input": "1", "output": "1"}}],
            "limits": {"requestsPerMinute": 10, "tokensPerMinute": 1000},
            "allowedNamespaces": {"from": "Selector", "selector": selector}}),
        ),
        object(
            "ModelProvider",
            "preset",
            json!({"preset": "openai", "region": "eu",
            "credentials": [{"name": "one", "secretKeyRef": {"name": "keys", "key": "first"}}],
            "models": [{"model": "openai/gpt-4o-mini", "quantization": "Fp8"}]}),
        ),
        object(
            "ModelRoute",
            "route",
            json!({
            "aliases": ["fast"], "workloads": {"selector": selector, "serviceAccounts": ["s"]}, "strategy": "Priority",
            "targets": [
                {"model": "a", "provider": "main", "priority": 0, "weight": 1,
                    "parameters": {"set": {"seed": 1, "stop": ["x"]}, "remove": ["top_p"]}},
                {"model": "b", "provider": "demo/main", "priority": 1, "weight": 1},
                {"model": "openai/gpt-4o-mini"}],
            "constraints": constraints,
            "failover": {"attempts": 3, "alsoOn": ["NotFound"], "continueOnBreak": "TextOnly", "hedgeAfter": "2s",
                "maxWait": "1s"},
            "timeouts": {"connect": "1s", "firstToken": "2s", "answer": "3s", "idle": "4s", "total": "50s"},
            "stickiness": {"mode": "Auto", "ttl": "5m"}}),
        ),
        object(
            "ModelPolicy",
            "policy",
            json!({
            "workloads": {"selector": selector, "serviceAccounts": ["s"]}, "constraints": constraints,
            "models": {"allow": ["*"], "deny": ["c"]}, "providers": {"allow": ["*"], "deny": ["d"]},
            "bareModels": "Allow"}),
        ),
        object(
            "SidecarProfile",
            "default",
            json!({
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
            "ports": {"listen": 4100, "admin": 4101, "probe": 4102}, "drain": "30s",
            "log": {"filter": "info", "format": "JSON"}, "requests": {"maxBody": "1Mi", "buffer": "2Mi", "threads": 2},
            "maxStaleness": "1h", "bootstrapSecrets": "Mount", "variables": {"addresses": "Leave", "dummyKeys": "Always"}}),
        ),
    ]
}

/// `good` with one thing made wrong, at every place in turn: the value, its key, an item more, a key more.
fn wrong(good: &Value) -> Vec<Value> {
    let (mut all, mut places) = (vec![json!(KEY), json!([KEY]), json!({KEY: KEY})], Vec::new());
    walk(good, "", &mut places);
    for place in places {
        let mut put = |value: Value| {
            let mut wrong = good.clone();
            *wrong.pointer_mut(&place).unwrap() = value;
            all.push(wrong);
        };
        for value in [json!(KEY), json!([KEY, KEY]), json!({KEY: KEY})] {
            put(value);
        }
        match good.pointer(&place).unwrap() {
            Value::Array(items) => {
                put(items.iter().cloned().chain([json!(KEY), json!(KEY)]).collect());
            }
            Value::Object(map) => {
                for value in [json!(KEY), json!(7)] {
                    let mut more = map.clone();
                    more.insert(KEY.to_owned(), value);
                    put(more.into());
                }
                for renamed in map.keys() {
                    put(map
                        .iter()
                        .map(|(key, it)| (if key == renamed { KEY } else { key }.to_owned(), it.clone()))
                        .collect());
                }
            }
            Value::String(text) => {
                put(json!(format!("{text}{KEY}")));
                put(json!(format!("https://{KEY}@h/v1?{KEY}")));
            }
            _ => {}
        }
    }
    all
}

fn walk(value: &Value, at: &str, places: &mut Vec<String>) {
    let mut go = |step: &str, value: &Value| {
        let place = format!("{at}/{}", step.replace('~', "~0").replace('/', "~1"));
        places.push(place.clone());
        walk(value, &place, places);
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| go(&at.to_string(), item)),
        Value::Object(map) => map.iter().for_each(|(key, value)| go(key, value)),
        _ => {}
    }
}

/// All that is told of a file and its objects, by whatever way.
fn told_of(text: &str) -> Vec<String> {
    let (objects, files) = manifest::parse("p.yaml", text, &env);
    let (world, locations, more) = manifest::assemble(objects);
    let mut told: Vec<String> = files.iter().chain(&more).map(ToString::to_string).collect();
    let (view, problems) = view(&world, &CATALOG, &Scope::Namespace("demo".to_owned()));
    told.extend(problems.iter().map(|problem| describe(problem, &locations)));
    told.extend(view.broken.values().map(|broken| broken.reason.to_string()));
    told.extend(view.header.refused.iter().map(|why| format!("{why:?}")));
    told.extend(view.assemble().closed.values().filter_map(|why| match why {
        Closed::Broken { reason, .. } | Closed::NoTargets { reason, .. } => Some(reason.to_string()),
        _ => None,
    }));
    told.extend(crate::problems(&world, &CATALOG).iter().map(ToString::to_string));
    told
}

/// As it is read by whoever puts sidecars into pods.
fn profile_of(object: &Value) -> Option<Result<SidecarProfileSpec, told::Unread>> {
    let is_one = object.get("kind").is_some_and(|kind| kind == "SidecarProfile");
    object.get("spec").filter(|_| is_one).map(|spec| told::read(spec.clone()))
}

#[test]
fn objects_that_are_right_have_no_problem() {
    let all: String = good().iter().map(|object| format!("---\n{object}\n")).collect();
    let told = told_of(&all);
    assert!(told.iter().all(|line| line.contains("SidecarProfile is ignored")), "{told:#?}");
    assert_eq!(good().iter().filter_map(profile_of).filter_map(Result::err).collect::<Vec<_>>(), []);
}

/// H12: names of objects are told, for whoever is to mend one must find it. A name is lower-case letters, digits, `-` and
/// `.`, and what is none is not told either.
#[test]
fn a_key_in_the_wrong_place_is_told_by_nobody() {
    let (good, mut tried, mut leaks) = (good(), 0, Vec::new());
    for (at, object) in good.iter().enumerate() {
        for wrong in wrong(object) {
            let objects = good.iter().enumerate().map(|(other, it)| if other == at { &wrong } else { it });
            let all: String = objects.map(|object| format!("---\n{object}\n")).collect();
            tried += 1;
            leaks.extend(told_of(&all).into_iter().filter(|line| line.contains("SECRET")));
            if let Some(Err(unread)) = profile_of(&wrong) {
                leaks.extend(Some(format!("{unread} {unread:?}")).filter(|text| text.contains("SECRET")));
            }
            let alone = manifest::object(wrong).err().map(|unread| unread.reason);
            leaks.extend(alone.filter(|reason| reason.contains("SECRET")));
        }
    }
    leaks.sort();
    leaks.dedup();
    assert!(leaks.is_empty(), "{tried} tried, {} texts hold it:\n{}", leaks.len(), leaks.join("\n"));
    assert!(tried > 1_500, "{tried}");
}

/// H12, of YAML that is none.
#[test]
fn broken_yaml_is_told_by_its_place() {
    let texts = [
        KEY.to_owned(),
        format!("{KEY}: {KEY}\n{KEY}: {KEY}"),
        format!("a: [{KEY}"),
        format!("a: {KEY}: {KEY}"),
        format!("a: *{KEY}"),
        format!("a: !{KEY}!{KEY} x"),
        format!("a: \"{KEY}"),
        format!("a: \"\\{KEY}\""),
        format!("? [{KEY}]\n: x"),
        format!("%{KEY} x\n---\na: b"),
        format!("%TAG !{KEY}! {KEY}\n---\na: b"),
        format!("\t{KEY}: x"),
        format!("a: b\n  {KEY}: x"),
        format!("- {KEY}\na: b"),
        format!("a: |{KEY}\n  x"),
        format!("@{KEY}"),
        format!("&{KEY} &{KEY} a"),
    ];
    for text in texts {
        for line in told_of(&text) {
            assert!(!line.contains("SECRET"), "{text:?}: {line}");
        }
    }
}
