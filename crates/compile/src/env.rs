//! A world out of environment variables: what runs when nobody wrote a policy.

use std::collections::BTreeMap;

use outrigger_catalog::Catalog;
use outrigger_crd::{
    ModelProvider, ModelProviderSpec, Secret,
    k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    provider::{Credential, SecretKeyRef},
    secret::Hidden,
};
use outrigger_wire::Dialect;

use crate::world::World;

/// Key of the one value in each `Secret` made here.
const KEY: &str = "api-key";

impl World {
    /// One `ModelProvider` in namespace `default` for each provider of the catalogue whose key is in the environment,
    /// whose dialect is built and whose address is known, each with its `Secret`.
    pub fn from_env(catalog: &Catalog, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut world = Self::default();
        for preset in catalog.providers() {
            if preset.dialects.iter().all(|word| Dialect::parse(word).is_none()) || preset.base_url.is_none() {
                continue;
            }
            let key = preset.env.iter().filter_map(|variable| env(variable)).find(|key| !key.trim().is_empty());
            let Some(key) = key else { continue };
            // The letters of a slug that no object's name may hold.
            let name = preset.slug.replace('_', "-");
            let metadata =
                ObjectMeta { name: Some(name.clone()), namespace: Some("default".to_owned()), ..ObjectMeta::default() };
            let spec = ModelProviderSpec {
                preset: Some(preset.slug.clone()),
                credentials: vec![Credential {
                    name: "env".to_owned(),
                    secret_key_ref: SecretKeyRef { name, key: KEY.to_owned() },
                    weight: 1,
                }],
                ..ModelProviderSpec::default()
            };
            world.providers.push(ModelProvider { metadata: metadata.clone(), spec, status: None });
            let string_data = Hidden(BTreeMap::from([(KEY.to_owned(), key)]));
            world.secrets.push(Secret { metadata, string_data, ..Secret::default() });
        }
        world
    }
}
