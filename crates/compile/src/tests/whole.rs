//! Properties of the whole translation.

use super::*;

/// K2, R-CFG-7: the revision is a hash of the content: the same objects in any order give the same one, any change
/// another.
#[test]
fn the_revision_follows_the_content_and_not_the_order() {
    let documents = [
        secret("s", "{k: sk-1}"),
        provider("x", "{preset: groq, credentials: [{name: k, secretKeyRef: {name: s, key: k}}]}"),
        route("r", "{aliases: [y], targets: [{model: a}]}"),
        route("q", "{aliases: [y], targets: [{model: b}]}"),
        format!("---{MAIN}"),
    ];
    let forth = snapshot(&documents.concat());
    let back = snapshot(&documents.iter().rev().cloned().collect::<String>());
    assert_eq!(forth.revision, back.revision);
    assert_eq!(routes_of(&forth), routes_of(&back));
    for (from, to) in [
        ("sk-1", "sk-2"),
        ("[y]", "[z]"),
        ("model: b}", "model: b, weight: 2}"),
        ("preset: groq", "region: eu, preset: groq"),
    ] {
        assert_ne!(forth.revision, snapshot(&documents.concat().replace(from, to)).revision, "{from}");
    }
}

#[test]
fn identities_survive_everything_but_what_they_are_made_of() {
    let yaml = |region: &str, key: &str| {
        secret("s", &format!("{{k: {key}}}"))
            + &provider(
                "x",
                &format!(
                    "{{region: {region}, preset: groq, credentials: [{{name: k, secretKeyRef: {{name: s, key: k}}}}]}}"
                ),
            )
    };
    let ids = |yaml: String| {
        let target = snapshot(&yaml).targets[0].clone();
        (target.id, target.provider.credentials[0].id)
    };
    let first = ids(yaml("eu", "one"));
    assert_eq!(ids(yaml("us", "one")), first);
    let rotated = ids(yaml("eu", "two"));
    assert_eq!(rotated.0, first.0);
    assert_ne!(rotated.1, first.1);
}

/// R-CFG-5: one object that cannot be meant is left out with its reason, and everything else compiles.
#[test]
fn one_bad_object_does_not_sink_its_siblings() {
    let yaml = MAIN.to_owned()
        + &provider("bad", "{preset: nonsense-xyz}")
        + &route("r", "{targets: [{model: a, provider: bad}, {model: a, provider: main}]}");
    check(
        &told(&yaml),
        &[
            "demo/r: main:a p0 w1",
            "r: main:a p0 w1",
            "p.yaml:10: ModelProvider demo/bad spec.preset: there is no such preset",
            "p.yaml:15: ModelRoute demo/r spec.targets[0].provider: warning: ModelProvider demo/bad cannot be used; its own \
         problems say why",
        ],
    );
}

#[test]
fn keys_in_the_environment_become_providers() {
    let env = |name: &str| {
        (["GROQ_API_KEY", "ANTHROPIC_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"].contains(&name)).then(|| "sk".into())
    };
    let world = World::from_env(&CATALOG, &env);
    let (snapshot, problems) = compile(&world, &CATALOG, &Scope::All);
    let names: Vec<_> = world.providers.iter().filter_map(|it| it.metadata.name.as_deref()).collect();
    assert_eq!((names, problems), (vec!["anthropic", "groq"], vec![]));
    assert!(snapshot.models.contains_key("anthropic/claude-haiku-4.5"));
}

#[test]
fn an_empty_world_is_an_empty_snapshot_that_knows_what_is_missing() {
    let (snapshot, problems) = compile(&World::default(), &CATALOG, &Scope::All);
    assert_eq!((snapshot.targets.len(), problems.len()), (0, 0));
    assert_eq!(snapshot.closed.len(), CATALOG.models().len());
}
