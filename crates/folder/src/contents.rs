//! What the files of a folder hold.

use std::{io, path::Path};

use outrigger_compile::{
    Kind, Locations, ObjectRef, Severity, Unreadable, World,
    manifest::{self, FileProblem, Located},
};

use crate::{file, listing, objects};

/// Where the `${NAME}`s of local Secrets come from.
pub type Env = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What the files of a folder may hold together, in bytes.
pub const TOGETHER: u64 = 2 * file::LARGEST;

/// A folder as it was read once.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Its objects, with the names of those that could not be read.
    pub world: World,
    /// Where they are written.
    pub locations: Locations,
    /// What is wrong with the files themselves.
    pub problems: Vec<FileProblem>,
    /// How many files there are that could hold policy.
    pub files: usize,
}

impl Contents {
    /// Reads `folder`. Fails only if the folder itself cannot be listed: a file that cannot be read is a problem.
    pub fn read(folder: &Path, env: &Env) -> io::Result<Self> {
        let listed = listing::list(folder)?;
        let name = |path: &Path| {
            let name = path.strip_prefix(folder).unwrap_or(path);
            if name.as_os_str().is_empty() { folder.display().to_string() } else { name.display().to_string() }
        };
        let mut texts = Vec::new();
        let mut room = TOGETHER;
        for path in &listed.files {
            match file::read(path).and_then(|text| fits(text, &mut room)) {
                Ok(Some(text)) => texts.push((name(path), Ok(text))),
                // It went in between: as if it had not been listed.
                Ok(None) => {}
                Err(reason) => texts.push((name(path), Err(reason))),
            }
        }
        texts.extend(listed.odd.into_iter().map(|(path, reason)| (name(&path), Err(reason))));
        Ok(Self::of(texts, env))
    }

    /// What these files hold: each its name, and its text or why that is not known.
    pub(crate) fn of(texts: Vec<(String, Result<String, String>)>, env: &Env) -> Self {
        let files = texts.len();
        let (mut found, mut problems): (Vec<Located>, Vec<FileProblem>) = Default::default();
        for (file, text) in texts {
            match text {
                Ok(text) => {
                    let (objects, bad) = manifest::parse(&file, &text, env);
                    found.extend(objects);
                    problems.extend(bad);
                }
                Err(message) => problems.push(FileProblem {
                    file,
                    line: 1,
                    column: 1,
                    message,
                    severity: Severity::Error,
                    object: None,
                    aliases: Vec::new(),
                }),
            }
        }
        let (mut world, locations, duplicates) = manifest::assemble(found);
        problems.extend(duplicates);
        note_unread(&mut world, &problems);
        Self { world, locations, problems, files }
    }

    /// Whether there is an object of ours in it, readable or not.
    pub(crate) fn holds_any(&self) -> bool {
        !self.world.is_empty() || !self.world.unreadable.is_empty()
    }
}

/// Takes what `text` needs out of `room`.
fn fits(text: Option<String>, room: &mut u64) -> Result<Option<String>, String> {
    let Some(text) = text else { return Ok(None) };
    match room.checked_sub(text.len() as u64) {
        Some(left) => {
            *room = left;
            Ok(Some(text))
        }
        None => {
            Err(format!("is not read: with it the files of the folder hold more than {} MiB together", TOGETHER >> 20))
        }
    }
}

/// Notes in `world` what `problems` kept out of it: by name where there is one, and otherwise that something is missing.
/// An object that is written twice is in the world, however wrong the second text is.
fn note_unread(world: &mut World, problems: &[FileProblem]) {
    let there = objects::names(world);
    for problem in problems.iter().filter(|problem| problem.severity == Severity::Error) {
        match &problem.object {
            Some(object) if there.contains(object) => {}
            Some(object @ ObjectRef { kind: Kind::ModelProvider | Kind::ModelRoute | Kind::ModelPolicy, .. }) => {
                if !world.unreadable.iter().any(|known| known.object == *object) {
                    let (reason, aliases) = (problem.message.clone(), problem.aliases.clone());
                    world.unreadable.push(Unreadable { object: object.clone(), reason, aliases });
                }
            }
            // What a `Secret`, a `ConfigMap` or a `Namespace` would have said has no place of its own in the world.
            Some(_) | None => world.incomplete = true,
        }
    }
}
