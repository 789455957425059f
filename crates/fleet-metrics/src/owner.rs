//! To whom it is added.

/// To whom what a process counts is added.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Its namespace.
    pub namespace: Box<str>,
    /// What its pods belong to: `Deployment/web`; empty where nobody says.
    pub workload: Box<str>,
    /// Who is charged; empty where nobody says.
    pub team: Box<str>,
}
