//! A token's outer form: a JWT in compact serialization (RFC 7519, RFC 7515), EdDSA with Ed25519 (RFC 8037), no other.
//!
//! Not a library: jsonwebtoken 11 signs Ed25519 only with aws-lc-rs, or together with RSA, P-384 and HMAC in Rust, and what
//! it adds is the choice of algorithms that is not wanted here. What is left is three parts and one signature.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::Refused;

/// Longest token, and so the most that a stranger can have us decode.
pub(super) const LONGEST: usize = 8 << 10;
const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "JWT";

/// A token in its parts. None of it is to be believed before [`Parts::payload`] has answered.
pub(super) struct Parts<'a> {
    /// Which key is said to have signed it.
    pub(super) kid: String,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

/// Any other member, such as `crit` or `jwk`, is refused with the unknown ones; serde refuses one that is there twice.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

impl<'a> Parts<'a> {
    /// Takes a token apart.
    pub(super) fn of(token: &'a str) -> Result<Self, Refused> {
        if token.is_empty() {
            return Err(Refused::Missing);
        }
        if token.len() > LONGEST {
            return Err(Refused::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refused::Malformed)?;
        if payload.contains('.') {
            return Err(Refused::Malformed);
        }
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| Refused::Malformed)?;
        if header.alg != ALGORITHM || header.typ != TYPE {
            return Err(Refused::Malformed);
        }
        Ok(Self { kid: header.kid, signed, payload, signature: decoded(signature)? })
    }

    /// What `public` has signed.
    pub(super) fn payload(&self, public: &[u8]) -> Result<Vec<u8>, Refused> {
        UnparsedPublicKey::new(&ED25519, public)
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| Refused::WrongKey)?;
        decoded(self.payload)
    }
}

/// Puts a token together.
pub(super) fn sign(key: &Ed25519KeyPair, kid: &str, claims: &impl Serialize) -> serde_json::Result<String> {
    let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: kid.to_owned() };
    let encoded = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encoded(serde_json::to_vec(&header)?), encoded(serde_json::to_vec(claims)?));
    let signature = encoded(key.sign(signed.as_bytes()).as_ref().to_vec());
    Ok(format!("{signed}.{signature}"))
}

fn decoded(part: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed)
}
