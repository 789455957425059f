//! Keeps provider keys to ourselves when a provider echoes them (Z6): in error bodies, in messages, in headers.

use bytes::Bytes;
use http::HeaderMap;
use memchr::memmem;
use outrigger_route::snapshot::Provider;
use outrigger_wire::Failure;

const REPLACEMENT: &str = "[redacted]";

/// Takes every key of `provider` out of what an attempt failed with.
pub(crate) fn failure(failure: &mut Failure, provider: &Provider) {
    if let Some(told) = &mut failure.told {
        headers(told, provider);
    }
    for credential in provider.credentials.iter() {
        let key = credential.secret.expose();
        if key.is_empty() {
            continue;
        }
        if failure.message.contains(key) {
            failure.message = failure.message.replace(key, REPLACEMENT).into();
        }
        if let Some(clean) = failure.body.as_ref().and_then(|body| without(body, key)) {
            failure.body = Some(clean);
        }
    }
}

/// `body` with `key` replaced wherever it stands, as it is or as JSON may write it (H15); `None` where it does not.
fn without(body: &[u8], key: &str) -> Option<Bytes> {
    let mut clean = Vec::new();
    let mut done = 0;
    let mut at = 0;
    while at < body.len() {
        match spelled(&body[at..], key.as_bytes()) {
            Some(length) => {
                clean.extend_from_slice(&body[done..at]);
                clean.extend_from_slice(REPLACEMENT.as_bytes());
                at += length;
                done = at;
            }
            None => at += 1,
        }
    }
    clean.extend_from_slice(&body[done..]);
    (done > 0).then(|| Bytes::from(clean))
}

/// How many bytes at the start of `text` spell `key`, with or without JSON's escapes (RFC 8259, 7), once or twice over: a
/// JSON text in a JSON string is escaped again.
fn spelled(text: &[u8], key: &[u8]) -> Option<usize> {
    let mut rest = text;
    for byte in key {
        rest = one(rest, *byte)?;
    }
    Some(text.len() - rest.len())
}

/// What follows one character of a string that means `byte`.
fn one(text: &[u8], byte: u8) -> Option<&[u8]> {
    let escapes = text.iter().take_while(|byte| **byte == b'\\').count();
    let (_, behind) = text.split_at(escapes);
    match behind {
        [b'u', digits @ ..] if escapes > 0 => {
            let (digits, rest) = digits.split_at_checked(4)?;
            let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            (code == u32::from(byte)).then_some(rest)
        }
        // A backslash of the key itself, escaped or not.
        rest if byte == b'\\' => (escapes > 0).then_some(rest),
        [first, rest @ ..] if *first == byte => Some(rest),
        _ => None,
    }
}

/// Drops every header of an answer that holds a key of `provider`.
pub(crate) fn headers(headers: &mut HeaderMap, provider: &Provider) {
    let holds_key = |value: &http::HeaderValue| {
        provider.credentials.iter().any(|credential| {
            let key = credential.secret.expose().as_bytes();
            !key.is_empty() && value.len() >= key.len() && memmem::find(value.as_bytes(), key).is_some()
        })
    };
    let echoing: Vec<_> = headers.iter().filter(|(_, value)| holds_key(value)).map(|(name, _)| name.clone()).collect();
    for name in echoing {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-a/b+c\"d";

    /// Z6, H15.
    #[test]
    fn a_key_is_found_however_json_writes_it() {
        for spelling in [
            r#"sk-a/b+c\"d"#,
            r#"sk-a\/b+c\"d"#,
            r"\u0073\u006B-a\/b\u002bc\u0022d",
            r#"sk-a\\\/b+c\\\"d"#,
            r"\\u0073k-a/b+c\\u0022d",
        ] {
            let body = format!(r#"{{"error":{{"message":"bad key {spelling}, and {spelling}"}}}}"#);
            let clean = without(body.as_bytes(), KEY).unwrap_or_else(|| panic!("{spelling} was not found"));
            assert_eq!(clean, r#"{"error":{"message":"bad key [redacted], and [redacted]"}}"#, "{spelling}");
        }
    }

    #[test]
    fn what_is_no_key_stays() {
        for body in ["", "sk-", r"\u", r"\u00", r"\", r#"{"a":"sk-a/b+cd"}"#, r"\u0074k-a/b"] {
            assert_eq!(without(body.as_bytes(), KEY), None, "{body}");
        }
    }
}
