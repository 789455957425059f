//! An object of policy, as an argument names it.

use outrigger_compile::{Kind, ObjectRef};

/// `ModelRoute/shop/fast`, as an argument; the kind in any case.
pub(crate) fn parse(text: &str) -> Result<ObjectRef, String> {
    let kinds = [Kind::ModelProvider, Kind::ModelRoute, Kind::ModelPolicy, Kind::Secret, Kind::ConfigMap];
    let wrong = || format!("{text:?} is no object: write KIND/NAMESPACE/NAME, ModelRoute/shop/fast");
    let &[kind, namespace, name] = &text.split('/').collect::<Vec<_>>()[..] else { return Err(wrong()) };
    let kind = kinds.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(kind)).ok_or_else(wrong)?;
    if namespace.is_empty() || name.is_empty() {
        return Err(wrong());
    }
    Ok(ObjectRef { kind, namespace: namespace.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named() {
        assert_eq!(parse("modelroute/shop/fast").unwrap().to_string(), "ModelRoute shop/fast");
        for bad in ["", "ModelRoute/fast", "Pod/shop/web", "ModelRoute//fast", "ModelRoute/a/b/c"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
