//! A clock that is wrong, and jumps: what a program asks for the time of day is answered by a few lines of C that are loaded
//! before the C library.

use std::{ffi::OsString, fs, os::unix::fs::FileExt as _, path::PathBuf, process::Command};

use tempfile::TempDir;

/// The clock of one program, right at first.
#[derive(Debug)]
pub struct WrongClock {
    folder: TempDir,
}

impl WrongClock {
    /// Compiled by the C compiler that links these tests too.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("clock.c"), include_str!("clock.c")).expect("write the source");
        fs::write(folder.path().join("off"), [0; 8]).expect("write the clock");
        let compile = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o", "clock.so", "clock.c"])
            .current_dir(folder.path())
            .status();
        assert!(compile.is_ok_and(|it| it.success()), "no clock can be made");
        Self { folder }
    }

    /// What the program is to be started with.
    pub fn env(&self) -> Vec<(&'static str, OsString)> {
        let file = |name: &str| -> OsString { self.file(name).into() };
        vec![("LD_PRELOAD", file("clock.so")), ("OUTRIGGER_STORY_CLOCK", file("off"))]
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// From now on it is off by so many seconds.
    pub fn jump(&self, seconds: i64) {
        let file = fs::File::options().write(true).open(self.file("off")).expect("the clock");
        file.write_all_at(&seconds.to_ne_bytes(), 0).expect("the clock is set");
    }
}
