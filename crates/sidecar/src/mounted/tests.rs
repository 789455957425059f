use std::fs;

use tempfile::TempDir;

use super::*;
use crate::{
    bootstrap::{
        Bootstrap,
        tests::{POLICY, leave, pod, serves, workload},
    },
    holdings::tests::Pair,
};

/// A provider of another namespace beside those of `demo`.
const FAR: &str = r#"
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: other}
stringData: {main: sk-far}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: far, namespace: other}
spec:
  dialects: [ChatCompletions]
  baseURL: http://far:8000/v1
  allowedNamespaces: {from: All}
  credentials: [{name: main, secretKeyRef: {name: keys, key: main}}]
  models: [{model: own/x}]
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: x, namespace: demo}
spec: {targets: [{model: own/x, provider: other/far}]}
"#;

/// What a pod of `demo` has started with, and its files.
struct Started {
    holdings: Holdings,
    mounted: Mounted,
    files: TempDir,
    now: Instant,
}

fn started(yaml: &str) -> Started {
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path(), yaml, &[workload(&[])], 5000);
    let mut bootstrap = Bootstrap::read(folder.path(), &pod(&[])).unwrap();
    let keys = std::mem::take(&mut bootstrap.keys);
    let holdings = Holdings::default().boot(bootstrap).unwrap();
    let files = tempfile::tempdir().unwrap();
    let mounted = Mounted::new(files.path(), keys, "demo", &holdings);
    Started { holdings, mounted, files, now: Instant::now() }
}

impl Started {
    fn put(&self, secret: &str, key: &str, value: impl AsRef<[u8]>) {
        fs::create_dir_all(self.files.path().join(secret)).unwrap();
        fs::write(self.files.path().join(secret).join(key), value).unwrap();
    }

    /// Whether there was news, after so long.
    fn look(&mut self, after: Duration) -> bool {
        self.now += after;
        let found = self.mounted.look(self.now);
        let news = found.is_some();
        self.holdings.mounted = found.unwrap_or(std::mem::take(&mut self.holdings.mounted));
        news
    }

    fn key(&self, provider: &str) -> Option<String> {
        let view = self.holdings.view();
        view.credentials.get(provider).map(|keys| keys[0].secret.expose().to_owned())
    }
}

/// R-CFG-7: with the file of its key a provider of the pod's own namespace is served, and no other.
#[test]
fn a_mounted_key_serves_its_own_provider() {
    let mut it = started(&format!("{POLICY}{FAR}"));
    assert!(it.look(Duration::ZERO));
    let told = |it: &Started| ["k", "both", "x"].map(|name| serves(&it.holdings, name));
    assert_eq!(told(&it), ["credentials_pending", "free", "credentials_pending"]);
    it.put("keys", "main", "sk-main\n");
    assert!(it.look(AGAIN));
    assert_eq!(told(&it), ["keyed", "keyed free", "credentials_pending"]);
    // The key is what it is, and a mark that was kept under its identity is found again when it comes by the link.
    assert_eq!(it.key("demo/keyed").as_deref(), Some("sk-main"));
    assert_eq!(it.holdings.problems().len(), 1, "{:?}", it.holdings.problems());
    assert!(it.holdings.problems()[0].starts_with("the keys of ModelProvider other/far lie in another namespace"));
}

/// A key belongs to whoever names its Secret and its entry: a file of another name, or a mapping to another's provider, is none.
#[test]
fn a_key_is_of_the_provider_that_names_it() {
    let mut it = started(&format!("{POLICY}{FAR}"));
    it.put("keys", "other", "sk-other");
    it.put("other", "main", "sk-other");
    it.look(Duration::ZERO);
    assert_eq!((it.key("demo/keyed"), it.key("other/far"), it.key("demo/free")), (None, None, None));
    // Whatever an index says.
    let key = |provider: &str| v1::BootstrapKey {
        provider: provider.to_owned(),
        name: "main".to_owned(),
        weight: 1,
        secret: "keys".to_owned(),
        key: "main".to_owned(),
    };
    let keys = ["other/far", "demo/free", "demo/gone", "demo"].map(key).to_vec();
    it.put("keys", "main", "sk-main");
    it.mounted = Mounted::new(it.files.path(), keys, "demo", &it.holdings);
    it.look(Duration::ZERO);
    assert!(it.holdings.mounted.keys.is_empty(), "{:?}", it.holdings.mounted);
}

/// A kubelet puts another key there: it is used from the next look on, and nothing is done where nothing has changed.
#[test]
fn a_key_that_is_rotated_is_read_again() {
    let mut it = started(POLICY);
    it.put("keys", "main", "sk-1");
    assert!(it.look(Duration::ZERO));
    assert!(!it.look(AGAIN));
    it.put("keys", "main", "sk-2");
    assert!(!it.look(AGAIN - Duration::from_millis(1)), "it is not looked at more often");
    assert!(it.look(Duration::from_millis(1)));
    assert_eq!(it.key("demo/keyed").as_deref(), Some("sk-2"));
    fs::remove_file(it.files.path().join("keys/main")).unwrap();
    assert!(it.look(AGAIN));
    assert_eq!(it.key("demo/keyed"), None);
}

/// What cannot be sent is not used, and is said without a byte of it.
#[test]
fn what_is_no_key_is_told_and_not_quoted() {
    let canary = "sk-canary";
    let long = "k".repeat(usize::try_from(KEY).unwrap());
    for (value, says) in [
        (format!("{canary}\u{1}x").into_bytes(), "holds characters that no header can carry"),
        (format!("{canary}\nx").into_bytes(), "holds characters that no header can carry"),
        (format!("{canary}é").into_bytes(), "holds characters that no header can carry"),
        ([canary.as_bytes(), &[0xff]].concat(), "is not text"),
        (format!("{canary}{long}").into_bytes(), "it is longer than 16384 bytes"),
        (b" \n".to_vec(), "is empty"),
    ] {
        let mut it = started(POLICY);
        it.put("keys", "main", &value);
        it.look(Duration::ZERO);
        assert_eq!(serves(&it.holdings, "k"), "credentials_pending", "{says}");
        let problems = it.holdings.problems().concat();
        let expected = "the key main of ModelProvider demo/keyed (Secret keys, entry main) ";
        assert!(problems.starts_with(expected) && problems.contains(says), "{problems}");
        assert!(!problems.contains(canary) && !format!("{:?} {:?}", it.mounted, it.holdings).contains(canary));
    }
    // At the bound.
    let mut it = started(POLICY);
    it.put("keys", "main", &long);
    it.look(Duration::ZERO);
    assert_eq!(it.key("demo/keyed"), Some(long));
}

/// What the control plane says takes the place of what was mounted, also where it says that there is none.
#[test]
fn what_the_control_plane_says_wins() {
    for (yaml, told) in [
        (POLICY.replace("sk-main", "sk-told"), Some("sk-told")),
        (POLICY.replace("stringData: {main: sk-main}", "stringData: {other: sk-main}"), None),
    ] {
        let mut it = started(POLICY);
        it.put("keys", "main", "sk-mounted");
        it.look(Duration::ZERO);
        assert_eq!(it.key("demo/keyed").as_deref(), Some("sk-mounted"));
        // No word of it in what is said to a control plane, or kept.
        assert!(it.holdings.holdings().iter().all(|it| !it.key.starts_with("credentials/")));
        let mut pair = Pair::default();
        pair.sidecar = it.holdings;
        pair.push(&yaml);
        let view = pair.sidecar.view();
        let keys = view.credentials.get("demo/keyed").map(|keys| keys.iter().map(|it| it.secret.expose()).collect());
        assert_eq!(keys, Some(Vec::from_iter(told)));
        assert!(pair.sidecar.mounted.keys.is_empty());
    }
}

/// What was kept from a control plane is its word too: no file takes its place.
#[test]
fn a_key_that_was_kept_wins() {
    let mut pair = Pair::default();
    pair.push(POLICY);
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path(), POLICY, &[workload(&[])], 9000);
    let mut bootstrap = Bootstrap::read(folder.path(), &pod(&[])).unwrap();
    let keys = std::mem::take(&mut bootstrap.keys);
    assert_eq!(keys.len(), 1);
    let booted = pair.sidecar.boot(bootstrap).unwrap();
    assert!(Mounted::new(folder.path(), keys, "demo", &booted).keys.is_empty());
    assert_eq!(serves(&booted, "k"), "keyed");
}

/// As many files as there may be are looked at, whatever an index says.
#[test]
fn files_are_bounded() {
    let it = started(POLICY);
    let keys = (0..KEYS + 1).map(|at| v1::BootstrapKey {
        provider: "demo/keyed".to_owned(),
        name: format!("k{at}"),
        weight: 1,
        secret: "keys".to_owned(),
        key: format!("k{at}"),
    });
    assert_eq!(Mounted::new(it.files.path(), keys.collect(), "demo", &it.holdings).keys.len(), KEYS);
}
