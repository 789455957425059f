//! What is on disk: two processes, broken files, bounds.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    thread,
};

use super::{
    super::{Which, revoked},
    *,
};

#[test]
fn processes_that_start_at_once_get_one_key() {
    let (_folder, state) = folder();
    let tokens: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| token(&open(&state), "a"))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let check = open(&state);
    assert_eq!(check.keys(start()).len(), 1);
    assert!(tokens.iter().all(|token| word(&check, token, start()) == "ok"));
}

#[test]
fn no_revocation_of_two_processes_is_lost() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let all: Vec<_> = (0..24).map(|_| token(&tokens, "a")).collect();
    thread::scope(|scope| {
        for some in all.chunks(6) {
            let other = open(&state);
            scope.spawn(move || {
                some.iter().for_each(|token| drop(other.revoke(&Which::Token(token), start()).unwrap()))
            });
        }
    });
    assert!(tokens.reload_if_changed().unwrap());
    assert!(all.iter().all(|token| word(&tokens, token, start()) == "token_revoked"));
}

#[test]
fn a_running_process_sees_what_another_does() {
    let (_folder, state) = folder();
    let (server, cli) = (open(&state), open(&state));
    assert!(!server.reload_if_changed().unwrap());
    let token = token(&cli, "a");
    assert!(!server.reload_if_changed().unwrap(), "to issue changes nothing");
    assert_eq!(word(&server, &token, start()), "ok");
    cli.revoke(&Which::Token(&token), start()).unwrap();
    assert_eq!(word(&server, &token, start()), "ok", "not before it has looked");
    assert!(server.reload_if_changed().unwrap());
    assert!(!server.reload_if_changed().unwrap());
    assert_eq!(word(&server, &token, start()), "token_revoked");
    cli.rotate_key(true, start()).unwrap();
    assert!(server.reload_if_changed().unwrap());
    assert_eq!(word(&server, &token, start()), "token_wrong_key");
}

#[test]
fn a_file_written_anew_with_the_same_content_is_no_change() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let path = state.path("revoked.json");
    fs::write(&path, fs::read(&path).unwrap()).unwrap();
    assert!(!tokens.reload_if_changed().unwrap());
}

#[test]
fn broken_files_widen_nothing_and_are_told_once() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let (good, revoked) = (token(&tokens, "a"), token(&tokens, "a"));
    tokens.revoke(&Which::Token(&revoked), start()).unwrap();
    tokens.reload_if_changed().unwrap();
    let (list, keys) = (state.path("revoked.json"), state.path("keys/index.json"));
    for path in [&list, &keys] {
        let kept = fs::read(path).unwrap();
        let half = kept[..kept.len() / 2].to_vec();
        for broken in [Some(half), Some(Vec::new()), Some(b"{}".to_vec()), Some(b"[1]".to_vec()), None] {
            match &broken {
                Some(content) => fs::write(path, content).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            let first = format!("{:#}", tokens.reload_if_changed().unwrap_err());
            assert!(first.contains("last good") && first.contains("backup"), "{first}");
            assert!(!tokens.reload_if_changed().unwrap(), "the same is not told twice");
            assert_eq!(word(&tokens, &good, start()), "ok");
            assert_eq!(word(&tokens, &revoked, start()), "token_revoked");
            if broken.is_some() {
                assert!(Tokens::open(state.clone(), start()).is_err(), "and nobody starts on it");
            }
            fs::write(path, &kept).unwrap();
            assert!(!tokens.reload_if_changed().unwrap(), "mended, and nothing else");
        }
    }
}

#[test]
fn lists_that_no_program_of_ours_writes_are_refused() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    tokens.rotate_key(false, start()).unwrap();
    let path = state.path("keys/index.json");
    let good: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut list = good.clone();
        change(&mut list);
        fs::write(&path, list.to_string()).unwrap();
        Tokens::open(state.clone(), start()).map(|_| ()).map_err(|error| format!("{error:#}"))
    };
    assert_eq!(changed(&|_| {}), Ok(()));
    let other = good["keys"][0]["public"].clone();
    for (change, expected) in [
        (&|list: &mut serde_json::Value| list["keys"][1]["public"] = other.clone() as _, "another key's name"),
        (&|list: &mut serde_json::Value| list["keys"][0] = list["keys"][1].clone(), "there twice"),
        (&|list: &mut serde_json::Value| list["keys"] = serde_json::json!([]), "not exactly one key signs"),
        (&|list: &mut serde_json::Value| list["keys"][0]["retired"] = serde_json::Value::Null, "not exactly one"),
        (&|list: &mut serde_json::Value| list["keys"][0]["public"] = "?".into(), "not base64url"),
        (&|list: &mut serde_json::Value| list["more"] = 1.into(), "not a list of keys"),
    ] as [(&dyn Fn(&mut serde_json::Value), &str); 6]
    {
        let error = changed(change).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn keys_without_their_list_are_not_replaced() {
    let (_folder, state) = folder();
    open(&state);
    fs::remove_file(state.path("keys/index.json")).unwrap();
    let error = Tokens::open(state.clone(), start()).unwrap_err().to_string();
    assert!(error.contains("holds keys without index.json"), "{error}");
}

#[test]
fn files_are_private_and_refused_if_they_are_not() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let key = state.path("keys").join(format!("{}.pk8", tokens.keys(start())[0].kid));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(&state.path("keys"))), (0o600, 0o700));
    let issue = || tokens.issue(&workload("a"), DAY, start()).map(|_| ()).map_err(|error| error.to_string());
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert!(issue().unwrap_err().contains("chmod 600"));
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(issue(), Ok(()));
    fs::set_permissions(state.path("keys/index.json"), Permissions::from_mode(0o666)).unwrap();
    assert!(issue().unwrap_err().contains("can be changed by other users"));
}

#[test]
fn a_broken_missing_or_foreign_key_is_told() {
    let ((_a, state), (_b, other)) = (folder(), folder());
    let (tokens, other_tokens) = (open(&state), open(&other));
    let key = |state: &State, tokens: &Tokens| state.path("keys").join(format!("{}.pk8", tokens.keys(start())[0].kid));
    let path = key(&state, &tokens);
    let issue = || tokens.issue(&workload("a"), DAY, start()).unwrap_err().to_string();
    fs::copy(key(&other, &other_tokens), &path).unwrap();
    assert!(issue().contains("holds another key"));
    fs::write(&path, "").unwrap();
    assert!(issue().contains("is not an Ed25519 key"));
    fs::remove_file(&path).unwrap();
    assert!(issue().contains("is missing"));
    tokens.rotate_key(false, start()).unwrap();
    tokens.issue(&workload("a"), DAY, start()).unwrap();
}

#[test]
fn revocations_are_bounded_and_forgotten_when_their_tokens_have_expired() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let id = |n: usize| format!("{n:032x}");
    let end = super::super::seconds(start() + DAY);
    let list: BTreeMap<String, u64> = (0..revoked::MOST).map(|n| (id(n), end)).collect();
    fs::write(state.path("revoked.json"), serde_json::json!({"revoked": list}).to_string()).unwrap();
    let revoke = |n: usize, now| tokens.revoke(&Which::Id(&id(n)), now).map(|_| ()).map_err(|error| error.to_string());
    assert!(revoke(revoked::MOST, start()).unwrap_err().contains("rotate-key --revoke-old"));
    assert_eq!(revoke(0, start()), Ok(()), "known already; kept for 90 days more");
    assert_eq!(revoke(revoked::MOST, start() + DAY), Ok(()));
    let text = fs::read_to_string(state.path("revoked.json")).unwrap();
    assert_eq!(text.matches(": 1").count(), 2, "{text:.200}");
    tokens.rotate_key(true, start() + DAY).unwrap();
    assert!(!fs::read_to_string(state.path("revoked.json")).unwrap().contains(&id(0)));
}
