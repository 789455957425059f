//! `outrigger-control-plane token`

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, stdin},
    path::Path,
    time::SystemTime,
};

use anyhow::{Context, Result, bail};
use humantime::format_rfc3339_seconds;
use outrigger_telemetry::out;

use crate::{
    config::{IssueArgs, RevokeArgs, RotateArgs, StateArgs, TokenArgs, TokenCommand},
    identity::{Standing, Tokens, Which, Workload},
    state::{
        State,
        file::{self, Readers},
    },
};

/// More than a token can have.
const LIMIT: u64 = 64 << 10;

/// Issues a token, or does what else was asked.
pub(crate) fn token(args: TokenArgs, now: SystemTime) -> Result<()> {
    match (args.then, args.issue) {
        (None, Some(args)) => issue(args, now),
        (Some(TokenCommand::Revoke(args)), _) => revoke(&args, now),
        (Some(TokenCommand::RotateKey(args)), _) => rotate(&args, now),
        (Some(TokenCommand::ListKeys(args)), _) => list(&args, now),
        (None, None) => bail!("--state and --namespace are needed to issue a token"),
    }
}

fn open(state: &Path, now: SystemTime) -> Result<Tokens> {
    Tokens::open(State::open(state)?, now)
}

/// The token goes to standard output or a file, alone; what people want to know of it goes to standard error.
fn issue(args: IssueArgs, now: SystemTime) -> Result<()> {
    let mut labels = BTreeMap::new();
    for (key, value) in args.labels {
        if labels.contains_key(&key) {
            bail!("--label {key} is given twice: leave one out");
        }
        labels.insert(key, value);
    }
    let (namespace, service_account, team) = (args.namespace, args.service_account, args.team);
    let workload = Workload { namespace, service_account, labels, team };
    let issued = open(&args.state, now)?.issue(&workload, args.lifetime, now)?;
    match args.out {
        None => out::write(&format!("{}\n", issued.token()))?,
        Some(path) => file::write(&path, Readers::Owner, format!("{}\n", issued.token()).as_bytes())?,
    }
    out::complain(format_args!(
        "token {} of {}/{} counts until {}",
        issued.id,
        workload.namespace,
        workload.service_account,
        format_rfc3339_seconds(issued.expires)
    ));
    Ok(())
}

fn revoke(args: &RevokeArgs, now: SystemTime) -> Result<()> {
    let tokens = open(&args.state.state, now)?;
    let id = match (&args.id, &args.token_file) {
        (Some(id), _) => tokens.revoke(&Which::Id(id), now)?,
        (None, Some(path)) => tokens.revoke(&Which::Token(read(path)?.trim()), now)?,
        (None, None) => bail!("give the name of a token or --token-file"),
    };
    out::write(&format!("token {id} is revoked\n"))?;
    Ok(())
}

fn rotate(args: &RotateArgs, now: SystemTime) -> Result<()> {
    let rotation = open(&args.state.state, now)?.rotate_key(args.revoke_old, now)?;
    let old = if args.revoke_old { "no older token counts any more" } else { "older tokens count until they expire" };
    out::write(&format!("key {} signs from now on; {old}\n", rotation.kid))?;
    for path in rotation.left_over {
        out::complain(format_args!("{} is of no more use and could not be deleted: delete it", path.display()));
    }
    Ok(())
}

fn list(args: &StateArgs, now: SystemTime) -> Result<()> {
    let line = |key: Standing| {
        let created = format_rfc3339_seconds(key.created);
        match key.verifies_until {
            None => format!("{}  created {created}  signs\n", key.kid),
            Some(until) => {
                format!("{}  created {created}  verifies until {}\n", key.kid, format_rfc3339_seconds(until))
            }
        }
    };
    let lines: String = open(&args.state, now)?.keys(now).into_iter().map(line).collect();
    out::write(&lines)?;
    Ok(())
}

/// A token from a file or standard input. It is not in the error.
fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => stdin().take(LIMIT).read_to_string(&mut text),
        _ => File::open(path).and_then(|file| file.take(LIMIT).read_to_string(&mut text)),
    };
    read.with_context(|| format!("cannot read the token from {}", path.display()))?;
    Ok(text)
}
