//! A folder that is looked at again and again.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    contents::{Contents, Env},
    seen::Seen,
    settle::{Edit, Settling},
};

/// A folder of policy whose edits are followed. Blocking: it reads files.
pub struct Source {
    folder: PathBuf,
    env: Box<Env>,
    seen: Seen,
    settling: Settling,
}

impl Source {
    /// Reads `folder` and remembers how it looked. Fails if it cannot be listed. A folder without any object gives an empty
    /// world that says so with `stale`; what to do about that is for the owner to decide.
    pub fn open(
        folder: &Path,
        env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> io::Result<(Self, Edit)> {
        // Before the folder is read, so that an edit made meanwhile is seen as one.
        let seen = Seen::now(folder.to_owned());
        let contents = Contents::read(folder, &env)?;
        let (settling, first) = Settling::start(contents);
        Ok((Self { folder: folder.to_owned(), env: Box::new(env), seen, settling }, first))
    }

    /// Looks again, which the owner does every [`INTERVAL`](crate::INTERVAL). Something if there is something new to serve
    /// or to say.
    pub fn look(&mut self, now: SystemTime) -> Option<Edit> {
        let changed = self.seen.changed(now);
        if !self.settling.looked(changed, now) {
            return None;
        }
        let contents = Contents::read(&self.folder, &*self.env);
        self.settling.read(contents.map_err(|error| format!("the policy folder cannot be listed: {error}")))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, env: _, seen: _, settling } = self;
        f.debug_struct("Source").field("folder", folder).field("settling", settling).finish_non_exhaustive()
    }
}
