//! Locks that a panic elsewhere does not take along.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is in it is whole: nobody here leaves a value half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
