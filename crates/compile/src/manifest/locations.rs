//! From an object's field back to the line it stands on.

use std::collections::BTreeMap;

use super::yaml::Lines;
use crate::problem::{ObjectRef, Problem};

/// Where every object of a folder was written.
#[derive(Clone, Debug, Default)]
pub struct Locations(BTreeMap<ObjectRef, (String, Lines)>);

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as named to `parse`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl Locations {
    /// Where `field` of `object` stands, or the nearest field around it; `None` for an object of no file.
    pub fn place(&self, object: &ObjectRef, field: &str) -> Option<Place> {
        let (file, lines) = self.0.get(object)?;
        let at = lines.find(field);
        Some(Place { file: file.clone(), line: at.line, column: at.column })
    }

    pub(crate) fn add(&mut self, object: ObjectRef, file: String, lines: Lines) {
        self.0.insert(object, (file, lines));
    }
}

/// One line for people: `providers.yaml:14: ModelProvider demo/openai-main spec.credentials[0].secretKeyRef: ...`.
pub fn describe(problem: &Problem, locations: &Locations) -> String {
    match locations.place(&problem.object, &problem.field) {
        Some(Place { file, line, .. }) => format!("{file}:{line}: {problem}"),
        None => problem.to_string(),
    }
}
