//! How whoever sends in the background hears that the process leaves, and says that it is done.

use std::time::Duration;

use tokio::sync::oneshot;

/// Tells it, and waits.
#[derive(Debug)]
pub struct Leaving {
    leave: oneshot::Sender<()>,
    done: oneshot::Receiver<()>,
}

/// What it hears, and by what it says so.
#[derive(Debug)]
pub struct Asked {
    /// Ends when it is asked to leave.
    pub leave: oneshot::Receiver<()>,
    /// Says that nothing is left.
    pub done: oneshot::Sender<()>,
}

/// Both ends.
pub fn ends() -> (Leaving, Asked) {
    let ((leave, asked), (done, told)) = (oneshot::channel(), oneshot::channel());
    (Leaving { leave, done: told }, Asked { leave: asked, done })
}

impl Leaving {
    /// Has the rest sent, and waits for that for so long at the most. Answers whether all of it went.
    pub async fn leave(self, within: Duration) -> bool {
        let Self { leave, done } = self;
        let told = leave.send(()).is_ok();
        told && matches!(tokio::time::timeout(within, done).await, Ok(Ok(())))
    }
}
