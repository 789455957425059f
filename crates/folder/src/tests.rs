//! What takes more than one file of ours.

mod files;
mod saves;
mod settling;

use outrigger_compile::World;

use crate::Edit;

/// A route as YAML, to a model that tells its versions apart.
fn route(name: &str, model: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: {name}}}\n\
         spec: {{targets: [{{model: \"{model}\"}}]}}\n"
    )
}

/// A route of which only the name can be read.
fn broken(name: &str) -> String {
    route(name, "m").replace("spec:", "unknown: field\nspec:")
}

/// Nothing is set.
fn no_env(_: &str) -> Option<String> {
    None
}

/// The routes of a world with their models, what cannot be read with `!`, and `?` if not even that is known.
fn told(world: &World) -> String {
    let routes = world.routes.iter().map(|route| {
        let (name, model) = (route.metadata.name.clone().unwrap(), &route.spec.targets[0].model);
        if model == "m" { name } else { format!("{name}={model}") }
    });
    let providers = world.providers.iter().map(|provider| provider.metadata.name.clone().unwrap());
    let secrets = world.secrets.iter().map(|secret| format!("secret/{}", secret.metadata.name.clone().unwrap()));
    let namespaces = world.namespaces.keys().map(|name| format!("namespace/{name}"));
    let unreadable = world.unreadable.iter().map(|unread| format!("{}!", unread.object.name));
    let mut all: Vec<String> = routes.chain(providers).chain(secrets).chain(namespaces).chain(unreadable).collect();
    all.sort();
    all.extend(world.incomplete.then(|| "?".to_owned()));
    all.join(" ")
}

/// The same of an edit, with why it is stale.
fn said(edit: &Edit) -> String {
    match &edit.stale {
        Some(reason) => format!("{} ({reason})", told(&edit.world)),
        None => told(&edit.world),
    }
}
