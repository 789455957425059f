//! Who may do what, asked of the API server: it keeps nothing of such a question.

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{
    super::{
        found::{Attributes, LEDGER, Right, Seen},
        rights,
    },
    ask::Ask,
};

/// What the programs' accounts need.
pub(super) fn programs(ask: &Ask<'_>, system: &str) -> Seen<Vec<Right>> {
    let review = |(program, attributes): (&str, Attributes)| {
        let groups =
            json!(["system:serviceaccounts", format!("system:serviceaccounts:{system}"), "system:authenticated"]);
        let spec = json!({"user": rights::user(system, program), "groups": groups, "resourceAttributes": attributes});
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec})
    };
    asked(ask, rights::needed(system).into_iter().map(review).collect())
}

/// What whoever asks needs, to install it.
pub(super) fn own(ask: &Ask<'_>, system: &str) -> Seen<Vec<Right>> {
    let needed = rights::needed(system).into_iter().filter(|(program, _)| *program != LEDGER).map(|(_, it)| it);
    let mut all: Vec<Attributes> =
        rights::to_install(system).into_iter().chain(rights::to_give(system)).chain(needed).collect();
    all.sort_unstable();
    all.dedup();
    let review = |attributes: Attributes| {
        let spec = json!({"resourceAttributes": attributes});
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec})
    };
    asked(ask, all.into_iter().map(review).collect())
}

fn asked(ask: &Ask<'_>, reviews: Vec<Value>) -> Seen<Vec<Right>> {
    let answers = match ask.create(&[], &reviews) {
        Ok((answers, _)) => answers,
        Err(why) => return Seen::Unknown(why),
    };
    if answers.len() != reviews.len() {
        return Seen::Unknown(format!("{} of {} questions were answered", answers.len(), reviews.len()));
    }
    let read: Option<Vec<Right>> = answers.iter().map(right).collect();
    read.map_or_else(|| Seen::Unknown("what was answered is no review".to_owned()), Seen::There)
}

fn right(answer: &Value) -> Option<Right> {
    let spec = &answer["spec"];
    Some(Right {
        user: spec["user"].as_str().unwrap_or_default().to_owned(),
        attributes: Attributes::deserialize(&spec["resourceAttributes"]).ok()?,
        allowed: answer["status"]["allowed"].as_bool()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_who_what_and_whether() {
        let attributes = json!({"verb": "get", "resource": "pods", "version": "*"});
        let answer = json!({"spec": {"user": "a", "resourceAttributes": attributes}, "status": {"allowed": false}});
        let right = right(&answer).unwrap();
        assert_eq!((right.user.as_str(), right.attributes.verb.as_str(), right.allowed), ("a", "get", false));
        assert!(super::right(&json!({"spec": {}, "status": {}})).is_none());
    }
}
