//! An edit to be foreseen, and why it could not be.

use outrigger_compile::{ObjectRef, Unreadable, manifest::Object};

/// Objects that take the place of those of their names, and objects that go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edit {
    pub(crate) put: Vec<Result<Object, Unreadable>>,
    pub(crate) removed: Vec<ObjectRef>,
}

/// Why it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// No policy was read yet.
    Pending,
    /// It took longer than whoever asks waits, in the queue or on its own.
    Late,
    /// A bug of ours.
    Failed,
}

impl Unknown {
    /// Its stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Pending => "policy_pending",
            Self::Late => "late",
            Self::Failed => "change_not_compiled",
        }
    }
}
