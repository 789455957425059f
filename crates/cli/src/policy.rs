//! `outrigger policy what-changes`: what an edit would change, before it is applied.

mod edit;
mod shown;

use std::process::ExitCode;

use anyhow::Context as _;
use edit::Edit;
use outrigger_catalog::Catalog;
use outrigger_compile::{
    World,
    change::{Change, change},
};
use outrigger_folder::Contents;
use outrigger_telemetry::out;

use crate::{
    config::{ChangesArgs, PolicyCommand, Shape, environment},
    plane::Plane,
};

/// Something changes.
const CHANGES: u8 = 2;
/// Something is opened or broken.
const GRAVE: u8 = 3;

/// Runs it.
pub(crate) fn policy(command: &PolicyCommand) -> anyhow::Result<ExitCode> {
    match command {
        PolicyCommand::WhatChanges(args) => what_changes(args),
    }
}

fn what_changes(args: &ChangesArgs) -> anyhow::Result<ExitCode> {
    let edit = Edit::read(&args.files, &args.delete, &args.namespace)?;
    let change = match &args.policy {
        Some(folder) => {
            let Contents { world, problems, .. } = Contents::read(folder, &environment)
                .with_context(|| format!("cannot read the policy folder {}", folder.display()))?;
            for problem in problems {
                out::complain(format_args!("outrigger: {problem}"));
            }
            compare(world, edit, &args.plane.system_namespace)
        }
        None => ask(args, &edit)?,
    };
    let text = match args.output {
        Shape::Table => shown::table(&change),
        Shape::Json => format!("{:#}\n", serde_json::to_value(&change).context("cannot write it as JSON")?),
        Shape::Yaml => serde_saphyr::to_string(&change).context("cannot write it as YAML")?,
    };
    out::write(&text)?;
    if args.output == Shape::Table {
        out::complain(shown::summary(&change));
    }
    Ok(match (change.is_nothing(), change.is_grave()) {
        (true, _) => ExitCode::SUCCESS,
        (_, true) => ExitCode::from(GRAVE),
        _ => ExitCode::from(CHANGES),
    })
}

/// Nobody is connected to a folder: its namespaces are compared as wholes.
fn compare(mut before: World, edit: Edit, system_namespace: &str) -> Change {
    system_namespace.clone_into(&mut before.system_namespace);
    let mut after = before.clone();
    for object in &edit.removed {
        after.remove(object);
    }
    edit.put.into_iter().for_each(|object| after.put(Ok(object)));
    change(&before, &after, &Catalog::embedded(), &[])
}

fn ask(args: &ChangesArgs, edit: &Edit) -> anyhow::Result<Change> {
    let plane = Plane::find(&args.plane)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let answer = runtime.block_on(plane.asker().post("/policy/changes", edit.as_sent()?))?;
    serde_json::from_slice(&answer)
        .context("the control plane answers with what is no change: is it of another version?")
}
