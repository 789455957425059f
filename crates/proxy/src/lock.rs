//! Locks around plain data.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A poisoned lock holds plain numbers: whatever they are, they are still numbers.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
