//! What a token says of its workload, unverified: enough to know that what lies on disk is somebody else's. Whether the
//! token is good is for the control plane to say.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// Namespace and service account, as a token of the control plane's own or a Kubernetes service account's has them; `None`
/// where it says neither.
pub(crate) fn workload(token: &str) -> Option<(String, String)> {
    let payload = token.trim().split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let own = || Some((text("namespace")?, text("service_account")?));
    let kubernetes = || {
        let subject = text("sub")?;
        let (namespace, account) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        Some((namespace.to_owned(), account.to_owned()))
    };
    own().or_else(kubernetes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(claims: &str) -> Option<String> {
        let token = format!("e30.{}.sig\n", URL_SAFE_NO_PAD.encode(claims));
        workload(&token).map(|(namespace, account)| format!("{namespace}/{account}"))
    }

    #[test]
    fn both_kinds_of_token_name_their_workload() {
        assert_eq!(told(r#"{"namespace":"a","service_account":"web"}"#).as_deref(), Some("a/web"));
        assert_eq!(told(r#"{"sub":"system:serviceaccount:a:web"}"#).as_deref(), Some("a/web"));
        for other in ["{}", "[]", "", r#"{"sub":"a:b"}"#, r#"{"namespace":"a"}"#] {
            assert_eq!(told(other), None, "{other}");
        }
        assert_eq!((workload(""), workload("a.%.b")), (None, None));
    }
}
