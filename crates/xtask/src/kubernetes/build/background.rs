//! A build beside other work.

use std::{
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use anyhow::Result;

use crate::tools::Output;

/// A chore that builds, in a process of its own, at the lowest priority. It does not outlive this one.
#[derive(Debug)]
pub(crate) struct Background(Child);

impl Background {
    /// # Errors
    ///
    /// If the process cannot be started.
    pub(crate) fn start(words: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(words).arg("--background").env("RUST_BACKTRACE", "0");
        // In a group, since Go and its compilers are to end with it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Self(command.spawn()?))
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// If it cannot be waited for.
    pub(crate) fn join(mut self) -> Result<Output> {
        // `wait_with_output` closes standard input first, which would end it.
        let _leash = self.0.stdin.take();
        let output = self.0.wait_with_output()?;
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ok(Output { text, ok: output.status.success() })
    }
}
