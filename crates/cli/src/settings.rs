//! The settings table, for the README.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::config::Cli;

/// Prints one row per setting of `run`.
pub(crate) fn print() -> anyhow::Result<ExitCode> {
    println!("| flag | environment | default | meaning |\n| --- | --- | --- | --- |");
    let command = Cli::command();
    let run = command.get_subcommands().find(|sub| sub.get_name() == "run");
    for arg in run.into_iter().flat_map(clap::Command::get_arguments) {
        let (Some(long), Some(help)) = (arg.get_long(), arg.get_help()) else { continue };
        if long == "help" {
            continue;
        }
        let env = arg.get_env().map(|env| format!("`{}`", env.to_string_lossy())).unwrap_or_default();
        let default = arg.get_default_values().first().map(|value| format!("`{}`", value.to_string_lossy()));
        println!("| `--{long}` | {env} | {} | {help} |", default.unwrap_or_default());
    }
    Ok(ExitCode::SUCCESS)
}
