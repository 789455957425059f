//! How whoever sends in the background hears that the process leaves, and says that it is done.

use std::time::Duration;

use tokio::sync::oneshot;

/// Tells it, and waits.
#[derive(Debug)]
pub(crate) struct Leaving {
    leave: oneshot::Sender<()>,
    done: oneshot::Receiver<()>,
}

/// What it hears, and by what it says so.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) leave: oneshot::Receiver<()>,
    pub(crate) done: oneshot::Sender<()>,
}

/// Both ends.
pub(crate) fn ends() -> (Leaving, Asked) {
    let ((leave, asked), (done, told)) = (oneshot::channel(), oneshot::channel());
    (Leaving { leave, done: told }, Asked { leave: asked, done })
}

impl Leaving {
    /// Has the rest sent, and waits for that for so long at the most. Answers whether all of it went.
    pub(crate) async fn leave(self, within: Duration) -> bool {
        let Self { leave, done } = self;
        let told = leave.send(()).is_ok();
        told && matches!(tokio::time::timeout(within, done).await, Ok(Ok(())))
    }
}
