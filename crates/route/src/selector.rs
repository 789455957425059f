//! Which workloads an object selects: by labels as Kubernetes reads them, and by service accounts. The one matcher, for whoever
//! compiles policy and for a sidecar that has to find its own.

/// What is asked of one label of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requires<'a> {
    /// It is there, with this value.
    Is(&'a str),
    /// It is there, with one of these.
    In(&'a [String]),
    /// It is not there, or has none of these.
    NotIn(&'a [String]),
    /// It is there.
    Exists,
    /// It is not.
    DoesNotExist,
}

impl Requires<'_> {
    /// Whether it holds of a label with this value; `None`: there is no such label.
    pub fn holds(self, value: Option<&str>) -> bool {
        let listed = |values: &[String]| value.is_some_and(|have| values.iter().any(|one| one == have));
        match self {
            Self::Is(wanted) => value == Some(wanted),
            Self::In(values) => listed(values),
            Self::NotIn(values) => !listed(values),
            Self::Exists => value.is_some(),
            Self::DoesNotExist => value.is_none(),
        }
    }
}

/// Whether every requirement on a label (its key comes first) holds of a thing whose labels `label` knows.
pub fn matches<'r, 'l>(
    requirements: impl IntoIterator<Item = (&'r str, Requires<'r>)>,
    label: impl Fn(&str) -> Option<&'l str>,
) -> bool {
    requirements.into_iter().all(|(key, requires)| requires.holds(label(key)))
}

/// Whether a list of service accounts lets `account` through; without one all are.
pub fn lists(accounts: Option<&[String]>, account: &str) -> bool {
    accounts.is_none_or(|list| list.iter().any(|one| one == account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_not_there_is_in_no_list() {
        let values = ["a".to_owned(), String::new()];
        for (requires, missing, empty, a, b) in [
            (Requires::Is("a"), false, false, true, false),
            (Requires::In(&values), false, true, true, false),
            (Requires::NotIn(&values), true, false, false, true),
            (Requires::Exists, false, true, true, true),
            (Requires::DoesNotExist, true, false, false, false),
        ] {
            let told = [None, Some(""), Some("a"), Some("b")].map(|value| requires.holds(value));
            assert_eq!(told, [missing, empty, a, b], "{requires:?}");
        }
    }

    #[test]
    fn everything_that_is_asked_has_to_hold() {
        let label = |key: &str| (key == "app").then_some("web");
        assert!(matches([], label));
        assert!(matches([("app", Requires::Is("web")), ("tier", Requires::DoesNotExist)], label));
        assert!(!matches([("app", Requires::Is("web")), ("tier", Requires::Exists)], label));
        let one = ["web".to_owned()];
        assert_eq!((lists(None, "x"), lists(Some(&one), "web"), lists(Some(&one), "x")), (true, true, false));
        assert!(!lists(Some(&[]), "web"), "an empty list lets nobody through");
    }
}
