//! What an edit may take away, and when: a state machine that touches no file.
//!
//! A folder that is being saved passes through states that nobody meant. Their mark is that something is missing and that
//! they are short. So whatever is missing stays as it was until the folder has looked the same for [`QUIET`] and a second
//! reading, made then, misses it too. While it is not known what some file holds, nothing is taken away at all; and a
//! folder with no object in it is never a policy.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use outrigger_compile::{Locations, Severity, World, manifest::FileProblem};

use crate::{
    contents::Contents,
    objects::{self, Part},
};

/// How long a folder must look the same before what is missing from it is gone: longer than it takes to save a file.
pub const QUIET: Duration = Duration::from_secs(1);

/// Most time that counts between two looks. Nobody saw that a folder looked the same while the machine slept or while its
/// clock was set.
const UNSEEN: Duration = Duration::from_millis(500);

/// What came of an edit: all of it, not the difference.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The objects, with those that are missing and not yet gone. Those that are there and cannot be read are named.
    pub world: World,
    /// Where the objects that could be read are written.
    pub locations: Locations,
    /// What is wrong with the files themselves.
    pub problems: Vec<FileProblem>,
    /// Why `world` is not what the folder holds now but what it held last: there is nothing in it, or it is not there.
    pub stale: Option<String>,
}

/// What was said last, and how long the folder has been as it is.
#[derive(Debug)]
pub(crate) struct Settling {
    /// The last edit.
    said: Edit,
    /// What the last reading missed, if it knew what every file holds.
    missing: BTreeSet<Part>,
    /// How long the folder has looked the same, as far as it was looked at.
    quiet: Duration,
    /// The last look.
    looked: Option<SystemTime>,
    /// The last look saw a change.
    changed: bool,
    /// The folder is to be read again once it has been quiet.
    again: bool,
}

impl Settling {
    /// Begins with what was read first; answers what is to be said of it.
    pub(crate) fn start(contents: Contents) -> (Self, Edit) {
        let stale = nothing(&contents);
        let Contents { world, locations, problems, files: _ } = contents;
        let said = Edit { world, locations, problems, stale };
        let missing = BTreeSet::new();
        (Self { said: said.clone(), missing, quiet: Duration::ZERO, looked: None, changed: false, again: true }, said)
    }

    /// A look was made, and the folder had `changed` since the last one or not. Whether it is to be read now.
    pub(crate) fn looked(&mut self, changed: bool, now: SystemTime) -> bool {
        // A clock that was set back has measured nothing.
        let since = self.looked.replace(now).and_then(|last| now.duration_since(last).ok()).unwrap_or_default();
        self.quiet = if changed { Duration::ZERO } else { self.quiet.saturating_add(since.min(UNSEEN)) };
        self.changed = changed;
        changed || (self.again && self.quiet >= QUIET)
    }

    /// The folder was read, or why it could not be listed. What there is to say.
    pub(crate) fn read(&mut self, contents: Result<Contents, String>) -> Option<Edit> {
        let settled = self.quiet >= QUIET;
        // What is still in doubt after this is read again after another while.
        self.quiet = Duration::ZERO;
        let contents = match contents {
            Err(reason) => return self.nothing(Vec::new(), reason, settled),
            Ok(contents) => match nothing(&contents) {
                // What cannot be read is said at once: it is no file that somebody has just emptied.
                Some(reason) => return self.nothing(contents.problems, reason, settled || contents.world.incomplete),
                None => contents,
            },
        };
        let Contents { mut world, locations, problems, files: _ } = contents;
        let mut held = objects::lost(&self.said.world, &world);
        if settled && !world.incomplete {
            held.retain(|part| !self.missing.contains(part));
        }
        objects::take_over(&mut world, &self.said.world, &held);
        self.again = world.incomplete || !held.is_empty();
        self.missing = if world.incomplete { BTreeSet::new() } else { held };
        let Edit { world: said, problems: told, stale, .. } = &self.said;
        // Looked at for the second time, most folders hold what they held.
        if !self.changed && stale.is_none() && *told == problems && *said == world {
            return None;
        }
        self.say(Edit { world, locations, problems, stale: None })
    }

    /// There is nothing that could be a policy: the last one stays. Said once `certain`, and once for each reason.
    fn nothing(&mut self, problems: Vec<FileProblem>, reason: String, certain: bool) -> Option<Edit> {
        self.missing.clear();
        self.again = true;
        if !certain || self.said.stale.as_ref() == Some(&reason) {
            return None;
        }
        let Edit { world, locations, .. } = self.said.clone();
        self.say(Edit { world, locations, problems, stale: Some(reason) })
    }

    /// Whatever is said is read once more: a file may have been saved between the look and the reading, and look by now as
    /// it did before.
    fn say(&mut self, edit: Edit) -> Option<Edit> {
        self.again = true;
        self.said = edit.clone();
        Some(edit)
    }
}

/// Why `contents` are no policy, if they are none.
fn nothing(contents: &Contents) -> Option<String> {
    if contents.holds_any() {
        return None;
    }
    let unread = contents.problems.iter().find(|problem| problem.severity == Severity::Error);
    Some(match unread {
        Some(problem) => format!("the policy folder holds no object that can be read: {problem}"),
        None => "the policy folder holds no ModelProvider, ModelRoute or ModelPolicy".to_owned(),
    })
}
