//! Nothing shows a key or a token.

use std::fs;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use super::{
    super::{Refused, Which, key::Key},
    *,
};

#[test]
fn nothing_shows_a_key_or_a_token() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let issued = tokens.issue(&workload("a"), DAY, start()).unwrap();
    let identity = tokens.verify(issued.token(), start()).unwrap();
    let key = Key::load(&state, kid(&identity.token)).unwrap();
    let path = state.path("keys").join(format!("{}.pk8", kid(&identity.token)));
    // RFC 8410: the 32 bytes of the seed stand behind a head of 16.
    let seed = fs::read(&path).unwrap()[16..48].to_vec();
    let not_named = tokens.revoke(&Which::Id(issued.token()), start()).unwrap_err();
    fs::write(&path, [&seed[..], &seed[..]].concat()).unwrap();
    let broken = tokens.issue(&workload("a"), DAY, start()).unwrap_err();
    let shown =
        format!("{tokens:#?} {issued:?} {identity:?} {key:?} {broken:?} {broken:#} {not_named:?} {not_named:#}");
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{seed:?}");
    let signature = issued.token().rsplit('.').next().unwrap();
    let forms = [
        hex.clone(),
        hex.to_uppercase(),
        STANDARD.encode(&seed[..30]),
        URL_SAFE_NO_PAD.encode(&seed[..30]),
        list.trim_matches(['[', ']']).to_owned(),
        signature.to_owned(),
        issued.token().split('.').nth(1).unwrap().to_owned(),
    ];
    for form in forms {
        assert!(!shown.contains(&form), "{form} in {shown}");
    }
}

#[test]
fn refusals_have_words_of_their_own_and_say_what_to_do() {
    use Refused::{Expired, Malformed, Missing, NotYetValid, Revoked, TooLongLived, WrongAudience, WrongKey};
    let all = [Missing, Malformed, WrongKey, WrongAudience, Expired, NotYetValid, Revoked, TooLongLived];
    let words: std::collections::BTreeSet<_> = all.iter().map(|refused| refused.code()).collect();
    assert_eq!(words.len(), all.len());
    for refused in all {
        assert!(refused.code().starts_with("token_") && refused.to_string().contains(": "), "{refused}");
    }
}
