use outrigger_compile::{Unreadable, World, manifest};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;

fn object(kind: &str, name: &str, spec: Value) -> Result<Object, Unreadable> {
    manifest::object(json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": "a"}, "spec": spec}))
}

fn put(object: Result<Object, Unreadable>) -> Edit {
    Edit { put: vec![object], ..Edit::default() }
}

fn route() -> Edit {
    put(object("ModelRoute", "r", json!({"targets": [{"model": "m", "provider": "p"}]})))
}

fn outlook(world: Option<World>) -> Outlook {
    let (_, worlds) = watch::channel(world.map(Arc::new));
    Outlook::new(Arc::new(Catalog::embedded()), worlds, Arc::default(), None, Some(BTreeSet::from(["a".to_owned()])))
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn nothing_is_known_before_there_is_policy() {
    let none = outlook(None);
    assert_eq!(none.foresee(route(), LONG).await, Err(Unknown::Pending));
    let outlook = outlook(Some(World::default()));
    assert!(outlook.concerns("a") && outlook.concerns("outrigger-system") && !outlook.concerns("b"));
}

/// A file of a provider and its route, applied faster than the watch tells.
#[tokio::test]
async fn what_was_let_in_is_there_for_the_next() {
    let outlook = outlook(Some(World::default()));
    let spec = json!({"dialects": ["ChatCompletions"], "baseURL": "http://m/v1", "models": [{"model": "m"}]});
    let alone = outlook.foresee(route(), LONG).await.unwrap();
    assert!(alone.broken.iter().any(|it| it.reason.contains("there is no ModelProvider of this name")), "{alone:?}");
    outlook.is_coming(put(object("ModelProvider", "p", spec)));
    let change = outlook.foresee(route(), LONG).await.unwrap();
    assert!(change.broken.is_empty() && change.opened.len() == 1, "{change:?}");
}

/// At the bound: whoever comes beyond it waits, and no longer than it said.
#[tokio::test]
async fn those_beyond_the_bound_wait_and_are_late() {
    let outlook = outlook(Some(World::default()));
    let all = outlook.room.clone().acquire_many_owned(AT_ONCE as u32).await.unwrap();
    assert_eq!(outlook.foresee(route(), Duration::from_millis(20)).await, Err(Unknown::Late));
    drop(all);
    assert!(outlook.foresee(route(), LONG).await.is_ok());
}

#[test]
fn only_what_is_object_ofand_not_in_the_edit_is_looked_up() {
    let key = |secret: &str| json!({"name": secret, "secretKeyRef": {"name": secret, "key": "k"}});
    let provider = object(
        "ModelProvider",
        "p",
        json!({"preset": "openai", "credentials": [key("x"), key("y")],
        "tls": {"caRef": {"name": "ca"}}}),
    );
    let secret = manifest::object(json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "y", "namespace": "a"}, "stringData": {"k": "v"}}));
    let edit = Edit { put: vec![provider, secret], ..Edit::default() };
    let object_of = |kind, name: &str| ObjectRef { kind, namespace: "a".to_owned(), name: name.to_owned() };
    let (x, ca) =
        (object_of(outrigger_compile::Kind::Secret, "x"), object_of(outrigger_compile::Kind::ConfigMap, "ca"));
    assert_eq!(named(&edit, &Lately::default()), [x.clone(), ca.clone()]);
    // A route comes just behind them: what they name is looked up for it, too.
    let mut lately = Lately::default();
    lately.add(edit, Instant::now());
    assert_eq!(named(&route(), &lately), [x, object_of(outrigger_compile::Kind::Secret, "y"), ca]);
}
