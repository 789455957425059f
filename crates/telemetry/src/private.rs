//! What others may see of the process. It holds the keys of providers, so nothing of its memory is for another: no core
//! dump, and nobody of the same user may look into it.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Keeps the memory of the process to itself, from now on: neither ptrace(2), nor `/proc/PID/mem` and `environ`, nor a core
/// dump shows it to another process of the same user. `/proc/self` goes on for the process itself. First of all: what was
/// read before is in a dump that was taken before.
///
/// # Errors
///
/// What the system refuses.
pub fn keep() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
