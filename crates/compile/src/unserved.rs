//! What to say of a model that nobody serves: who would.

use std::collections::HashMap;

use outrigger_catalog::{Catalog, Provider};
use outrigger_route::snapshot::{Names, Snapshot};
use outrigger_wire::Dialect;

/// Longer lists help nobody in an error message.
const NAMED: usize = 6;

/// Catalogue models that are not in `models`, with who would serve each.
pub(crate) fn unserved(catalog: &Catalog, snapshot: &Snapshot) -> Names<Box<str>> {
    let Snapshot { targets, models, .. } = snapshot;
    // Slug to the object that is configured for it, and so leaves the model out on purpose.
    let configured: HashMap<&str, &str> =
        targets.iter().map(|target| (&*target.provider.slug, &*target.provider.name)).collect();
    let mut all = Names::default();
    for model in catalog.models().iter().filter(|model| !models.contains_key(model.id.as_str())) {
        let mut slugs: Vec<&str> = catalog.offers_for(&model.id).map(|offer| offer.provider.as_str()).collect();
        slugs.dedup();
        let mut providers: Vec<&Provider> = slugs.into_iter().filter_map(|slug| catalog.provider(slug)).collect();
        // Those one could use now first, and the model's own author first of all.
        let author = model.id.split('/').next().unwrap_or_default();
        providers.sort_by_key(|provider| (!is_spoken(provider), provider.slug != author));
        let mut texts: Vec<String> = providers
            .iter()
            .take(NAMED)
            .map(|provider| offer(provider, configured.get(provider.slug.as_str())))
            .collect();
        if providers.len() > NAMED {
            texts.push(format!("and {} more", providers.len() - NAMED));
        }
        all.insert(model.id.as_str().into(), texts.join(", ").into());
    }
    all
}

fn offer(provider: &Provider, configured: Option<&&str>) -> String {
    let Provider { slug, name, dialects, base_url, env, .. } = provider;
    let hint = match (is_spoken(provider), configured, env.first()) {
        (false, ..) => format!("dialect {} is not supported yet", dialects.join(", ")),
        (_, Some(object), _) => format!("ModelProvider {object} does not list it"),
        (_, _, Some(variable)) if base_url.is_some() => format!("set {variable}"),
        _ => format!("add a ModelProvider with preset {slug}"),
    };
    format!("{name} ({hint})")
}

/// Whether this build speaks anything that it does.
fn is_spoken(provider: &Provider) -> bool {
    provider.dialects.iter().any(|word| Dialect::parse(word).is_some())
}
