//! What can be wrong with the last good policy on disk.

use std::{fs, path::Path};

use super::*;

/// Starts a sidecar on what `spoil` leaves of its folder, first without a control plane, then with one.
async fn starts_all_the_same(spoil: impl Fn(&Path), code: &str) {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let mut plane = ControlPlane::with_policy(policy).await;
    let mut sidecar = plane.sidecar().keep(Keep::InMemory).start().await;
    sidecar.wait_kept("sk-test-a").await;
    sidecar.kill();
    plane.kill();
    spoil(sidecar.state());
    let took = sidecar.start().await;
    assert!(took < AT_ONCE, "{took:?}");
    sidecar.wait_log(code).await;
    assert_eq!(told(&sidecar.client(), "r").await, "policy_pending");
    assert_eq!(sidecar.admin_client().get("/livez").await.status, 200);
    plane.start().await;
    becomes(&sidecar.client(), "r", "a", AT_ONCE).await;
    plane.kill();
    sidecar.restart().await;
    let kept = if sidecar.state().join("policy").is_file() { "a" } else { "policy_pending" };
    assert_eq!(told(&sidecar.client(), "r").await, kept, "it was written anew, where it can be");
}

fn rewrite(state: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    let file = state.join("policy");
    let bytes = fs::read(&file).unwrap();
    fs::write(file, change(bytes)).unwrap();
}

/// R-CFG-7: one byte is another.
#[tokio::test]
async fn a_changed_file_is_a_miss() {
    let flip = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    starts_all_the_same(|state| rewrite(state, flip), "policy_lost").await;
}

/// R-CFG-7: it was cut.
#[tokio::test]
async fn a_file_that_is_not_whole_is_a_miss() {
    starts_all_the_same(|state| rewrite(state, |bytes| bytes[..bytes.len() - 9].to_vec()), "policy_lost").await;
    starts_all_the_same(|state| rewrite(state, |_| Vec::new()), "policy_lost").await;
}

/// R-CFG-7: a newer version wrote it.
#[tokio::test]
async fn a_file_of_a_newer_format_is_a_miss() {
    let newer = |bytes: Vec<u8>| [b"outrigger-policy/2\n", &bytes[b"outrigger-policy/1\n".len()..]].concat();
    starts_all_the_same(|state| rewrite(state, newer), "policy_lost").await;
}

/// R-CFG-7: there is no folder where it should be.
#[tokio::test]
async fn a_file_in_place_of_the_folder_is_a_miss() {
    let replace = |state: &Path| {
        fs::remove_dir_all(state).unwrap();
        fs::write(state, "in the way").unwrap();
    };
    starts_all_the_same(replace, "policy_not_kept").await;
}

/// R-CFG-7: something else has the file's name.
#[tokio::test]
async fn a_folder_in_place_of_the_file_is_a_miss() {
    let replace = |state: &Path| {
        fs::remove_file(state.join("policy")).unwrap();
        fs::create_dir_all(state.join("policy/folder")).unwrap();
    };
    starts_all_the_same(replace, "policy_lost").await;
}
