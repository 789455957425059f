//! Which files of a folder are policy.

use std::{
    fs,
    hash::{Hash, Hasher},
    io::{self, ErrorKind},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use crate::file;

/// Deeper than anybody nests policy, and an end to circular links.
const DEPTH: u32 = 8;
/// Most files, and most of what is odd, that are read of a folder: an object in each would be more than is ever served.
pub const MOST: usize = 4096;
/// Most entries that are looked at, whatever they are: a folder of somebody else's may hold millions.
pub const ENTRIES: usize = 16 * MOST;

/// What a folder holds, by name.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Its policy files, in order of name.
    pub(crate) files: Vec<PathBuf>,
    /// What looks like policy and is not read, with why, in order of name.
    pub(crate) odd: Vec<(PathBuf, String)>,
    /// How many entries were looked at.
    entries: usize,
}

/// What else lies in a folder is no part of the policy.
impl Hash for Listing {
    fn hash<H: Hasher>(&self, hash: &mut H) {
        let Self { files, odd, entries: _ } = self;
        (files, odd).hash(hash);
    }
}

/// The policy files of `folder`: `.yaml`, `.yml` and `.json`, not hidden, subfolders included. A file in its place is a folder
/// of that file alone, whatever its name.
pub(crate) fn list(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    if fs::metadata(folder).is_ok_and(|about| about.is_file()) {
        listing.files.push(folder.to_owned());
        return Ok(listing);
    }
    collect(folder, &mut listing, 0)?;
    listing.files.sort();
    listing.odd.sort();
    let mut more = |why: String| listing.odd.insert(0, (folder.to_owned(), why));
    if listing.entries > ENTRIES {
        more(format!(
            "holds more than {ENTRIES} entries, and which of them are policy is not looked for further: {TIDY}"
        ));
    }
    if listing.files.len() > MOST {
        more(format!("holds {} files of policy, of which the first {MOST} are read: {TIDY}", listing.files.len()));
        listing.files.truncate(MOST);
    }
    listing.odd.truncate(MOST);
    Ok(listing)
}

/// What to do about too many.
const TIDY: &str = "put more objects into one file, or another folder in its place";

fn collect(folder: &Path, listing: &mut Listing, depth: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        listing.entries += 1;
        if listing.entries > ENTRIES {
            return Ok(());
        }
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if name.as_bytes().starts_with(b".") {
            continue;
        }
        // Asked of the end of a link: mounted volumes are made of them.
        let about = fs::metadata(&path);
        let is_folder = about.as_ref().is_ok_and(fs::Metadata::is_dir);
        if !is_folder && !is_policy(&path) {
            continue;
        }
        if name.to_str().is_none() {
            listing.odd.push((path, "has a name that is not UTF-8 text and is not read: rename it".to_owned()));
            continue;
        }
        match about {
            Ok(_) if is_folder => subfolder(path, listing, depth + 1),
            Ok(about) if about.is_file() => listing.files.push(path),
            Ok(about) => listing.odd.push((path, file::no_file(about.file_type()))),
            // Removed since it was listed: that is no problem, and no link that leads nowhere.
            Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(&path).is_err() => {}
            Err(error) => listing.odd.push((path, format!("cannot be read: {error}"))),
        }
    }
    Ok(())
}

fn subfolder(path: PathBuf, listing: &mut Listing, depth: u32) {
    if depth > DEPTH {
        return;
    }
    match collect(&path, listing, depth) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            listing.odd.push((path, format!("cannot be listed: {error}")));
        }
        _ => {}
    }
}

fn is_policy(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml" || ext == "json")
}
