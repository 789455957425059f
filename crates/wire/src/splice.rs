//! Where a broken answer is gone on with by another stream.

/// What to do with an event of the target that continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splice {
    /// It goes on where the broken answer stopped.
    Pass,
    /// It opens what is open already.
    Drop,
    /// It does not fit behind the partial answer.
    Unfit,
}
