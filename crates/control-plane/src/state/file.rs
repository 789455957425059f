//! Files of the state folder: read whole and bounded, replaced whole.

use std::{
    fs::{self, File, Metadata, Permissions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// The owner alone.
    Owner,
    /// Anybody whom the umask lets.
    Anybody,
}

/// Tells one content of a file from the next without reading it: a replaced file has another inode, one that was written
/// over has another change time, which no program can set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// The content, at most `limit` bytes; `None` if there is no such file. What only the owner may read is refused if others
/// can, since it may have been read already; so is everything that others can change.
pub(crate) fn read(path: &Path, readers: Readers, limit: u64) -> Result<Option<Vec<u8>>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.with_context(cannot)?,
    };
    // Of the open file, not of the path: what is looked at is what is read.
    let metadata = file.metadata().with_context(cannot)?;
    refuse_access(path, readers, &metadata)?;
    let mut content = Vec::new();
    file.take(limit + 1).read_to_end(&mut content).with_context(cannot)?;
    ensure!(
        content.len() as u64 <= limit,
        "{} is larger than {limit} bytes, so it is not a file of ours: put the right one back",
        path.display()
    );
    Ok(Some(content))
}

fn refuse_access(path: &Path, readers: Readers, metadata: &Metadata) -> Result<()> {
    let mode = metadata.permissions().mode() & 0o777;
    let shown = path.display();
    if readers == Readers::Owner && mode & 0o077 != 0 {
        bail!(
            "{shown} can be read by other users (mode {mode:o}): chmod 600 {shown}, and replace it if anybody may have read it"
        );
    }
    if mode & 0o022 != 0 {
        bail!("{shown} can be changed by other users (mode {mode:o}): look what is in it, then chmod 600 {shown}");
    }
    Ok(())
}

/// Puts `content` in place at once: a reader, and whoever comes after a crash, sees the old file or the new one.
pub(crate) fn write(path: &Path, readers: Readers, content: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    // Not through a link: the rename would replace the link itself, which may be /dev/stdout.
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        bail!("{} is there and not a regular file: choose another name", path.display());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Anybody => 0o644,
    };
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .with_context(cannot)?;
    file.write_all(content).with_context(cannot)?;
    // Before the rename, or a crash could leave the name on an empty file.
    file.as_file().sync_all().with_context(cannot)?;
    file.persist(path).map_err(|refused| refused.error).with_context(cannot)?;
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(cannot)
}

/// What the file is like now; `None` if there is none.
pub(crate) fn stamp(path: &Path) -> Result<Option<Stamp>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
        Ok(is) => Ok(Some(Stamp { inode: is.ino(), size: is.size(), changed: (is.ctime(), is.ctime_nsec()) })),
    }
}
