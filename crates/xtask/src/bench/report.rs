//! The results: a table for people, JSON for programs.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::figure::Figure;

/// A lane and what came of it.
#[derive(Debug)]
pub(super) struct Result_ {
    pub(super) lane: &'static str,
    pub(super) about: &'static str,
    pub(super) figures: Vec<Figure>,
    pub(super) notes: Vec<String>,
    /// Why nothing is published.
    pub(super) failure: Option<String>,
}
