//! What an answer of the API server means. Pure.

use k8s_openapi::api::authentication::v1::{TokenReviewStatus, UserInfo};

use super::{
    claims::Claims,
    verdict::{AUDIENCE, Key, Refusal, Reviewed},
};

/// How user names of service accounts begin.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";
/// What is said beside it of a token that was made for one pod.
const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
const POD_UID: &str = "authentication.kubernetes.io/pod-uid";

/// Whose the token is. `claims`: its own, of which no more than its end is taken, and that of a token that the API server
/// vouches for.
pub(super) fn judge(status: &TokenReviewStatus, claims: &Claims, key: Key) -> Result<Reviewed, Refusal> {
    if status.authenticated != Some(true) {
        return Err(Refusal::NotAuthenticated);
    }
    // An API server, or a webhook behind it, that knows nothing of audiences names none: it has not looked at them.
    if !status.audiences.iter().flatten().any(|audience| audience == AUDIENCE) {
        return Err(Refusal::WrongAudience);
    }
    let user = status.user.as_ref().ok_or(Refusal::NotBound)?;
    let (namespace, service_account) = service_account(user).ok_or(Refusal::NotBound)?;
    let said = |key| extra(user, key).ok_or(Refusal::NotBound);
    Ok(Reviewed {
        namespace: namespace.into(),
        service_account: service_account.into(),
        pod: said(POD_NAME)?.into(),
        uid: said(POD_UID)?.into(),
        expires: claims.expires,
        key,
    })
}

fn service_account(user: &UserInfo) -> Option<(&str, &str)> {
    let (namespace, name) = user.username.as_deref()?.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

/// Exactly one value, or none counts.
fn extra<'a>(user: &'a UserInfo, key: &str) -> Option<&'a str> {
    match user.extra.as_ref()?.get(key)?.as_slice() {
        [value] if !value.is_empty() => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn good() -> Value {
        json!({
            "authenticated": true,
            "audiences": ["outrigger-control-plane"],
            "user": {
                "username": "system:serviceaccount:demo:chat",
                "uid": "0b5f",
                "groups": ["system:serviceaccounts", "system:authenticated"],
                "extra": {
                    "authentication.kubernetes.io/pod-name": ["web-5d9c-x2x"],
                    "authentication.kubernetes.io/pod-uid": ["1f0c"],
                    "authentication.kubernetes.io/credential-id": ["JTI=7d"],
                },
            },
        })
    }

    fn judged(status: Value) -> Result<Reviewed, Refusal> {
        let claims = Claims::of("h.eyJhdWQiOiJvdXRyaWdnZXItY29udHJvbC1wbGFuZSIsImV4cCI6MjAwMH0.s").unwrap();
        judge(&serde_json::from_value(status).unwrap(), &claims, [7; 32])
    }

    /// The good answer, with something else at `pointer`; `null` for nothing.
    fn with(pointer: &str, value: Value) -> Result<Reviewed, Refusal> {
        let mut status = good();
        *status.pointer_mut(pointer).unwrap() = value;
        judged(status)
    }

    #[test]
    fn a_token_of_a_pod_says_whose_it_is() {
        let reviewed = judged(good()).unwrap();
        assert_eq!((&*reviewed.namespace, &*reviewed.service_account), ("demo", "chat"));
        assert_eq!((&*reviewed.pod, &*reviewed.uid, reviewed.key), ("web-5d9c-x2x", "1f0c", [7; 32]));
        let end = reviewed.expires.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(end.as_secs(), 2000);
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(with("/authenticated", json!(false)), Err(Refusal::NotAuthenticated));
        assert_eq!(with("/authenticated", Value::Null), Err(Refusal::NotAuthenticated));
        assert_eq!(judged(json!({})), Err(Refusal::NotAuthenticated));
        for audiences in [Value::Null, json!([]), json!(["https://kubernetes.default.svc"])] {
            assert_eq!(with("/audiences", audiences), Err(Refusal::WrongAudience));
        }
        for name in [
            "kubernetes-admin",
            "system:node:a",
            "system:serviceaccount:",
            "system:serviceaccount:demo",
            "system:serviceaccount:demo:",
            "system:serviceaccount::chat",
            "system:serviceaccount:demo:chat:more",
        ] {
            assert_eq!(with("/user/username", json!(name)), Err(Refusal::NotBound), "{name}");
        }
        assert_eq!(with("/user", Value::Null), Err(Refusal::NotBound));
        assert_eq!(with("/user/extra", Value::Null), Err(Refusal::NotBound));
        for extra in ["pod-name", "pod-uid"] {
            for value in [json!([]), json!([""]), json!(["a", "b"])] {
                let pointer = format!("/user/extra/authentication.kubernetes.io~1{extra}");
                assert_eq!(with(&pointer, value), Err(Refusal::NotBound), "{extra}");
            }
        }
    }
}
