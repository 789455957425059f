//! The folder of policy that the fleet is given: a namespace for each view, and one policy over all of them.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

/// Namespace of the policy over all others.
pub(super) const SYSTEM: &str = "fleet-system";
/// Models of a preset, of which an edit of all views forbids the one or the other.
const FORBIDDEN: [&str; 2] = ["openai/gpt-4o", "openai/gpt-4o-mini"];

/// The folder, and what was written into it last.
#[derive(Debug)]
pub(in crate::bench) struct Folder {
    path: PathBuf,
    /// Where files are written before they are renamed into the folder: nobody ever reads half of one.
    partial: PathBuf,
    routes: usize,
    /// How often each namespace was written.
    edits: Vec<u32>,
    everywhere: usize,
}

impl Folder {
    /// Writes a policy of so many views and `routes` in total below `parent`.
    pub(in crate::bench) fn create(parent: &Path, views: usize, routes: usize) -> Result<Self> {
        let (path, partial) = (parent.join("policy"), parent.join("partial.yaml"));
        fs::create_dir(&path)?;
        let mut folder = Self { path, partial, routes: (routes / views).max(1), edits: vec![0; views], everywhere: 0 };
        for view in 0..views {
            folder.edit(view)?;
        }
        folder.edit_all()?;
        Ok(folder)
    }

    pub(in crate::bench) fn path(&self) -> &Path {
        &self.path
    }

    /// Changes one view: the weight of its first route's first target, which is answered.
    pub(super) fn edit(&mut self, view: usize) -> Result<u32> {
        let mark = self.edits[view] + 1;
        self.edits[view] = mark;
        self.write(&format!("{}.yaml", namespace(view)), &one(view, self.routes, mark))?;
        Ok(mark)
    }

    /// Changes every view, by one file: the policy over all of them.
    pub(super) fn edit_all(&mut self) -> Result<()> {
        self.everywhere += 1;
        self.write("everywhere.yaml", &everywhere(FORBIDDEN[self.everywhere % FORBIDDEN.len()]))
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(&self.partial, text)?;
        Ok(fs::rename(&self.partial, self.path.join(name))?)
    }
}

/// The namespace of a view.
pub(in crate::bench) fn namespace(view: usize) -> String {
    format!("team-{view:02}")
}

/// The route whose first weight says how often the view was edited.
pub(super) fn marked(namespace: &str) -> String {
    format!("route/{namespace}/route-0")
}

fn everywhere(model: &str) -> String {
    format!(
        "apiVersion: outrigger.dev/v1alpha1
kind: ModelPolicy
metadata: {{name: everywhere, namespace: {SYSTEM}}}
spec:
  namespaceSelector: {{}}
  models: {{deny: [{model}]}}
"
    )
}

/// A key, a provider with all models of its preset, a second one in every other namespace, and routes to them.
fn one(view: usize, routes: usize, mark: u32) -> String {
    let namespace = namespace(view);
    let mut text = format!(
        "apiVersion: v1
kind: Secret
metadata: {{name: keys, namespace: {namespace}}}
stringData: {{openai: sk-{namespace}-0123456789abcdef, anthropic: sk-ant-{namespace}-0123456789abcdef}}
"
    );
    let presets: &[&str] = if view.is_multiple_of(2) { &["openai"] } else { &["openai", "anthropic"] };
    for preset in presets {
        let _ = write!(
            text,
            "---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {{name: {preset}, namespace: {namespace}}}
spec:
  preset: {preset}
  credentials:
  - {{name: main, secretKeyRef: {{name: keys, key: {preset}}}}}
"
        );
    }
    for route in 0..routes {
        let weight = if route == 0 { mark } else { 1 };
        let _ = write!(
            text,
            "---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {{name: route-{route}, namespace: {namespace}}}
spec:
  strategy: Weighted
  targets:
  - {{model: openai/gpt-4.1-mini, weight: {weight}}}
  - {{model: openai/gpt-4.1, weight: 1}}
"
        );
    }
    text
}
