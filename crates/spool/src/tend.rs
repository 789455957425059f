//! The thread beside: syncs, makes the next segment, removes what is too much, and looks whether a broken disk is well again.

use std::{
    io,
    sync::{PoisonError, Weak},
    thread,
    time::Duration,
};

use crate::{
    core::Core,
    disk::{Disk, name},
    state::State,
    terms::SYNC,
};

/// How often a disk that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it is looked for what has become too old.
const LOOK: Duration = Duration::from_secs(60);
/// What a disk that failed has to take before it is believed: more than a page, so that one that is full does not.
const PROBE: usize = 64 << 10;

/// Works until nobody has the spool any more.
pub(crate) fn forever<D: Disk>(core: &Weak<Core<D>>) {
    while let Some(core) = core.upgrade() {
        let state = core.lock();
        let broken = !state.healthy && state.disk.is_some();
        let wait = if broken { AGAIN } else { LOOK };
        let idle = |state: &mut State<D>| !state.has_work();
        let waited = core.turn.wait_timeout_while(state, wait, idle).unwrap_or_else(PoisonError::into_inner);
        if waited.0.left {
            return;
        }
        drop(waited);
        // What comes meanwhile is synced with it.
        thread::sleep(SYNC * 7 / 10);
        core.work();
    }
}

impl<D: Disk> Core<D> {
    /// The epoch is on disk before anything of it is: a process that is killed leaves at least that it was.
    pub(crate) fn begin(&self) {
        self.work();
        self.lock().begin();
        self.work();
    }

    /// All that there is to do.
    pub(crate) fn work(&self) {
        let (disk, files, names) = {
            let mut state = self.lock();
            let Some(disk) = state.disk.clone() else {
                state.trim();
                return;
            };
            state.trim();
            let mut files = std::mem::replace(&mut state.unsynced, Vec::with_capacity(16));
            if std::mem::take(&mut state.dirty) {
                files.extend(state.live());
            }
            let names: Vec<String> = state.trash.drain(..).map(|(epoch, number)| name(&epoch, number)).collect();
            (disk, files, names)
        };
        names.iter().for_each(|name| drop(disk.remove(name)));
        let synced = files.iter().try_for_each(|file| disk.sync(file));
        let prepared = synced.and_then(|()| self.prepare(&*disk));
        let mut state = self.lock();
        if let Err(error) = prepared {
            state.healthy = false;
            state.trouble.get_or_insert(error);
        }
        // Said once for each time.
        let (healthy, said) = (state.healthy, state.said);
        let trouble = state.trouble.take();
        state.said = !healthy;
        drop(state);
        match (healthy, said, trouble) {
            (false, false, Some(error)) => {
                tracing::error!(
                    code = "spool_in_memory",
                    "usage is spooled in memory: the disk does not take it: {error}"
                );
            }
            (true, true, _) => tracing::info!(code = "spool_on_disk", "usage is spooled on disk again"),
            _ => {}
        }
    }

    /// Makes the next segment where there is none. A disk that failed has to prove itself.
    fn prepare(&self, disk: &D) -> io::Result<()> {
        let (number, proves) = {
            let mut state = self.lock();
            if state.own.ended || (state.spare.is_some() && state.healthy) {
                return Ok(());
            }
            // One that was made before the disk failed proves nothing.
            if let Some((_, number)) = state.spare.take() {
                let epoch = state.own.epoch;
                state.trash.push((epoch, number));
            }
            state.number += 1;
            (state.number, !state.healthy)
        };
        let name = self.lock().name(number);
        let file = disk.create(&name)?;
        if proves && let Err(error) = prove(disk, &file) {
            let _ = disk.remove(&name);
            return Err(error);
        }
        let mut state = self.lock();
        state.spare = Some((file, number));
        state.healthy = true;
        Ok(())
    }

    /// Ends it in order: what there is, is synced.
    pub(crate) fn close(&self) {
        self.lock().end();
        self.work();
    }
}

fn prove<D: Disk>(disk: &D, file: &D::File) -> io::Result<()> {
    let written = disk.write(file, 0, &[0; PROBE])?;
    disk.sync(file)?;
    disk.cut(file, 0)?;
    if written < PROBE { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}
