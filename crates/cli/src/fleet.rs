//! `outrigger fleet`: who is connected to a control plane, and what each sidecar holds.

mod roll;
mod table;

use std::{process::ExitCode, time::SystemTime};

use anyhow::Context as _;
use outrigger_telemetry::out;
use roll::Roll;

use crate::{
    config::{FleetArgs, Output},
    plane::{Asker, Plane},
};

/// Sidecars in one answer.
const PART: usize = 2_000;
/// Answers that are read: far more than a replica ever gives.
const PARTS: usize = 1_000;

/// Prints it; fails under `--check` if a sidecar does not hold what it should.
pub(crate) fn fleet(args: &FleetArgs) -> anyhow::Result<ExitCode> {
    let plane = Plane::find(&args.plane)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let roll = runtime.block_on(all(&plane, args))?;
    let now = SystemTime::now();
    let shown = match (args.output, &args.credential) {
        (Output::Json, _) => format!("{:#}\n", roll.value()),
        (Output::Yaml, _) => serde_saphyr::to_string(&roll.value()).context("cannot write it as YAML")?,
        (Output::Table, Some(credential)) => table::holders(&roll, credential, false, now),
        (Output::Wide, Some(credential)) => table::holders(&roll, credential, true, now),
        (Output::Table, None) => table::sidecars(&roll, false, now),
        (Output::Wide, None) => table::sidecars(&roll, true, now),
    };
    out::write(&shown)?;
    if matches!(args.output, Output::Table | Output::Wide) {
        for line in table::summary(&roll, args.credential.as_deref()) {
            out::complain(line);
        }
    }
    let bad = args.check && roll.sidecars.iter().any(|sidecar| !sidecar.is_good());
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What each replica says, in one.
async fn all(plane: &Plane, args: &FleetArgs) -> anyhow::Result<Roll> {
    let mut roll: Option<Roll> = None;
    for asker in plane.askers() {
        let more = read(asker, args).await?;
        roll = Some(match roll {
            Some(roll) => roll.with(more),
            None => more,
        });
    }
    Ok(roll.unwrap_or_default())
}

/// All of one replica's, part by part.
async fn read(asker: &Asker, args: &FleetArgs) -> anyhow::Result<Roll> {
    let mut query = vec![("limit", PART.to_string())];
    query.extend(args.namespace.iter().map(|it| ("namespace", it.clone())));
    query.extend(args.credential.iter().map(|it| ("credential", it.clone())));
    let mut roll = Roll::default();
    for _ in 0..PARTS {
        let mut asked = query.clone();
        asked.extend(roll.next.take().map(|next| ("continue", next)));
        roll.add(&asker.get("/fleet", &asked).await?)?;
        if roll.next.is_none() {
            break;
        }
    }
    Ok(roll)
}
