//! A folder of policy, and what it means.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context;
use outrigger_catalog::Catalog;
use outrigger_compile::{Locations, ObjectRef, Scope, Severity, World, compile, describe, manifest::FileProblem};
use outrigger_folder::{Contents, Edit, Source};
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
    /// Problems that make an object unusable, each with its place.
    pub(crate) errors: Vec<String>,
    /// Everything else worth saying.
    pub(crate) warnings: Vec<String>,
}

/// Reads and compiles `folder` as it is now.
pub(crate) fn read(folder: &Path, catalog: &Catalog, view: &Scope) -> anyhow::Result<Policy> {
    let Contents { world, locations, problems, files } =
        Contents::read(folder, &environment).with_context(|| cannot_read(folder))?;
    let mut policy = written(world, &locations, &problems, catalog, view);
    let world = &policy.world;
    if files == 0 {
        policy.errors.push(format!("{} holds no .yaml, .yml or .json file: nothing is served", folder.display()));
    } else if policy.errors.is_empty() && world.is_empty() {
        policy.errors.push(format!("{} holds no object of ours: nothing is served", folder.display()));
    } else if policy.errors.is_empty() && world.providers.is_empty() && world.routes.is_empty() {
        policy
            .warnings
            .push(format!("{} holds no ModelProvider and no ModelRoute: nothing is served", folder.display()));
    }
    Ok(policy)
}

/// The same of a folder whose edits are going to be followed.
pub(crate) fn open(folder: &Path, catalog: &Catalog, view: &Scope) -> anyhow::Result<(Source, Policy)> {
    let (source, first) = Source::open(folder, environment).with_context(|| cannot_read(folder))?;
    let Edit { world, locations, problems, stale } = first;
    let mut policy = written(world, &locations, &problems, catalog, view);
    policy.warnings.extend(stale.map(|reason| format!("{reason}: nothing is served")));
    Ok((source, policy))
}

/// Compiles a world that is written in files, with what is wrong with those.
pub(crate) fn written(
    world: World,
    locations: &Locations,
    problems: &[FileProblem],
    catalog: &Catalog,
    view: &Scope,
) -> Policy {
    let mut policy = compiled(world, catalog, view, |problem| describe(problem, locations));
    let (errors, warnings) = lines(problems);
    policy.errors.splice(..0, errors);
    policy.warnings.splice(..0, warnings);
    policy
}

/// Problems of files as errors and warnings, each with its place.
pub(crate) fn lines(problems: &[FileProblem]) -> (Vec<String>, Vec<String>) {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for FileProblem { file, line, column, message, severity, object: _, aliases: _ } in problems {
        let list = if *severity == Severity::Error { &mut errors } else { &mut warnings };
        list.push(format!("{file}:{line}:{column}: {message}"));
    }
    (errors, warnings)
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
    Policy { errors: of(false), warnings: of(true), snapshot, world, bad }
}

/// The view that `--namespace` means.
pub(crate) fn view(namespace: Option<&String>) -> Scope {
    namespace.map_or(Scope::All, |name| Scope::Namespace(name.clone()))
}

fn cannot_read(folder: &Path) -> String {
    format!("cannot read the policy folder {}", folder.display())
}
