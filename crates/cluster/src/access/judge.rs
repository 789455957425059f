//! What the API server is asked about somebody, and what its answers mean: pure.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec, UserInfo},
    authorization::v1::{NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
};
use kube_client::Error;
use outrigger_route::hash::Hash;

use super::{denied::Denied, wish::Wish};

/// Longest token that is asked about.
const LONGEST: usize = 16 << 10;

/// Whether the API server needs to be asked at all.
pub(super) fn plausible(token: &str) -> bool {
    !token.is_empty() && token.len() <= LONGEST && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Who has this token? No audience is named: the API server means its own then, as of everybody who calls it.
pub(super) fn who(token: &str) -> TokenReview {
    let spec = TokenReviewSpec { token: token.to_owned(), audiences: None };
    TokenReview { spec, ..TokenReview::default() }
}

/// Who it is.
pub(super) fn user(answer: TokenReview) -> Result<UserInfo, Denied> {
    let status = answer.status.unwrap_or_default();
    match status.user {
        Some(user) if status.authenticated == Some(true) => Ok(user),
        // What the API server says about it may quote the token.
        _ => Err(Denied::Unauthenticated),
    }
}

/// What an answer to a wish is remembered by, with the token of whoever has it.
pub(super) fn name(wish: Wish<'_>) -> Hash {
    match wish {
        Wish::Page(path) => Hash::new().part(path),
        Wish::Usage { verb, namespace } => {
            // No path is like that.
            Hash::new().part("usage").part(verb).part(namespace.unwrap_or("*"))
        }
    }
}

/// May they do this?
pub(super) fn may(user: UserInfo, wish: Wish<'_>) -> SubjectAccessReview {
    let UserInfo { username, uid, groups, extra } = user;
    let (page, usage) = match wish {
        Wish::Page(path) => {
            (Some(NonResourceAttributes { path: Some(path.to_owned()), verb: Some("get".to_owned()) }), None)
        }
        Wish::Usage { verb, namespace } => {
            let usage = ResourceAttributes {
                group: Some(outrigger_crd::GROUP.to_owned()),
                resource: Some("usage".to_owned()),
                verb: Some(verb.to_owned()),
                // Without one, all of them are meant.
                namespace: namespace.map(str::to_owned),
                ..ResourceAttributes::default()
            };
            (None, Some(usage))
        }
    };
    let extra: Option<BTreeMap<_, _>> = extra.map(|extra| extra.into_iter().collect());
    let spec = SubjectAccessReviewSpec {
        user: username,
        uid,
        groups,
        extra,
        non_resource_attributes: page,
        resource_attributes: usage,
    };
    SubjectAccessReview { spec, ..SubjectAccessReview::default() }
}

/// Whether they may.
pub(super) fn allowed(answer: SubjectAccessReview, user: String) -> Result<(), Denied> {
    let status = answer.status.unwrap_or_default();
    if status.allowed && status.denied != Some(true) { Ok(()) } else { Err(Denied::Forbidden { user }) }
}

/// Whether an answer is about the token, and not about the moment.
pub(super) fn lasts(answer: &Result<(), Denied>) -> bool {
    matches!(answer, Ok(()) | Err(Denied::Unauthenticated | Denied::Forbidden { .. }))
}

/// Why a question of this kind was not answered.
pub(super) fn unasked(kind: &str, error: &Error) -> String {
    match error {
        Error::Api(status) if status.code == 403 => format!(
            "the control plane may not create a {kind}: bind its service account to the ClusterRole system:auth-delegator"
        ),
        // Its message is left out: it may quote what was asked.
        Error::Api(status) => format!("the API server does not take a {kind}: {} {}", status.code, status.reason),
        _ => format!("the API server cannot be asked a {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(json: serde_json::Value) -> Result<UserInfo, Denied> {
        user(serde_json::from_value(json!({"spec": {}, "status": json})).unwrap())
    }

    #[test]
    fn somebody_is_who_the_api_server_says() {
        let asked = serde_json::to_value(who("t")).unwrap();
        assert_eq!(asked["spec"], json!({"token": "t"}), "no audience: the API server's own");
        let ann = json!({"username": "ann", "uid": "1", "groups": ["dev"], "extra": {"a": ["b"]}});
        let user = told(json!({"authenticated": true, "user": ann})).unwrap();
        let asked = serde_json::to_value(may(user.clone(), Wish::Page("/fleet"))).unwrap();
        let page = json!({"path": "/fleet", "verb": "get"});
        assert_eq!(
            asked["spec"],
            json!({"user": "ann", "uid": "1", "groups": ["dev"], "extra": {"a": ["b"]}, "nonResourceAttributes": page})
        );
        let asked =
            |namespace| serde_json::to_value(may(user.clone(), Wish::Usage { verb: "get", namespace })).unwrap();
        let usage = json!({"group": "outrigger.dev", "resource": "usage", "verb": "get", "namespace": "prod"});
        assert_eq!(asked(Some("prod"))["spec"]["resourceAttributes"], usage);
        assert!(asked(None)["spec"]["resourceAttributes"]["namespace"].is_null(), "all of them");
        for nobody in [
            json!({"authenticated": false, "user": ann}),
            json!({"user": ann}),
            json!({"authenticated": true}),
            json!({"authenticated": false, "error": "bad token t"}),
        ] {
            assert_eq!(told(nobody.clone()), Err(Denied::Unauthenticated), "{nobody}");
        }
        assert_eq!(super::user(TokenReview::default()), Err(Denied::Unauthenticated));
    }

    #[test]
    fn only_a_plain_yes_is_one() {
        let told = |status: serde_json::Value| {
            allowed(serde_json::from_value(json!({"spec": {}, "status": status})).unwrap(), "ann".to_owned())
        };
        assert_eq!(told(json!({"allowed": true})), Ok(()));
        let no = Err(Denied::Forbidden { user: "ann".to_owned() });
        for status in [
            json!({"allowed": false}),
            json!({"allowed": true, "denied": true}),
            json!({"allowed": false, "evaluationError": "x"}),
        ] {
            assert_eq!(told(status.clone()), no, "{status}");
        }
        assert_eq!(allowed(SubjectAccessReview::default(), "ann".to_owned()), no);
    }

    #[test]
    fn what_is_no_token_is_not_asked_about() {
        for bad in ["", "a b", "a\nb", "ä", &"a".repeat(LONGEST + 1)] {
            assert!(!plausible(bad), "{bad}");
        }
        assert!(plausible("eyJ.e-_.x") && plausible(&"a".repeat(LONGEST)));
    }

    #[test]
    fn an_answer_about_the_moment_does_not_last() {
        assert!(lasts(&Ok(())) && lasts(&Err(Denied::Unauthenticated)));
        assert!(!lasts(&Err(Denied::Busy)) && !lasts(&Err(Denied::Unavailable(String::new()))));
        let forbidden = json!({"code": 403, "reason": "Forbidden", "message": "quotes sk-secret"});
        let error = Error::Api(Box::new(serde_json::from_value(forbidden).unwrap()));
        let why = unasked("TokenReview", &error);
        assert!(why.contains("system:auth-delegator") && !why.contains("sk-secret"), "{why}");
    }
}
