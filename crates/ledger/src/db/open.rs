//! A store, opened.

use std::{fs::File, path::Path, str::FromStr as _, sync::Arc, time::Duration};

use rustix::fs::{FlockOperation, flock, fstatfs};
use sqlx::{
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::store::Db;
use crate::{
    error::{Error, Result},
    store::Store,
};

/// How long whoever asks waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);
/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 200;
/// No statement of ours takes so long, unless something is wrong.
const STATEMENT_TIMEOUT: &str = "60s";
/// Pages of the file that the writer keeps, and each reader, in KiB.
const WRITER_KIB: u32 = 64 * 1024;
const READER_KIB: u32 = 16 * 1024;
/// Of the file, mapped into memory by readers.
const MAPPED: u64 = 1 << 30;

/// Opens a store; a file is made where there is none.
pub(crate) async fn open(store: &Store, connections: u32) -> Result<Db> {
    match store {
        Store::Sqlite(path) => sqlite(path, connections).await,
        Store::Postgres(url) => postgres(url, connections).await,
    }
}

async fn sqlite(path: &Path, connections: u32) -> Result<Db> {
    let lock = lock(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // What was answered is on disk, even if the machine loses power the moment after.
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(STATEMENTS)
        .pragma("cache_size", format!("-{WRITER_KIB}"))
        // Who is forgotten does not stay readable in what was overwritten.
        .pragma("secure_delete", "FAST")
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", "4000")
        // The log shrinks again after a burst.
        .pragma("journal_size_limit", (64 << 20).to_string())
        .busy_timeout(Duration::from_secs(5));
    let pool = |most| SqlitePoolOptions::new().max_connections(most).min_connections(1).acquire_timeout(ACQUIRE);
    // A connection that is closed for its age would lose its prepared statements and pages for nothing.
    let write = pool(1).max_lifetime(None).idle_timeout(None).connect_with(options.clone()).await?;
    let readers = options
        .pragma("query_only", "1")
        .pragma("cache_size", format!("-{READER_KIB}"))
        .pragma("mmap_size", MAPPED.to_string());
    let read = pool(connections.max(1)).connect_with(readers).await?;
    Ok(Db::Sqlite { write, read, _lock: Arc::new(lock) })
}

async fn postgres(url: &str, connections: u32) -> Result<Db> {
    // The error may show the URL, and so a password.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| {
            Error::Invalid("the URL of PostgreSQL cannot be read: `postgres://USER:PASSWORD@HOST/DATABASE`".into())
        })?
        .application_name("outrigger-ledger")
        .statement_cache_capacity(STATEMENTS)
        .options([("statement_timeout", STATEMENT_TIMEOUT)]);
    let pool = PgPoolOptions::new().max_connections(connections.max(2)).acquire_timeout(ACQUIRE);
    Ok(Db::Postgres(pool.connect_with(options).await?))
}

/// Claims the file for this process, by a lock on a file beside it: SQLite's own are for single transactions. It is let go when
/// the process ends, however it does.
fn lock(path: &Path) -> Result<File> {
    let beside = path.with_added_extension("lock");
    let failed = |source: std::io::Error| Error::File { path: beside.clone(), source: Arc::new(source) };
    let file = File::options().create(true).truncate(false).write(true).open(&beside).map_err(failed)?;
    let kind = fstatfs(&file).map_err(|errno| failed(errno.into()))?.f_type;
    // The type's width differs by platform.
    #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)]
    if let Some(kind) = refused(kind as u64) {
        let folder = path.parent().unwrap_or(path).to_owned();
        return Err(Error::NetworkFileSystem { path: folder, kind });
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|errno| {
        if errno == rustix::io::Errno::WOULDBLOCK { Error::Locked(path.to_owned()) } else { failed(errno.into()) }
    })?;
    Ok(file)
}

/// File systems on which SQLite's locks or its log's shared memory do not hold, by their magic numbers
/// (`statfs(2)`, `linux/magic.h`, and those of modules that are not in it).
fn refused(kind: u64) -> Option<&'static str> {
    Some(match kind & 0xffff_ffff {
        0x6969 => "NFS",
        0xff53_4d42 => "CIFS",
        0xfe53_4d42 => "SMB2",
        0x517b => "SMB",
        0x6573_5546 => "FUSE",
        0x00c3_6400 => "Ceph",
        0x5346_414f => "AFS",
        0x6b41_4653 => "kAFS",
        0x0102_1997 => "9p",
        0x7375_7245 => "Coda",
        0x564c => "NCP",
        0x0bd0_0bd0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x0116_1970 => "GFS2",
        0x7461_636f => "OCFS2",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_refused_by_name_and_those_of_a_node_are_not() {
        for (magic, name) in [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0x6573_5546, "FUSE"), (0x00c3_6400, "Ceph")] {
            assert_eq!(refused(magic), Some(name));
        }
        // Sign-extended, as a 32-bit field is on some platforms.
        assert_eq!(refused(0xffff_ffff_ff53_4d42), Some("CIFS"));
        // ext4, xfs, btrfs, tmpfs, overlayfs.
        for magic in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630] {
            assert_eq!(refused(magic), None);
        }
    }
}
