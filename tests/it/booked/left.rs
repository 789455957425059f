//! What a sidecar left in its log, told by whoever keeps logs.

use std::fs;

use super::*;

const CHAT: &str = "/v1/chat/completions";

async fn until(ledger: &Ledger, requests: i64) {
    let begun = std::time::Instant::now();
    while total(ledger).await.0 != requests {
        assert!(begun.elapsed() < PATIENCE, "{requests} requests: {:?}", total(ledger).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// R-DRAIN-4: an operator books it, once, under the namespace that it names; whose process it was stays open, so that the next
/// one of the pod, which tells the same and more from its disk, is heard.
#[tokio::test]
async fn what_an_operator_imports_is_still_the_sidecars_to_tell() {
    let upstream = Upstream::start([chat_ok_usage("hello", 11, 7)]).await;
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let plane = ControlPlane::setup(policy).insecure().start().await;
    let mut ledger = Ledger::beside(&plane, &[]).await;
    let spool = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let setup = || {
        let setup = plane.sidecar().arg("--ledger").arg(format!("http://{}", ledger.addr()));
        setup.arg("--spool").arg(spool.path()).arg("--log-format").arg("json")
    };
    let (mut first, next) = (setup().start().await, setup());
    ledger.program.kill();
    for _ in 0..3 {
        assert_eq!(first.client().post(CHAT, chat("r")).await.status, 200);
    }
    assert!(first.terminate().await.success());
    let log = ledger.home.path().join("log");
    fs::write(&log, first.log().join("\n")).unwrap();
    ledger.program.start().await;
    for _ in 0..2 {
        let (code, _, said) = ledger.usage(&["import", log.to_str().unwrap()]).await;
        assert_eq!((code, said.contains("6 entries given")), (0, true), "{said}");
        assert_eq!(total(&ledger).await, (3, 3 * 25_000));
    }
    let usage = ledger.page("/usage?by=namespace").await;
    assert_eq!(usage["rows"][0]["names"], json!(["default"]), "{usage:#}");
    // Another namespace's it is not, whoever says so.
    let (code, _, said) = ledger.usage(&["import", log.to_str().unwrap(), "-n", "dev"]).await;
    assert!(code == 1 && said.contains("another"), "{said}");

    let on_disk = || -> Vec<String> {
        let names = fs::read_dir(spool.path()).unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| name.ends_with(".seg")).collect()
    };
    let before = on_disk();
    assert!(!before.is_empty(), "what was not acknowledged is still there");
    let second = next.start().await;
    assert_eq!(second.client().post(CHAT, chat("r")).await.status, 200);
    until(&ledger, 4).await;
    let begun = std::time::Instant::now();
    while on_disk().iter().any(|name| before.contains(name)) {
        assert!(begun.elapsed() < PATIENCE, "it tells what is on its disk: {before:?} {:?}", on_disk());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let refused = second.log().iter().any(|line| line.contains("usage_refused") || line.contains("ledger_lost"));
    assert!(!refused, "{:?}", second.log());
    assert_eq!(ledger.page("/usage/gaps").await, json!([]));
    assert_eq!(total(&ledger).await, (4, 4 * 25_000));
}

/// What changes the books is for tokens of the system's namespace, and what is no batch is refused with the reason.
#[tokio::test]
async fn who_may_not_import_and_what_is_no_batch() {
    let ledger = Ledger::start().await;
    let [prod, system] = ["prod", "outrigger-system"].map(|namespace| ledger.token(namespace));
    for (token, path, status) in [
        (&prod, "/usage/import?namespace=prod", 403),
        (&prod, "/usage/import?namespace=dev", 403),
        (&system, "/usage/import", 400),
        (&system, "/usage/import?namespace=Prod", 400),
        (&system, "/usage/import?namespace=prod&team=a", 400),
        (&system, "/usage/import?namespace=prod", 400),
    ] {
        assert_eq!(ledger.posts(token, path, "no message").await, status, "{path}");
    }
    let long = "x".repeat(2 << 20);
    assert_eq!(ledger.posts(&system, "/usage/import?namespace=prod", &long).await, 413);
    assert_eq!(total(&ledger).await, (0, 0));
}
