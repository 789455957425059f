//! `outrigger top`: what is going on in a fleet, by workload. On a terminal it refreshes in place; elsewhere it is printed once.

mod busy;

use std::{
    io::{IsTerminal as _, stdout},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use busy::Busy;
use outrigger_telemetry::out;

use crate::{
    config::{Output, TopArgs},
    plane::Plane,
};

/// The page that it reads.
const PATH: &str = "/fleet/top";
/// The cursor to the first place, and nothing on the screen: once; then only to the first place.
const CLEAR: &str = "\x1b[2J\x1b[H";
const HOME: &str = "\x1b[H";
/// What is left of an earlier line, and of an earlier table, goes.
const REST_OF_LINE: &str = "\x1b[K\n";
const REST: &str = "\x1b[J";
/// Control planes are not asked more often: what they know is seconds old.
const OFTEN: Duration = Duration::from_millis(500);

/// Prints it, once or again and again.
pub(crate) fn top(args: &TopArgs) -> anyhow::Result<ExitCode> {
    let plane = Plane::find(&args.plane)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(async {
        if args.once || !stdout().is_terminal() || matches!(args.output, Output::Json | Output::Yaml) {
            return out::write(&once(&look(&plane, args).await?, args)?).map_err(Into::into);
        }
        let mut before = CLEAR;
        loop {
            let shown = match look(&plane, args).await {
                Ok(busy) => busy.table(),
                // It may be back in a moment; the first time it is told as an error.
                Err(error) if before == HOME => format!("{error:#}\n"),
                Err(error) => return Err(error),
            };
            out::write(&format!("{before}{}{REST}", shown.replace('\n', REST_OF_LINE)))?;
            before = HOME;
            tokio::time::sleep(args.every.max(OFTEN)).await;
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn once(busy: &Busy, args: &TopArgs) -> anyhow::Result<String> {
    Ok(match args.output {
        Output::Json => format!("{:#}\n", busy.value()),
        Output::Yaml => serde_saphyr::to_string(&busy.value()).context("cannot write it as YAML")?,
        Output::Table | Output::Wide => busy.table(),
    })
}

/// What each replica says, in one.
async fn look(plane: &Plane, args: &TopArgs) -> anyhow::Result<Busy> {
    let mut busy = Busy::default();
    for asker in plane.askers() {
        busy.add(&asker.get(PATH, &[]).await?)?;
    }
    busy.keep(args.namespace.as_deref());
    Ok(busy)
}
