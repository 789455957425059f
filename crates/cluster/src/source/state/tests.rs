use serde_json::{Value, json};

use super::*;
use crate::source::kept::News;
use kube_runtime::watcher::Event;

const RETRY: &str = "kubectl -n a create role";

struct Told {
    shared: Shared,
    now: Instant,
}

impl Told {
    fn new() -> Self {
        let account = Account::of("system:serviceaccount:system:control-plane");
        Self { shared: Shared::new("system".to_owned(), None, account), now: Instant::now() }
    }

    /// Every kind, listed: these providers and nothing else.
    fn listed(providers: &[Value]) -> Self {
        let told = Self::new();
        for kind in [Kind::ModelRoute, Kind::ModelPolicy] {
            told.shared.item(kind, Event::Init);
            told.shared.item(kind, Event::InitDone);
        }
        told.shared.namespace(Event::Init);
        told.shared.namespace(Event::InitDone);
        told.list(providers);
        told
    }

    fn list(&self, providers: &[Value]) {
        self.shared.item(Kind::ModelProvider, Event::Init);
        for provider in providers {
            self.shared.item(Kind::ModelProvider, Event::InitApply(item(provider)));
        }
        self.shared.item(Kind::ModelProvider, Event::InitDone);
    }

    fn apply(&self, provider: &Value) {
        self.shared.item(Kind::ModelProvider, Event::Apply(item(provider)) as News<Item>);
    }

    fn secret(&self, now: Now, value: Option<&str>) {
        let read = value.map(|value| {
            let secret = json!({"metadata": {"name": "keys", "namespace": "a"}, "stringData": {"first": value}});
            Object::Secret(serde_json::from_value(secret).unwrap())
        });
        let keys = ObjectRef { kind: Kind::Secret, namespace: "a".to_owned(), name: "keys".to_owned() };
        self.shared.named(&keys, now, read);
    }

    fn now(&self) -> Assembled {
        self.shared.lock().assemble(self.now)
    }

    /// The key that is served, and what is said of the `Secret`.
    fn key(&self) -> (Option<String>, Option<String>) {
        let world = self.now().world;
        let key = world.secrets.first().and_then(|it| it.value("first"));
        let unread = world.unreadable.first().map(|it| it.reason.clone());
        (key.map(|key| String::from_utf8(key.to_vec()).unwrap()), unread)
    }
}

fn item(value: &Value) -> (ObjectRef, Item) {
    Item::of(Kind::ModelProvider, serde_json::from_value(value.clone()).unwrap())
}

fn provider(name: &str) -> Value {
    json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "ModelProvider",
        "metadata": {"name": name, "namespace": "a", "generation": 1, "uid": name},
        "spec": {"preset": "openai", "credentials": [{"name": "first", "secretKeyRef": {"name": "keys", "key": "first"}}]},
    })
}

/// R-CFG-10: half of a policy is none.
#[test]
fn nothing_is_served_before_every_kind_was_listed() {
    let told = Told::new();
    told.list(&[provider("one")]);
    assert_eq!(told.now().standing.pending.as_deref(), Some("policy_pending: no ModelRoute was listed yet"));
    let why = "the API server knows no ModelRoute: install the CRDs";
    told.shared.failed(Kind::ModelRoute, why.to_owned(), told.now);
    assert!(told.now().standing.pending.is_some_and(|pending| pending.ends_with(why)));
    assert_eq!(Told::listed(&[]).now().standing, Standing::default());
}

#[test]
fn a_secret_is_waited_for_and_not_for_ever() {
    let mut told = Told::listed(&[provider("one")]);
    assert!(told.now().waiting.is_some());
    told.secret(Now::There, Some("sk-1"));
    assert_eq!((told.now().waiting, told.key()), (None, (Some("sk-1".to_owned()), None)));

    told = Told::listed(&[provider("one")]);
    assert!(told.now().waiting.is_some());
    told.now += PATIENCE;
    assert_eq!(told.now().waiting, None);
    assert!(told.key().1.is_some_and(|why| why.contains("has not answered")));
}

#[test]
fn a_secret_that_may_not_be_read_is_told_with_what_to_do_and_goes_on_where_it_was_read() {
    let told = Told::listed(&[provider("one")]);
    told.secret(Now::Withheld, None);
    assert!(matches!(told.key(), (None, Some(why)) if why.contains(RETRY)));
    told.secret(Now::There, Some("sk-1"));
    told.secret(Now::Withheld, None);
    assert!(matches!(told.key(), (Some(key), Some(why)) if key == "sk-1" && why.contains(RETRY)));
    told.secret(Now::There, Some("sk-2"));
    assert_eq!(told.key(), (Some("sk-2".to_owned()), None));
}

#[test]
fn a_secret_that_is_deleted_is_gone() {
    let told = Told::listed(&[provider("one")]);
    told.secret(Now::There, Some("sk-1"));
    told.secret(Now::Gone, None);
    assert_eq!(told.key(), (None, None));
    // As far as a list tells; but not if the same API server has lost the providers too.
    told.secret(Now::There, Some("sk-1"));
    told.secret(Now::NotListed, None);
    assert_eq!(told.key(), (None, None));
    told.secret(Now::There, Some("sk-1"));
    told.list(&[]);
    told.secret(Now::NotListed, None);
    assert_eq!(told.key(), (Some("sk-1".to_owned()), None));
}

/// A `ConfigMap` of certificates is waited for, told, kept and gone as a `Secret` is.
#[test]
fn a_config_map_that_is_named_is_followed_as_a_secret_is() {
    let mut known = provider("one");
    known["spec"] = json!({"preset": "openai", "tls": {"caRef": {"name": "keys"}}});
    let told = Told::listed(&[known]);
    let keys = ObjectRef { kind: Kind::ConfigMap, namespace: "a".to_owned(), name: "keys".to_owned() };
    assert_eq!((told.now().wanted, told.now().waiting.is_some()), ([keys.clone()].into(), true));
    let read = |text: &str| {
        let it = json!({"metadata": {"name": "keys", "namespace": "a"}, "data": {"ca.crt": text}});
        Some(Object::ConfigMap(serde_json::from_value(it).unwrap()))
    };
    let now = || {
        let world = told.now().world;
        let text = world.config_maps.first().and_then(|it| it.value("ca.crt"));
        let text = text.map(|text| String::from_utf8(text.to_vec()).unwrap());
        (text, world.unreadable.first().map(|it| it.reason.clone()))
    };
    told.shared.named(&keys, Now::There, read("one"));
    assert_eq!((now(), told.now().waiting), ((Some("one".to_owned()), None), None));
    told.shared.named(&keys, Now::Withheld, None);
    assert!(matches!(now(), (Some(text), Some(why)) if text == "one" && why.contains("--resource=configmaps")));
    told.shared.named(&keys, Now::There, read("two"));
    assert_eq!(now(), (Some("two".to_owned()), None));
    told.shared.named(&keys, Now::Gone, None);
    assert_eq!(now(), (None, None));
}

#[test]
fn a_secret_that_nobody_names_is_forgotten() {
    let told = Told::listed(&[provider("one")]);
    told.secret(Now::There, Some("sk-1"));
    let mut keyless = provider("one");
    keyless["spec"] = json!({"preset": "openai"});
    told.apply(&keyless);
    assert!(told.now().wanted.is_empty() && told.now().world.secrets.is_empty());
    assert!(told.shared.lock().named.is_empty());
}

#[test]
fn objects_of_other_namespaces_than_those_to_be_followed_are_not_there() {
    let mut told = Told::new();
    let only = Some(["b".to_owned()].into());
    told.shared = Shared::new("system".to_owned(), only, Account::default());
    let of = |namespace: &str| {
        let mut provider = provider("one");
        provider["metadata"]["namespace"] = json!(namespace);
        provider
    };
    told.list(&[of("a"), of("b"), of("system")]);
    told.apply(&of("c"));
    let namespaces: Vec<String> = told.now().observed.into_iter().map(|it| it.object.namespace).collect();
    assert_eq!(namespaces, ["b", "system"]);
}

/// R-CFG-10: what cannot be read is there all the same.
#[test]
fn a_bad_object_is_in_the_world_by_name_and_is_observed() {
    let mut bad = provider("one");
    bad["spec"]["preset"] = json!(7);
    let told = Told::listed(&[bad, provider("two")]);
    let Assembled { world, observed, .. } = told.now();
    let names: Vec<&str> = world.unreadable.iter().map(|it| it.object.name.as_str()).collect();
    assert_eq!((names, world.providers.len(), observed.len()), (vec!["one"], 1, 2));
}

#[test]
fn a_watch_that_fails_is_told_as_long_as_it_does() {
    let mut told = Told::listed(&[provider("one")]);
    told.shared.failed(Kind::ModelRoute, "may not".to_owned(), told.now);
    assert_eq!(told.now().standing.stale.as_deref(), Some("ModelRoute is not followed: may not"));
    told.now += TROUBLE;
    assert_eq!(told.now().standing.stale, None);
}

#[test]
fn what_is_held_against_the_api_servers_word_is_told() {
    let told = Told::listed(&[provider("one")]);
    told.list(&[]);
    assert_eq!(told.now().world.providers.len(), 1);
    assert!(told.now().standing.stale.is_some_and(|why| why.contains("lists no ModelProvider")));
    told.list(&[provider("one")]);
    assert_eq!(told.now().standing.stale, None);
}
