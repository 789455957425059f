//! A folder of policy: its files, and what they mean.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use outrigger_catalog::Catalog;
use outrigger_compile::{ObjectRef, Scope, Severity, World, compile, describe, manifest};
use outrigger_route::Snapshot;

use crate::config::environment;

/// A policy as read and compiled.
pub(crate) struct Policy {
    /// What is good of it.
    pub(crate) snapshot: Snapshot,
    /// The objects it was made of.
    pub(crate) world: World,
    /// The objects that are unusable.
    pub(crate) bad: BTreeSet<ObjectRef>,
    /// Some document could not be read: what it held is not known.
    pub(crate) unreadable: bool,
    /// Problems that make an object unusable, each with its place.
    pub(crate) errors: Vec<String>,
    /// Everything else worth saying.
    pub(crate) warnings: Vec<String>,
}

/// The policy files of `folder`: `.yaml`, `.yml` and `.json`, not hidden, in order of name, subfolders included.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(folder, &mut found, 0)?;
    found.sort();
    Ok(found)
}

/// Reads and compiles `folder`.
pub(crate) fn read(folder: &Path, catalog: &Catalog, view: &Scope) -> anyhow::Result<Policy> {
    let files = files(folder).with_context(|| format!("cannot read the policy folder {}", folder.display()))?;
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    for path in &files {
        let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => {
                let (found, bad) = manifest::parse(&name, &text, &environment);
                objects.extend(found);
                problems.extend(bad);
            }
            Err(error) => problems.push(manifest::FileProblem {
                file: name,
                line: 1,
                column: 1,
                message: format!("cannot be read: {error}"),
                severity: Severity::Error,
                object: None,
            }),
        }
    }
    let (world, locations, duplicates) = manifest::assemble(objects);
    problems.extend(duplicates);
    let mut policy = compiled(world, catalog, view, |problem| describe(problem, &locations));
    policy.unreadable = problems.iter().any(|problem| problem.severity == Severity::Error);
    for problem in problems.iter().rev() {
        let line = format!("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message);
        let list = if problem.severity == Severity::Error { &mut policy.errors } else { &mut policy.warnings };
        list.insert(0, line);
    }
    let world = &policy.world;
    if files.is_empty() {
        policy.warnings.push(format!("{} holds no .yaml, .yml or .json file: nothing is served", folder.display()));
    } else if policy.errors.is_empty() && world.providers.is_empty() && world.routes.is_empty() {
        policy
            .warnings
            .push(format!("{} holds no ModelProvider and no ModelRoute: nothing is served", folder.display()));
    }
    Ok(policy)
}

/// Compiles `world`, sorting its problems by severity.
pub(crate) fn compiled(
    world: World,
    catalog: &Catalog,
    view: &Scope,
    describe: impl Fn(&outrigger_compile::Problem) -> String,
) -> Policy {
    let (snapshot, problems) = compile(&world, catalog, view);
    let of = |warning: bool| {
        let wanted = problems.iter().filter(|problem| (problem.severity == Severity::Warning) == warning);
        wanted.map(&describe).collect()
    };
    let bad = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.object.clone())
        .collect();
    Policy { errors: of(false), warnings: of(true), snapshot, world, bad, unreadable: false }
}

/// The view that `--namespace` means.
pub(crate) fn view(namespace: Option<&String>) -> Scope {
    namespace.map_or(Scope::All, |name| Scope::Namespace(name.clone()))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>, depth: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().and_then(|name| name.to_str()).is_none_or(|name| name.starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            // Deeper than anybody nests policy, and an end to circular links.
            if depth < 8 {
                collect(&path, found, depth + 1)?;
            }
        } else if path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml" || ext == "json") {
            found.push(path);
        }
    }
    Ok(())
}
