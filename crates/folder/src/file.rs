//! Reading one file with care: whoever may write into the folder must not be able to make us wait or run out of memory.

use std::{
    fs::{FileType, OpenOptions},
    io::{ErrorKind, Read as _},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::fs::OFlags;

/// The largest file that is read. Policy for thousands of routes is a tenth of it.
pub const LARGEST: u64 = 16 << 20;

/// The text of the file at `path`; `None` if it is gone since it was listed, and why it is not read.
pub(crate) fn read(path: &Path) -> Result<Option<String>, String> {
    // What was a file when it was listed may be a pipe by now: opening one must not wait for a writer.
    let waits_for_nobody = OFlags::NONBLOCK.bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(waits_for_nobody).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let about = file.metadata().map_err(|error| format!("cannot be read: {error}"))?;
    if !about.is_file() {
        return Err(no_file(about.file_type()));
    }
    if about.len() > LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or_default());
    // It may grow while it is read, or not say how large it is.
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("cannot be read: byte {at} is not UTF-8 text")
    })
}

/// Why something of this type is not read.
pub(crate) fn no_file(kind: FileType) -> String {
    let what = match kind {
        _ if kind.is_fifo() => "a named pipe",
        _ if kind.is_socket() => "a socket",
        _ if kind.is_dir() => "a folder",
        _ => "a device",
    };
    format!("is {what} and not a file: it is not opened")
}

fn too_large() -> String {
    format!("is larger than {} MiB and is not read: split it", LARGEST >> 20)
}
