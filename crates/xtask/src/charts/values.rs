//! What can be said to a chart: one table for each, of which `values.yaml`, `values.schema.json`, the table of its README and
//! the random values of its tests are made.
//!
//! The order is that of the file that people read, so it is a list and no map.

mod crds;
mod outrigger;

pub(super) use crds::crds;
pub(super) use outrigger::outrigger;
use serde_json::Value as Json;

/// One value, or a group of them.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) name: &'static str,
    /// What it does, for people: a sentence without a full stop.
    pub(super) says: String,
    pub(super) is: Is,
}

#[derive(Clone, Debug)]
pub(super) enum Is {
    Group(Vec<Value>),
    One { kind: Kind, default: Json },
}

/// What may be written there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Bool,
    /// A whole number from here to there.
    Whole(u32, u32),
    Text(Text),
    /// One of these words; an empty one means that it is off.
    Word(&'static [&'static str]),
    /// A list in which nothing is twice.
    Texts(Text),
    Ports,
    /// Whatever labels may be: free names, short values.
    Labels,
    Annotations,
    /// Amounts of what a node has, by name.
    Amounts,
    /// How much of one thing: `10Gi`.
    Amount,
    /// `[{name: x}]`
    PullSecrets,
    /// Names of Secrets or ConfigMaps, by namespace.
    NamesByNamespace,
    /// As Kubernetes has it: not ours to say what is in it.
    Foreign(Foreign),
}

/// What text may look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Text {
    /// Name of a namespace.
    Label,
    /// Name of another object; empty: none.
    Name,
    /// Key of an entry of a Secret.
    Entry,
    /// A DNS name.
    Domain,
    Registry,
    Repository,
    Tag,
    Digest,
    /// Such as `2160h`.
    Duration,
    /// Key of a label.
    Key,
    Address,
    /// A level, or directives.
    Filter,
    /// What stands before the name of a page.
    Pages,
    /// Where something is, without a path; empty: nowhere.
    Url,
    /// From 0 to 1; empty: what the program does by itself.
    Ratio,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Foreign {
    Affinity,
    Tolerations,
}

/// The path of a value and the value, in the order of the table.
pub(super) fn leaves(values: &[Value]) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for value in values {
        match &value.is {
            Is::Group(group) => {
                all.extend(leaves(group).into_iter().map(|(path, leaf)| (format!("{}.{path}", value.name), leaf)));
            }
            Is::One { .. } => all.push((value.name.to_owned(), value)),
        }
    }
    all
}

fn group(name: &'static str, says: &str, values: Vec<Value>) -> Value {
    Value { name, says: says.to_owned(), is: Is::Group(values) }
}

fn one(name: &'static str, kind: Kind, default: Json, says: &str) -> Value {
    Value { name, says: says.to_owned(), is: Is::One { kind, default } }
}

fn text(name: &'static str, kind: Text, default: &str, says: &str) -> Value {
    one(name, Kind::Text(kind), default.into(), says)
}

fn switch(name: &'static str, default: bool, says: &str) -> Value {
    one(name, Kind::Bool, default.into(), says)
}

/// What every object of a chart is given.
fn common() -> [Value; 2] {
    let nothing = || serde_json::json!({});
    [
        one("commonLabels", Kind::Labels, nothing(), "Labels of every object and pod, beside the chart's own"),
        one("commonAnnotations", Kind::Annotations, nothing(), "Annotations of every object and pod"),
    ]
}
