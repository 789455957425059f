//! Good tokens, and those that are not good any more or not yet.

use super::{super::Which, *};

#[test]
fn a_token_says_whose_it_is() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let issued = tokens.issue(&workload("prod"), DAY * 30, start()).unwrap();
    let identity = tokens.verify(issued.token(), start()).unwrap();
    assert_eq!((identity.workload.namespace.as_str(), identity.workload.service_account.as_str()), ("prod", "default"));
    assert_eq!((identity.workload.labels, identity.account.team), (workload("prod").labels, Some("blue".into())));
    assert_eq!((&*identity.token.id, identity.token.expires), (&*issued.id, issued.expires));
    assert_eq!(issued.expires, start() + DAY * 30);
    assert_eq!(*kid(&identity.token), *tokens.keys(start())[0].kid);
}

#[test]
fn a_workload_with_little_to_say() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let bare = Workload { labels: BTreeMap::new(), team: None, ..workload("prod") };
    let issued = tokens.issue(&bare, SECOND, start()).unwrap();
    let identity = tokens.verify(issued.token(), start()).unwrap();
    assert_eq!((identity.workload.labels.len(), identity.account.team), (0, None));
}

#[test]
fn a_token_counts_from_its_beginning_less_a_minute_to_its_end() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let token = token(&tokens, "prod");
    let end = start() + DAY * 30;
    for (now, expected) in [
        (start() - SECOND * 61, "token_not_yet_valid"),
        (start() - SECOND * 60, "ok"),
        (end - SECOND, "ok"),
        (end, "token_expired"),
        (end + DAY * 1000, "token_expired"),
        (SystemTime::UNIX_EPOCH, "token_not_yet_valid"),
    ] {
        assert_eq!(word(&tokens, &token, now), expected);
    }
    let identity = tokens.verify(&token, start()).unwrap();
    assert_eq!(tokens.recheck(&identity.token, end - SECOND), Ok(()));
    assert_eq!(tokens.recheck(&identity.token, end).unwrap_err().code(), "token_expired");
}

#[test]
fn no_token_is_issued_for_more_than_90_days_or_for_nothing() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let issue = |lifetime| tokens.issue(&workload("prod"), lifetime, start()).map(|_| ()).map_err(|e| e.to_string());
    assert_eq!(issue(DAY * 90), Ok(()));
    for lifetime in [DAY * 90 + SECOND, DAY * 91, Duration::MAX] {
        assert!(issue(lifetime).unwrap_err().contains("at most 90d"));
    }
    assert!(issue(Duration::ZERO).unwrap_err().contains("at least 1s"));
    assert!(issue(Duration::from_millis(999)).unwrap_err().contains("at least 1s"));
}

#[test]
fn a_revoked_token_counts_no_more_and_its_neighbour_does() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let (first, second, third) = (token(&tokens, "a"), token(&tokens, "a"), token(&tokens, "a"));
    let identity = tokens.verify(&first, start()).unwrap();
    assert_eq!(tokens.revoke(&Which::Id(&identity.token.id), start()).unwrap(), *identity.token.id);
    tokens.revoke(&Which::Token(&second), start()).unwrap();
    assert!(tokens.reload_if_changed().unwrap());
    for tokens in [&tokens, &open(&state)] {
        assert_eq!(word(tokens, &first, start()), "token_revoked");
        assert_eq!(tokens.recheck(&identity.token, start()).unwrap_err().code(), "token_revoked");
        assert_eq!(word(tokens, &second, start()), "token_revoked");
        assert_eq!(word(tokens, &third, start()), "ok");
    }
}

#[test]
fn what_cannot_be_revoked_is_told() {
    let ((_a, state), (_b, other)) = (folder(), folder());
    let (tokens, other) = (open(&state), open(&other));
    let (ours, theirs) = (token(&tokens, "a"), token(&other, "a"));
    let refusal = |which, now| tokens.revoke(&which, now).unwrap_err().to_string();
    assert!(refusal(Which::Token(&theirs), start()).contains("no key of this folder"));
    assert!(refusal(Which::Token(&ours), start() + DAY * 31).contains("has expired"));
    assert!(refusal(Which::Token("rubbish"), start()).contains("not one of ours"));
    assert!(refusal(Which::Id("rubbish"), start()).contains("not the name of a token"));
    assert!(!refusal(Which::Id(&ours), start()).contains(&ours));
}

#[test]
fn a_rotated_key_verifies_until_its_last_token_has_expired() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let old = tokens.keys(start())[0].kid.clone();
    let early = token(&tokens, "a");
    let turn = start() + DAY * 10;
    let late = tokens.issue(&workload("a"), DAY * 90, turn).unwrap();
    let new = tokens.rotate_key(false, turn).unwrap();
    assert!(tokens.reload_if_changed().unwrap());
    assert!(new.left_over.is_empty() && new.kid != old);
    let after = tokens.issue(&workload("a"), DAY * 90, turn).unwrap();
    assert_eq!(*kid(&tokens.verify(&early, turn).unwrap().token), *old);
    assert_eq!(*kid(&tokens.verify(late.token(), turn + DAY * 90 - SECOND).unwrap().token), *old);
    assert_eq!(*kid(&tokens.verify(after.token(), turn).unwrap().token), *new.kid);
    assert!(state.path("keys").join(format!("{}.pk8", new.kid)).exists());
    assert!(!state.path("keys").join(format!("{old}.pk8")).exists(), "what signs no more is gone");
    let kids = |now| tokens.keys(now).into_iter().map(|key| key.kid).collect::<Vec<_>>();
    assert_eq!(kids(turn + DAY * 90), [old, new.kid.clone()]);
    assert_eq!(kids(turn + DAY * 90 + SECOND * 60), [new.kid]);
    assert_eq!(word(&tokens, &early, turn + DAY * 91), "token_wrong_key");
}

#[test]
fn a_rotation_can_end_every_older_token() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let (first, second) = (token(&tokens, "a"), token(&tokens, "a"));
    tokens.revoke(&Which::Token(&first), start()).unwrap();
    let identity = tokens.verify(&second, start()).unwrap();
    tokens.rotate_key(false, start()).unwrap();
    tokens.rotate_key(true, start()).unwrap();
    assert!(tokens.reload_if_changed().unwrap());
    assert_eq!(word(&tokens, &first, start()), "token_wrong_key");
    assert_eq!(word(&tokens, &second, start()), "token_wrong_key");
    assert_eq!(tokens.recheck(&identity.token, start()).unwrap_err().code(), "token_wrong_key");
    assert_eq!(tokens.keys(start()).len(), 1);
    assert_eq!(word(&tokens, &token(&tokens, "a"), start()), "ok");
}

#[test]
fn keys_are_bounded_and_ending_them_always_works() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    for _ in 1..64 {
        tokens.rotate_key(false, start()).unwrap();
    }
    let error = tokens.rotate_key(false, start()).unwrap_err().to_string();
    assert!(error.contains("--revoke-old"), "{error}");
    let names = || std::fs::read_dir(state.path("keys")).unwrap().count();
    assert_eq!(names(), 2, "the list and the one key that signs");
    tokens.rotate_key(true, start()).unwrap();
    assert_eq!(names(), 2);
}
