//! Policy text in few words. What has no word of its own is written as YAML, with `spec`.

use std::fmt::{self, Write as _};

use serde_json::Value;

/// The model that every provider serves and every route targets unless told otherwise.
pub const MODEL: &str = "test/m";
/// What the providers call that model.
pub const UPSTREAM_MODEL: &str = "m-up";

/// Documents in the language of `kubectl apply`; printed by `to_string`.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    providers: Vec<Provider>,
    routes: Vec<Route>,
    documents: Vec<String>,
}

/// A `ModelProvider`: preset `openai`, one credential `main` with the key `sk-test-<name>`, serving [`MODEL`].
#[derive(Clone, Debug)]
pub struct Provider {
    name: String,
    preset: String,
    base_url: String,
    credentials: Vec<(String, String, u32)>,
    models: Vec<String>,
    spec: Vec<String>,
}

/// A `ModelRoute`: strategy `Priority`, nothing else said.
#[derive(Clone, Debug)]
pub struct Route {
    name: String,
    targets: Vec<String>,
    strategy: String,
    spec: Vec<String>,
}

impl Policy {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn provider(self, name: &str, base_url: impl Into<String>) -> Self {
        self.provider_with(name, base_url, |provider| provider)
    }

    pub fn provider_with(
        mut self,
        name: &str,
        base_url: impl Into<String>,
        change: impl FnOnce(Provider) -> Provider,
    ) -> Self {
        self.providers.push(change(Provider::new(name, base_url)));
        self
    }

    /// A route over these providers, each of lower priority than the one before.
    pub fn route(self, name: &str, providers: &[&str]) -> Self {
        self.route_with(name, providers, |route| route)
    }

    pub fn route_with(mut self, name: &str, providers: &[&str], change: impl FnOnce(Route) -> Route) -> Self {
        let route = providers.iter().enumerate().fold(Route::new(name), |route, (priority, provider)| {
            route.target(&format!("model: {MODEL}, provider: {provider}, priority: {priority}, weight: 1"))
        });
        self.routes.push(change(route));
        self
    }

    /// One more document, written by hand.
    pub fn document(mut self, yaml: &str) -> Self {
        self.documents.push(yaml.trim().to_owned());
        self
    }
}

impl Provider {
    fn new(name: &str, base_url: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            preset: "openai".to_owned(),
            base_url: base_url.into(),
            credentials: Vec::new(),
            models: Vec::new(),
            spec: Vec::new(),
        }
    }

    pub fn preset(mut self, preset: &str) -> Self {
        self.preset = preset.to_owned();
        self
    }

    /// Adds a credential, and its key to the Secret. The first one replaces the default credential.
    pub fn credential(mut self, name: &str, key: &str, weight: u32) -> Self {
        self.credentials.push((name.to_owned(), key.to_owned(), weight));
        self
    }

    /// Serves a model under the provider's own name for it. The first one replaces the default model.
    pub fn model(self, model: &str, upstream_name: &str) -> Self {
        self.model_spec(&format!("model: {model}, upstreamName: {upstream_name}"))
    }

    /// The same at a price per million tokens.
    pub fn priced(self, model: &str, upstream_name: &str, input: &str, output: &str) -> Self {
        let prices = format!("prices: {{input: \"{input}\", output: \"{output}\"}}");
        self.model_spec(&format!("model: {model}, upstreamName: {upstream_name}, {prices}"))
    }

    /// An item of `models`, as the inside of a YAML flow mapping.
    pub fn model_spec(mut self, fields: &str) -> Self {
        self.models.push(fields.to_owned());
        self
    }

    /// More YAML under `spec`, unindented.
    pub fn spec(mut self, yaml: &str) -> Self {
        self.spec.push(yaml.to_owned());
        self
    }
}

impl Route {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), targets: Vec::new(), strategy: "Priority".to_owned(), spec: Vec::new() }
    }

    /// An item of `targets`, as the inside of a YAML flow mapping.
    pub fn target(mut self, fields: &str) -> Self {
        self.targets.push(fields.to_owned());
        self
    }

    pub fn strategy(mut self, strategy: &str) -> Self {
        self.strategy = strategy.to_owned();
        self
    }

    /// The inside of `failover: {...}`, such as `attempts: 2`.
    pub fn failover(self, fields: &str) -> Self {
        self.spec(&format!("failover: {{{fields}}}"))
    }

    /// The inside of `timeouts: {...}`, such as `firstToken: 300ms, total: 2s`.
    pub fn timeouts(self, fields: &str) -> Self {
        self.spec(&format!("timeouts: {{{fields}}}"))
    }

    /// More YAML under `spec`, unindented.
    pub fn spec(mut self, yaml: &str) -> Self {
        self.spec.push(yaml.to_owned());
        self
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> Self {
        policy.to_string()
    }
}

impl From<&Policy> for String {
    fn from(policy: &Policy) -> Self {
        policy.to_string()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut secrets = String::new();
        for provider in &self.providers {
            provider.write(f, &mut secrets)?;
            f.write_str("---\n")?;
        }
        for route in &self.routes {
            route.write(f)?;
            f.write_str("---\n")?;
        }
        for document in &self.documents {
            writeln!(f, "{document}\n---")?;
        }
        write!(f, "apiVersion: v1\nkind: Secret\nmetadata: {{name: keys, namespace: default}}\nstringData:")?;
        f.write_str(if secrets.is_empty() { " {}\n" } else { "\n" })?;
        f.write_str(&secrets)
    }
}

impl Provider {
    fn write(&self, f: &mut fmt::Formatter<'_>, secrets: &mut String) -> fmt::Result {
        let Self { name, preset, base_url, .. } = self;
        write!(f, "{}", head("ModelProvider", name))?;
        writeln!(f, "  preset: {preset}\n  baseURL: {}\n  credentials:", quoted(base_url))?;
        let default_credential = [("main".to_owned(), format!("sk-test-{name}"), 1)];
        let credentials = if self.credentials.is_empty() { &default_credential[..] } else { &self.credentials };
        for (credential, key, weight) in credentials {
            let entry = if credential == "main" { name.clone() } else { format!("{name}-{credential}") };
            writeln!(f, "  - {{name: {credential}, secretKeyRef: {{name: keys, key: {entry}}}, weight: {weight}}}")?;
            writeln!(secrets, "  {entry}: {}", quoted(key))?;
        }
        f.write_str("  models:\n")?;
        let default_model =
            [format!("model: {MODEL}, upstreamName: {UPSTREAM_MODEL}, prices: {{input: \"1\", output: \"2\"}}")];
        let models = if self.models.is_empty() { &default_model[..] } else { &self.models };
        for model in models {
            writeln!(f, "  - {{{model}}}")?;
        }
        indented(f, &self.spec)
    }
}

impl Route {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", head("ModelRoute", &self.name))?;
        f.write_str("  targets:\n")?;
        for target in &self.targets {
            writeln!(f, "  - {{{target}}}")?;
        }
        writeln!(f, "  strategy: {}", self.strategy)?;
        indented(f, &self.spec)
    }
}

fn head(kind: &str, name: &str) -> String {
    format!("apiVersion: outrigger.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: default}}\nspec:\n")
}

/// A JSON string is a YAML string.
fn quoted(text: &str) -> Value {
    text.into()
}

fn indented(f: &mut fmt::Formatter<'_>, spec: &[String]) -> fmt::Result {
    spec.iter().flat_map(|yaml| yaml.trim_end().lines()).try_for_each(|line| writeln!(f, "  {line}"))
}
