//! A disk that is full when a story says so: a small file system in memory, mounted in a namespace that a process of its own
//! holds. Nobody else sees it, and it is gone with that process, however that ends.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{BufRead as _, BufReader, ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// Mounts, says so, and stays until its standard input ends. `$1`: where, `$2`: how large.
const SCRIPT: &str = r#"mount -t tmpfs -o "size=$2" tmpfs "$1" && echo mounted && exec cat"#;

/// A small disk. Dropping it takes it away.
#[derive(Debug)]
pub struct SmallDisk {
    holder: Child,
    folder: TempDir,
}

impl SmallDisk {
    /// One of so many bytes. `None`, and the reason is printed: this machine lets us mount nothing.
    #[expect(clippy::print_stdout, reason = "shown by the test runner beside the story that was left out")]
    pub fn mounted(bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("unshare");
        command.args(Self::users()).args(["--mount", "sh", "-c", SCRIPT, "sh"]).arg(folder.path());
        command.arg(bytes.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut holder = match command.spawn() {
            Ok(holder) => holder,
            Err(why) => {
                println!("skip: no `unshare`: {why}");
                return None;
            }
        };
        let mut said = String::new();
        let _ = BufReader::new(holder.stdout.take().expect("a pipe")).read_line(&mut said);
        let disk = Self { holder, folder };
        if said.trim() != "mounted" {
            println!("skip: this machine lets us mount no file system");
            return None;
        }
        Some(disk)
    }

    /// Who is not root is so among users of its own.
    fn users() -> &'static [&'static str] {
        if rustix::process::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] }
    }

    /// What stands before a program that is to see it.
    pub fn within(&self) -> Vec<OsString> {
        let users: &[&str] = if Self::users().is_empty() { &[] } else { &["--user", "--preserve-credentials"] };
        let words = ["nsenter", "--target", &self.holder.id().to_string(), "--mount"];
        words.iter().chain(users).chain(&["--"]).map(OsString::from).collect()
    }

    /// Where such a program finds it.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where this process does.
    pub fn outside(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.folder.path().strip_prefix("/").expect("a path from the root"))
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.outside().join("filler")).expect("a file");
        for piece in [&[0_u8; 65_536][..], &[0; 512]] {
            let full = loop {
                if let Err(why) = file.write_all(piece) {
                    break why;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
    }

    /// Gives it back.
    pub fn clear(&self) {
        fs::remove_file(self.outside().join("filler")).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
