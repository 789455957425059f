//! The charts, as they are printed.

use super::{
    print, schema,
    values::{self, Value},
};

/// A chart whose values are printed from a table.
pub(crate) struct Chart {
    /// Its name, and that of its folder in `charts`.
    pub(crate) name: &'static str,
    values: Vec<Value>,
}

/// All of them, in the order in which they are installed.
pub(crate) fn all() -> [Chart; 2] {
    [Chart { name: "outrigger-crds", values: values::crds() }, Chart { name: "outrigger", values: values::outrigger() }]
}

impl Chart {
    /// Its folder, below the root of the repository.
    pub(crate) fn folder(&self) -> String {
        format!("charts/{}", self.name)
    }

    /// `values.yaml`
    pub(crate) fn values(&self) -> String {
        print::yaml(&self.values)
    }

    /// `values.schema.json`
    pub(crate) fn schema(&self) -> String {
        schema::schema(self.name, &self.values)
    }

    /// The table of its README.
    pub(crate) fn table(&self) -> String {
        print::table(&self.values)
    }
}
