//! Ending with whoever started us, however that ended: its end of the pipe that is our standard input closes.

use std::{
    io::{Read as _, stdin},
    thread,
};

use rustix::process::{Signal, kill_current_process_group};

/// Calls `act` when standard input ends.
pub(crate) fn when_parent_leaves(act: impl FnOnce() + Send + 'static) {
    thread::spawn(move || {
        let mut input = stdin().lock();
        while matches!(input.read(&mut [0; 64]), Ok(1..)) {}
        act();
    });
}

/// Ends this process and all that it has started when standard input ends. It has to lead its process group.
pub(crate) fn end_group_with_parent() {
    when_parent_leaves(|| {
        let _ = kill_current_process_group(Signal::TERM);
    });
}
