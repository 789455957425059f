//! What somebody wants.

/// What somebody wants, in the words of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish<'a> {
    /// To `get` the page at this path.
    Page(&'a str),
    /// Something of the usage that is booked. There are no objects of that kind: it is a name that roles give a right by.
    Usage {
        /// `get` to read it, `create` to book what is in a log, `update` to close a period, `delete` to have a person forgotten.
        verb: &'a str,
        /// Whose; `None`: everybody's.
        namespace: Option<&'a str>,
    },
}
