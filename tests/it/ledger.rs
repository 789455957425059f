//! What the ledger is told by sidecars: every request once, whoever dies meanwhile.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use tempfile::TempDir;

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";

/// A sidecar with a ledger, and a folder for what that has not got yet.
struct Booked {
    ledger: FakeLedger,
    plane: ControlPlane,
    spool: TempDir,
}

impl Booked {
    async fn with(upstream: &Upstream) -> Self {
        let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
        let plane = ControlPlane::setup(policy).insecure().start().await;
        let spool = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on disk");
        Self { ledger: FakeLedger::start().await, plane, spool }
    }

    fn setup(&self) -> PushedSetup {
        let setup = self.plane.sidecar().arg("--ledger").arg(self.ledger.url()).arg("--pod").arg("web-1");
        setup.arg("--log-format").arg("json")
    }

    async fn sidecar(&self) -> PushedSidecar {
        self.setup().arg("--spool").arg(self.spool.path()).start().await
    }
}

fn segments(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".seg")).collect()
}

/// M6, U5: every request comes once, with every attempt told before it was sent; acknowledged within two seconds.
#[tokio::test]
async fn every_request_comes_once_with_what_it_used_and_cost() {
    let upstream = Upstream::start([chat_ok_usage("hello", 11, 7)]).await;
    let booked = Booked::with(&upstream).await;
    let sidecar = booked.sidecar().await;
    sidecar.wait_log("user_key_known").await;
    let client = sidecar.client().header("x-outrigger-tag-feature", "search").header("x-session-id", "s-1");
    let took = quickest(async |number| {
        for _ in 0..20 {
            assert_eq!(client.post(CHAT, chat("r")).await.status, 200);
        }
        let records = |epochs: &[Epoch]| epochs.iter().map(|it| it.records().len()).sum::<usize>();
        booked.ledger.until("20 records more", |epochs| records(epochs) == 20 * (number + 1)).await
    });
    let took = took.await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    let [epoch] = &booked.ledger.epochs()[..] else { panic!("one epoch") };
    assert_eq!((epoch.entries.len(), epoch.issued, epoch.dropped_below, epoch.pod.as_str()), (120, 120, 0, "web-1"));
    assert!(epoch.tokens.iter().all(|token| token.starts_with("Bearer ")));
    let (begun, records) = (epoch.begun(), epoch.records());
    for record in &records {
        let attempt = &record.attempts[0];
        let tokens = attempt.tokens.unwrap();
        assert_eq!((tokens.input, tokens.output, attempt.code.as_str()), (Some(11), Some(7), "ok"));
        assert_eq!((record.outcome, record.status, record.served), (1, 200, Some(0)));
        assert!(record.route.ends_with("/r") && record.requested == "r" && record.user.is_empty());
        // HMAC-SHA256 of "s-1" by the ledger's key.
        assert_eq!(record.session, "n:c5efe08671c4ffbfa78005241f771fee");
        assert_eq!((record.tags[0].name.as_str(), record.tags[0].value.as_str()), ("feature", "search"));
        assert_eq!(begun.iter().filter(|begun| begun.id == record.id && begun.attempt == 0).count(), 1);
    }
    // Tags are for us alone.
    assert_eq!(upstream.last().header("x-outrigger-tag-feature"), None);
    let metrics = sidecar.admin_client().get("/metrics").await.text();
    assert!(metrics.contains("outrigger_ledger_spool_on_disk 1"), "{metrics}");
}

/// H3: what is sent once more on a fresh connection is told before it is sent, like everything that may be billed: the provider
/// was asked three times, and three times are booked.
#[tokio::test]
async fn a_request_that_is_sent_once_more_is_two_of_the_ledgers() {
    let upstream = Upstream::with(|_, number| match number {
        1 => Reply::refuse(),
        _ => chat_ok_usage("hello", 11, 7),
    });
    let upstream = upstream.await;
    let booked = Booked::with(&upstream).await;
    let sidecar = booked.sidecar().await;
    for _ in 0..2 {
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        assert_eq!((answer.status, answer.header("x-outrigger-attempts")), (200, Some("1")), "{}", answer.text());
    }
    assert_eq!(upstream.hits(), 3);
    booked.ledger.until("2 records", |epochs| epochs.iter().map(|it| it.records().len()).sum::<usize>() == 2).await;
    let [epoch] = &booked.ledger.epochs()[..] else { panic!("one epoch") };
    assert_eq!(epoch.begun().len(), 3);
    let records = epoch.records();
    let codes: Vec<_> =
        records[1].attempts.iter().map(|it| (it.code.as_str(), it.blamed, it.tokens.is_some())).collect();
    assert_eq!(codes, [("connection_reset", false, false), ("ok", false, true)]);
    assert_eq!((records[1].served, records[1].failover.as_str()), (Some(1), ""));
}

/// An older ledger gives no key: users are booked by the process's own, each hash says so, and it is said once.
#[tokio::test]
async fn without_a_key_of_the_namespace_hashes_say_that_they_are_the_processs_own() {
    let upstream = Upstream::start([chat_ok("hello")]).await;
    let booked = Booked::with(&upstream).await;
    booked.ledger.keyless();
    let sidecar = booked.sidecar().await;
    sidecar.wait_log("user_key_missing").await;
    let client = sidecar.client().header("x-session-id", "s-1");
    for _ in 0..2 {
        assert_eq!(client.post(CHAT, chat("r")).await.status, 200);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    booked.ledger.until("both records", |epochs| epochs.iter().any(|it| it.records().len() == 2)).await;
    let sessions: Vec<_> = booked.ledger.records().into_iter().map(|record| record.session).collect();
    assert!(sessions[0].starts_with("p:") && sessions[0] == sessions[1], "{sessions:?}");
    assert_eq!(sidecar.log().iter().filter(|line| line.contains("user_key_missing")).count(), 1);
}

/// R-DRAIN-4: killed in the middle of an answer, it has lost nothing: what was begun is told by the next process of the pod,
/// which closes the epoch.
#[tokio::test]
async fn what_was_begun_when_it_was_killed_is_told_by_the_next_one() {
    let upstream = Upstream::with(|_, _| Reply::sse([chat_delta("a"), Ev::stall()])).await;
    let booked = Booked::with(&upstream).await;
    booked.ledger.away(true);
    let mut sidecar = booked.sidecar().await;
    let mut stream = sidecar.client().open(CHAT, chat_streamed("r")).await;
    assert!(stream.next().await.is_some());
    sidecar.kill();
    booked.ledger.away(false);
    sidecar.start().await;
    let closed = |epochs: &[_]| epochs.iter().any(|epoch: &Epoch| epoch.closed);
    booked.ledger.until("the killed one's epoch, closed", closed).await;
    let epochs = booked.ledger.epochs();
    let epoch = epochs.iter().find(|epoch| epoch.closed).unwrap();
    assert_eq!((epoch.begun().len(), epoch.records().len(), epoch.issued, epoch.dropped_below), (1, 0, 1, 0));
    assert!(epoch.begun()[0].target.as_ref().unwrap().provider.ends_with("/a"));
}

/// M6: a ledger that is away slows no request; when it is back, all of them come.
#[tokio::test]
async fn a_ledger_that_is_away_slows_nothing_and_gets_all_later() {
    let upstream = Upstream::start([chat_ok("hello")]).await;
    let booked = Booked::with(&upstream).await;
    booked.ledger.away(true);
    let sidecar = booked.sidecar().await;
    for _ in 0..300 {
        assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    }
    sidecar.wait_log("ledger_lost").await;
    assert_eq!(booked.ledger.records().len(), 0);
    booked.ledger.away(false);
    booked.ledger.until("600 entries", |epochs| epochs.iter().any(|it| it.entries.len() == 600)).await;
    let epoch = &booked.ledger.epochs()[0];
    assert_eq!((epoch.through(), epoch.dropped_below, epoch.again), (600, 0, 0));
    // What it has, is no longer on this disk.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let bytes: u64 = segments(booked.spool.path())
        .iter()
        .map(|name| fs::metadata(booked.spool.path().join(name)).unwrap().len())
        .sum();
    assert!(bytes < 200 << 10, "{bytes}");
}

/// A spool that is full drops the oldest, and says so; requests go on.
#[tokio::test]
async fn a_full_spool_says_what_it_dropped() {
    let upstream = Upstream::start([chat_ok("hello")]).await;
    let booked = Booked::with(&upstream).await;
    booked.ledger.away(true);
    let setup = booked.setup().arg("--spool").arg(booked.spool.path()).arg("--spool-limit").arg("256Ki");
    let sidecar = setup.start().await;
    let client = sidecar.client();
    for at in 0..1_500 {
        assert_eq!(client.post(CHAT, chat("r")).await.status, 200, "{at}");
    }
    let bytes: u64 = segments(booked.spool.path())
        .iter()
        .map(|name| fs::metadata(booked.spool.path().join(name)).unwrap().len())
        .sum();
    assert!(bytes <= 256 << 10, "{bytes}");
    booked.ledger.away(false);
    booked.ledger.until("the last entry", |epochs| epochs.iter().any(|it| it.through() == 3_000)).await;
    let epoch = &booked.ledger.epochs()[0];
    assert!(epoch.dropped_below > 1, "{}", epoch.dropped_below);
    let here = epoch.entries.range(epoch.dropped_below..).count() as u64;
    assert_eq!(here, 3_001 - epoch.dropped_below);
    let metrics = sidecar.admin_client().get("/metrics").await.text();
    let lost = format!("outrigger_ledger_lost_total{{reason=\"gone\"}} {}", epoch.dropped_below - 1);
    assert!(metrics.contains(&lost), "{lost} in {metrics}");
}

/// A folder that cannot be used is said once; entries wait in memory, and come.
#[tokio::test]
async fn without_a_disk_entries_wait_in_memory() {
    let upstream = Upstream::start([chat_ok("hello")]).await;
    let booked = Booked::with(&upstream).await;
    let file = booked.spool.path().join("file");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let sidecar = booked.setup().arg("--spool").arg(&file).start().await;
    sidecar.wait_log("spool_in_memory").await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    booked.ledger.until("the record", |epochs| epochs.iter().any(|it| it.records().len() == 1)).await;
    let metrics = sidecar.admin_client().get("/metrics").await.text();
    assert!(metrics.contains("outrigger_ledger_spool_on_disk 0"), "{metrics}");
    assert_eq!(sidecar.log().iter().filter(|line| line.contains("spool_in_memory")).count(), 1);
}

/// R-DRAIN-4: at its end, all that it has is delivered, and the epoch closed.
#[tokio::test]
async fn at_its_end_everything_is_delivered_and_closed() {
    let upstream = Upstream::start([chat_ok("hello")]).await;
    let booked = Booked::with(&upstream).await;
    let mut sidecar = booked.sidecar().await;
    for _ in 0..5 {
        assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    }
    assert!(sidecar.terminate().await.success());
    let epoch = &booked.ledger.epochs()[0];
    assert_eq!((epoch.records().len(), epoch.closed, epoch.issued, epoch.through()), (5, true, 10, 10));
    assert_eq!(segments(booked.spool.path()), Vec::<String>::new());
    assert!(!sidecar.log().iter().any(|line| line.contains("usage_undelivered")));
}

/// R-DRAIN-4: what cannot be delivered within a second is in the log, and `usage import` takes it from there: once, however often
/// it is told.
#[tokio::test]
async fn what_a_mute_ledger_did_not_take_is_imported_from_the_log() {
    let upstream = Upstream::start([chat_ok_usage("hello", 11, 7)]).await;
    let booked = Booked::with(&upstream).await;
    booked.ledger.mute();
    let mut sidecar = booked.setup().start().await;
    for _ in 0..700 {
        assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    }
    let begun = std::time::Instant::now();
    assert!(sidecar.terminate().await.success());
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    let lines = sidecar.log();
    assert_eq!(lines.iter().filter(|line| line.contains(r#""code":"usage_undelivered""#)).count(), 1_400);
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    fs::write(&log, lines.join("\n")).unwrap();
    let later = FakeLedger::start().await;
    let (url, token) = (later.url(), sidecar.token_file());
    let args = ["usage", "import", log.to_str().unwrap(), "--ledger", &url, "--token-file", token.to_str().unwrap()];
    for again in 0..2 {
        let (code, _, said) = outrigger(home.path(), &args, None).await;
        assert_eq!((code, said.contains("1400 entries given")), (0, true), "{said}");
        let [epoch] = &later.epochs()[..] else { panic!("one epoch") };
        assert_eq!((epoch.through(), epoch.closed, epoch.records().len()), (1_400, true, 700));
        assert_eq!(epoch.again, again * 1_400);
    }
}

/// M6: an entry that the ledger never takes holds up no other: it is given up, counted, and said once.
#[tokio::test]
async fn an_entry_that_is_never_taken_holds_nothing_up() {
    let upstream = Upstream::start([chat_ok("hello")]).await;
    let booked = Booked::with(&upstream).await;
    booked.ledger.refuse("bad");
    booked.ledger.away(true);
    let sidecar = booked.sidecar().await;
    for at in 1..=40 {
        let client = sidecar.client();
        let client = if at == 17 { client.header("x-outrigger-tag-bad", "yes") } else { client };
        assert_eq!(client.post(CHAT, chat("r")).await.status, 200);
    }
    booked.ledger.away(false);
    booked.ledger.until("all but one", |epochs| epochs.iter().any(|it| it.through() == 80)).await;
    let [epoch] = &booked.ledger.epochs()[..] else { panic!("one epoch") };
    assert_eq!((epoch.entries.len(), epoch.records().len(), epoch.dropped_below), (79, 39, 35));
    let metrics = sidecar.admin_client().get("/metrics").await.text();
    assert!(metrics.contains("outrigger_ledger_lost_total{reason=\"refused\"} 1"), "{metrics}");
    assert_eq!(sidecar.log().iter().filter(|line| line.contains("usage_refused")).count(), 1);
}

/// A ledger that has lost its books is told from where on it can have the rest, and gets that.
#[tokio::test]
async fn behind_lost_books_it_goes_on() {
    let upstream = Upstream::start([chat_ok("hello")]).await;
    let booked = Booked::with(&upstream).await;
    let sidecar = booked.sidecar().await;
    let client = sidecar.client();
    for _ in 0..5 {
        assert_eq!(client.post(CHAT, chat("r")).await.status, 200);
    }
    booked.ledger.until("ten entries", |epochs| epochs.iter().any(|it| it.through() == 10)).await;
    // What was taken is no longer here.
    tokio::time::sleep(Duration::from_millis(200)).await;
    booked.ledger.forget();
    assert_eq!(client.post(CHAT, chat("r")).await.status, 200);
    booked.ledger.until("what followed", |epochs| epochs.iter().any(|it| it.through() == 12)).await;
    let epoch = &booked.ledger.epochs()[0];
    assert_eq!((epoch.dropped_below, epoch.entries.len(), epoch.records().len()), (11, 2, 1));
}
