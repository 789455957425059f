//! Tokens that nobody issued.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::*;

/// A folder, its key in hand.
struct Forge {
    _folder: TempDir,
    tokens: Tokens,
    pair: Ed25519KeyPair,
    kid: String,
}

impl Forge {
    fn new() -> Self {
        let (folder, state) = folder();
        let tokens = open(&state);
        let kid = tokens.keys(start())[0].kid.clone();
        let pkcs8 = std::fs::read(state.path("keys").join(format!("{kid}.pk8"))).unwrap();
        Self { _folder: folder, tokens, pair: Ed25519KeyPair::from_pkcs8(&pkcs8).unwrap(), kid }
    }

    fn header(&self) -> String {
        json!({"alg": "EdDSA", "typ": "JWT", "kid": self.kid}).to_string()
    }

    fn claims(&self) -> Value {
        let now = super::super::seconds(start());
        json!({
            "iss": "outrigger-control-plane", "aud": "outrigger-control-plane", "jti": "0".repeat(32),
            "iat": now, "nbf": now, "exp": now + 3600,
            "namespace": "prod", "service_account": "default", "labels": {"app": "chat"}, "team": "blue",
        })
    }

    /// What the real key signs.
    fn signed(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes())))
    }

    fn word(&self, token: &str) -> &'static str {
        word(&self.tokens, token, start())
    }
}

#[test]
fn the_forge_makes_good_tokens() {
    let forge = Forge::new();
    assert_eq!(forge.word(&forge.signed(&forge.header(), &forge.claims().to_string())), "ok");
}

#[test]
fn a_token_never_passes_for_another() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let (a, b) = (token(&tokens, "a"), token(&tokens, "b"));
    let (a, b): (Vec<_>, Vec<_>) = (a.split('.').collect(), b.split('.').collect());
    for (payload, signature) in [(a[1], b[2]), (b[1], a[2])] {
        assert_eq!(word(&tokens, &[a[0], payload, signature].join("."), start()), "token_wrong_key");
    }
    assert_eq!(tokens.verify(&a.join("."), start()).unwrap().workload.namespace, "a");
    assert_eq!(tokens.verify(&b.join("."), start()).unwrap().workload.namespace, "b");
}

/// Z2: the signature alone decides; there is nothing to look up before it.
#[test]
fn a_token_with_any_character_changed_is_refused() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let good = token(&tokens, "prod");
    for at in 0..good.len() {
        for other in [b'A', b'B', b'_', b'.', b'='] {
            let mut bytes = good.clone().into_bytes();
            if bytes[at] == other {
                continue;
            }
            bytes[at] = other;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(tokens.verify(&changed, start()).is_err(), "{at}");
        }
        assert!(tokens.verify(&good[..at], start()).is_err(), "cut at {at}");
    }
}

#[test]
fn every_claim_is_held_to_its_rule() {
    let forge = Forge::new();
    let now = super::super::seconds(start());
    for (name, value, expected) in [
        ("aud", json!("another-service"), "token_wrong_audience"),
        ("aud", json!(["outrigger-control-plane"]), "token_malformed"),
        ("iss", json!("somebody"), "token_malformed"),
        ("exp", json!(now), "token_expired"),
        ("exp", json!(now - 1), "token_malformed"),
        ("exp", json!(now + 91 * 86400), "token_too_long_lived"),
        ("exp", json!(now + 90 * 86400), "ok"),
        ("exp", json!(u64::MAX), "token_too_long_lived"),
        ("exp", json!(-1), "token_malformed"),
        ("exp", json!(1e12), "token_malformed"),
        ("exp", json!("never"), "token_malformed"),
        ("exp", Value::Null, "token_malformed"),
        ("iat", json!(now - 90 * 86400), "token_too_long_lived"),
        ("iat", json!(now + 60), "ok"),
        ("iat", json!(now + 61), "token_not_yet_valid"),
        ("nbf", json!(now + 60), "ok"),
        ("nbf", json!(now + 61), "token_not_yet_valid"),
        ("nbf", json!(u64::MAX), "token_not_yet_valid"),
        ("jti", json!(""), "token_malformed"),
        ("jti", json!("x".repeat(32)), "token_malformed"),
        ("namespace", json!("Prod"), "token_malformed"),
        ("namespace", json!("a/b"), "token_malformed"),
        ("service_account", json!(""), "token_malformed"),
        ("labels", json!({"app": "no spaces"}), "token_malformed"),
        ("labels", json!({"app": 1}), "token_malformed"),
        ("labels", json!([["app", "chat"]]), "token_malformed"),
        ("team", json!(""), "token_malformed"),
        ("admin", json!(true), "token_malformed"),
    ] {
        let mut claims = forge.claims();
        claims[name] = value.clone();
        // What has expired must have begun.
        if name == "exp" && value == json!(now) {
            claims["iat"] = json!(now - 1);
        }
        assert_eq!(forge.word(&forge.signed(&forge.header(), &claims.to_string())), expected, "{name} {value}");
    }
    for name in ["iss", "aud", "jti", "iat", "nbf", "exp", "namespace", "service_account", "labels"] {
        let mut claims = forge.claims();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            forge.word(&forge.signed(&forge.header(), &claims.to_string())),
            "token_malformed",
            "without {name}"
        );
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    let forge = Forge::new();
    let (header, claims) = (forge.header(), forge.claims().to_string());
    for (header, claims) in [
        (header.replacen('{', r#"{"alg":"EdDSA","#, 1), claims.clone()),
        (header.clone(), claims.replacen('{', r#"{"namespace":"prod","#, 1)),
        (header.clone(), claims.replace(r#"{"app""#, r#"{"app":"admin","app""#)),
        (header.clone(), format!("{claims}{claims}")),
    ] {
        assert_eq!(forge.word(&forge.signed(&header, &claims)), "token_malformed", "{header} {claims}");
    }
}

#[test]
fn no_other_head_is_believed() {
    let forge = Forge::new();
    let kid = &forge.kid;
    for (header, expected) in [
        (json!({"alg": "none", "typ": "JWT", "kid": kid}), "token_malformed"),
        (json!({"alg": "HS256", "typ": "JWT", "kid": kid}), "token_malformed"),
        (json!({"alg": "eddsa", "typ": "JWT", "kid": kid}), "token_malformed"),
        (json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid}), "token_malformed"),
        (json!({"alg": "EdDSA", "kid": kid}), "token_malformed"),
        (json!({"alg": "EdDSA", "typ": "JWT"}), "token_malformed"),
        (json!({"alg": "EdDSA", "typ": "JWT", "kid": kid, "crit": ["exp"]}), "token_malformed"),
        (json!({"alg": "EdDSA", "typ": "JWT", "kid": kid, "jwk": {}}), "token_malformed"),
        (json!({"alg": "EdDSA", "typ": "JWT", "kid": ""}), "token_wrong_key"),
        (json!({"alg": "EdDSA", "typ": "JWT", "kid": "../../etc/passwd"}), "token_wrong_key"),
        (json!([]), "token_malformed"),
    ] {
        assert_eq!(forge.word(&forge.signed(&header.to_string(), &forge.claims().to_string())), expected, "{header}");
    }
}

#[test]
fn a_token_without_signature_or_signed_with_the_public_key_is_refused() {
    let forge = Forge::new();
    for (alg, mac) in [("none", false), ("HS256", true), ("EdDSA", true), ("EdDSA", false)] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": forge.kid}).to_string();
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(forge.claims().to_string()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, forge.pair.public_key().as_ref());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
        let token = format!("{signed}.{}", if mac { signature.as_str() } else { "" });
        let expected = if alg == "EdDSA" { "token_wrong_key" } else { "token_malformed" };
        assert_eq!(forge.word(&token), expected, "{alg} {mac}");
    }
}

#[test]
fn another_folders_token_is_refused_under_any_name() {
    let (forge, mut other) = (Forge::new(), Forge::new());
    assert_eq!(forge.word(&token(&other.tokens, "prod")), "token_wrong_key");
    other.kid.clone_from(&forge.kid);
    assert_eq!(forge.word(&other.signed(&other.header(), &other.claims().to_string())), "token_wrong_key");
}

#[test]
fn what_has_not_the_form_of_a_token_is_refused() {
    let forge = Forge::new();
    let good = token(&forge.tokens, "prod");
    let mut large = forge.claims();
    large["team"] = json!("x".repeat(8 << 10));
    for (text, expected) in [
        (String::new(), "token_missing"),
        (" ".into(), "token_malformed"),
        ("rubbish".into(), "token_malformed"),
        ("..".into(), "token_malformed"),
        ("a.b".into(), "token_malformed"),
        (format!("{good}."), "token_malformed"),
        (format!("{good}.x"), "token_malformed"),
        (format!(".{good}"), "token_malformed"),
        (format!("{good}\n"), "token_malformed"),
        (format!("{good}=="), "token_malformed"),
        (format!("Bearer {good}"), "token_malformed"),
        (forge.signed(&forge.header(), &large.to_string()), "token_malformed"),
        ("x".repeat(1 << 20), "token_malformed"),
    ] {
        assert_eq!(forge.word(&text), expected, "{:.40}", text);
    }
}
