//! Where the policy comes from: a folder, keys in the environment, or simulated providers.

use std::path::PathBuf;

use outrigger_catalog::Catalog;
use outrigger_compile::{Scope, World, manifest};
use outrigger_simulate::Simulated;

use crate::{
    config::{RunArgs, environment},
    folder::{self, Policy},
};

/// The source of a running sidecar's policy.
pub(crate) enum Source {
    /// `--policy DIR`
    Folder(PathBuf),
    /// Provider keys found in the environment.
    Environment,
    /// Nothing else was there. The servers live as long as this does.
    Simulated(Vec<Simulated>),
}

impl Source {
    /// Chooses the source and reads it; with the folder whose edits are to be followed, if it is one.
    pub(crate) async fn open(
        args: &RunArgs,
        catalog: &Catalog,
        view: &Scope,
    ) -> anyhow::Result<(Self, Policy, Option<outrigger_folder::Source>)> {
        if let Some(dir) = &args.policy {
            let (edits, policy) = folder::open(dir, catalog, view)?;
            return Ok((Self::Folder(dir.clone()), policy, Some(edits)));
        }
        let world = World::from_env(catalog, &environment);
        if !world.providers.is_empty() {
            let policy = folder::compiled(world, catalog, view, ToString::to_string);
            return Ok((Self::Environment, policy, None));
        }
        let servers = vec![outrigger_simulate::start("sim-a").await?, outrigger_simulate::start("sim-b").await?];
        let text = simulated_policy(&servers);
        let (objects, _) = manifest::parse("simulated.yaml", &text, &environment);
        let (world, _, _) = manifest::assemble(objects);
        Ok((Self::Simulated(servers), folder::compiled(world, catalog, view, ToString::to_string), None))
    }
}

/// Two accounts with the same models at different prices, each for chat and for Messages, and a route over both.
fn simulated_policy(servers: &[Simulated]) -> String {
    let mut text = String::new();
    for (server, name, input, output) in
        [(&servers[0], "sim-a", "0.15", "0.60"), (&servers[1], "sim-b", "0.30", "1.20")]
    {
        for (suffix, dialects, model) in
            [("", "[ChatCompletions, Responses]", "simulated/chat"), ("-messages", "[Messages]", "simulated/claude")]
        {
            text.push_str(&format!(
                "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\n\
                 metadata: {{name: {name}{suffix}, namespace: default}}\n\
                 spec:\n  dialects: {dialects}\n  baseURL: http://{}/v1\n  auth: {{scheme: None}}\n\
                 \x20 models:\n  - {{model: {model}, prices: {{input: \"{input}\", output: \"{output}\"}}}}\n",
                server.addr
            ));
        }
    }
    for (route, model, suffix) in [("demo", "simulated/chat", ""), ("demo-messages", "simulated/claude", "-messages")] {
        text.push_str(&format!(
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\n\
             metadata: {{name: {route}, namespace: default}}\nspec:\n  targets:\n\
             \x20 - {{model: {model}, provider: sim-a{suffix}, priority: 0}}\n\
             \x20 - {{model: {model}, provider: sim-b{suffix}, priority: 1}}\n"
        ));
    }
    text
}
