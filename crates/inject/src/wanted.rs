//! Whether there is to be a sidecar: the narrowest word counts.

use outrigger_crd::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{names::INJECT, skip::Skip};

/// There is to be one.
pub const ENABLED: &str = "enabled";
/// There is to be none.
pub const DISABLED: &str = "disabled";

/// `pod label > pod annotation > namespace label`: the first that there is, whatever it says. A word that is none of the
/// two is no reason to look at the next: who wrote it meant something.
pub(crate) fn wanted(pod: &ObjectMeta, namespace: Option<&str>) -> Result<(), Skip> {
    let label = pod.labels.as_ref().and_then(|labels| labels.get(INJECT));
    let annotation = pod.annotations.as_ref().and_then(|annotations| annotations.get(INJECT));
    let words = [
        ("the pod's label", label.map(String::as_str)),
        ("the pod's annotation", annotation.map(String::as_str)),
        ("the namespace's label", namespace),
    ];
    match words.into_iter().find_map(|(whose, word)| Some((whose, word?))) {
        None => Err(Skip::NotAsked),
        Some((_, ENABLED)) => Ok(()),
        Some((_, DISABLED)) => Err(Skip::Disabled),
        Some((whose, value)) => Err(Skip::InvalidValue { whose, value: value.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-INJ-1: every cell.
    #[test]
    fn the_narrowest_word_counts() {
        let words = [None, Some("enabled"), Some("disabled"), Some("yes"), Some("")];
        let mut told = Vec::new();
        for label in words {
            for annotation in words {
                for namespace in words {
                    let map = |word: Option<&str>| word.map(|word| [(INJECT.to_owned(), word.to_owned())].into());
                    let meta = ObjectMeta { labels: map(label), annotations: map(annotation), ..ObjectMeta::default() };
                    let first = [label, annotation, namespace].into_iter().flatten().next();
                    let code = wanted(&meta, namespace).map_or_else(|skip| skip.code(), |()| "injected");
                    let expected = match first {
                        None => "not_asked",
                        Some("enabled") => "injected",
                        Some("disabled") => "disabled",
                        Some(_) => "invalid_value",
                    };
                    if code != expected {
                        told.push((label, annotation, namespace, code));
                    }
                }
            }
        }
        assert_eq!(told, []);
    }

    #[test]
    fn what_is_neither_says_whose_word_it_is() {
        let meta =
            ObjectMeta { annotations: Some([(INJECT.to_owned(), "true".to_owned())].into()), ..ObjectMeta::default() };
        let skip = wanted(&meta, Some(ENABLED)).unwrap_err();
        assert!(skip.to_string().starts_with("the pod's annotation outrigger.dev/inject says \"true\""), "{skip}");
        assert!(skip.is_said());
    }
}
