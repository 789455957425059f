//! Views and what becomes of them.
