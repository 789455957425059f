//! Where the keys of a namespace lie, by name, for pods that mount them: pure. No value of a Secret is looked at.

use outrigger_api::v1::BootstrapKey;
use outrigger_compile::World;

use crate::publish::{Holds, Keys};

/// Every key that a provider of `namespace` names, by provider, in the order of its spec. Its Secret is of the same namespace.
pub(super) fn of(world: &World, namespace: &str) -> Vec<BootstrapKey> {
    let own = world.providers.iter().filter(|it| it.metadata.namespace.as_deref() == Some(namespace));
    let mut own: Vec<_> = own.collect();
    own.sort_unstable_by_key(|it| it.metadata.name.as_deref());
    let keys = own.into_iter().flat_map(|it| {
        let provider = format!("{namespace}/{}", it.metadata.name.as_deref().unwrap_or_default());
        it.spec.credentials.iter().map(move |key| BootstrapKey {
            provider: provider.clone(),
            name: key.name.clone(),
            weight: key.weight,
            secret: key.secret_key_ref.name.clone(),
            key: key.secret_key_ref.key.clone(),
        })
    });
    keys.collect()
}

/// Which of `all` a view gives to those who hold it: what it does not give now, no pod mounts.
pub(super) fn places(all: &[BootstrapKey], view: &Keys) -> Vec<u32> {
    let given = |key: &BootstrapKey| view.holds(&format!("{}/{}", key.provider, key.name), &[]) == Holds::Yes;
    (0..).zip(all).filter(|(_, key)| given(key)).map(|(at, _)| at).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use outrigger_catalog::Catalog;
    use outrigger_compile::{Workload, manifest};

    use super::*;
    use crate::{fleet::Fleet, metrics::Metrics, publish::Publisher};

    fn provider(namespace: &str, name: &str, keys: &str, more: &str) -> String {
        format!(
            "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
             spec: {{dialects: [ChatCompletions], baseURL: 'http://{name}:80/v1', models: [{{model: own/{name}}}], credentials: [{keys}]{more}}}\n---\n"
        )
    }

    fn secret(namespace: &str, name: &str) -> String {
        let keys = "{main: sk-canary-main, spare: sk-canary-spare}";
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\nstringData: {keys}\n---\n"
        )
    }

    fn key(name: &str, secret: &str) -> String {
        format!("{{name: {name}, secretKeyRef: {{name: {secret}, key: {name}}}}}")
    }

    /// The keys of the view of a workload of `demo` with these labels.
    fn told(yaml: &str, labels: &[(&str, &str)]) -> Vec<String> {
        let (objects, _) = manifest::parse("p.yaml", yaml, &|_| None);
        let world = Arc::new(manifest::assemble(objects).0);
        let (fleet, metrics) = (Arc::new(Fleet::default()), Arc::new(Metrics::new().unwrap()));
        let publisher = Publisher::new(Arc::new(Catalog::embedded()), fleet, metrics);
        publisher.publish(world.clone());
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let workload = Workload { namespace: "demo".to_owned(), service_account: "default".to_owned(), labels };
        let view = publisher.view_in(&world, &world.select(&workload)).unwrap().unwrap();
        let all = of(&world, "demo");
        let given = places(&all, &view.keys).into_iter().map(|at| &all[usize::try_from(at).unwrap()]);
        given.map(|it| format!("{} {} {}/{}", it.provider, it.name, it.secret, it.key)).collect()
    }

    /// Of the own namespace, of what the view can use, and of what is there: nothing that merely lies in the namespace.
    #[test]
    fn a_view_names_its_own_namespaces_secrets_alone() {
        let shared = ", allowedNamespaces: {from: All}";
        let two = format!("{}, {}", key("spare", "keys"), key("main", "keys"));
        let yaml = [
            secret("demo", "keys"),
            secret("demo", "unused"),
            secret("other", "keys"),
            provider("demo", "b", &key("main", "keys"), ""),
            provider("demo", "a", &two, ""),
            provider("demo", "gone", &key("main", "missing"), ""),
            provider("other", "far", &key("main", "keys"), shared),
        ]
        .concat();
        let all = ["demo/a spare keys/spare", "demo/a main keys/main", "demo/b main keys/main"];
        assert_eq!(told(&yaml, &[]), all);
    }

    /// What policy takes from some workloads, it takes from what they mount.
    #[test]
    fn what_a_policy_forbids_is_not_named() {
        let limit = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: eu, namespace: demo}\nspec:\n  \
                     workloads: {selector: {matchLabels: {region: eu}}}\n  constraints: {regions: [eu]}\n---\n";
        let yaml = [
            secret("demo", "keys"),
            provider("demo", "here", &key("main", "keys"), ", region: eu"),
            provider("demo", "there", &key("spare", "keys"), ", region: us"),
            limit.to_owned(),
        ]
        .concat();
        assert_eq!(told(&yaml, &[]), ["demo/here main keys/main", "demo/there spare keys/spare"]);
        assert_eq!(told(&yaml, &[("region", "eu")]), ["demo/here main keys/main"]);
    }
}
