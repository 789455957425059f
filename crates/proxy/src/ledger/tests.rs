//! What is written by hand is read with the generated types.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use outrigger_api::Message as _;
use outrigger_api::ledger::{self as told, Entry, entry::Entry as Told};
use outrigger_catalog::{Lacks, Prices, Rate};
use outrigger_route::{
    Target,
    snapshot::{Credential, Operations, Provider},
};
use outrigger_spool::{LONGEST, Settings, Spool};
use outrigger_wire::{AuthScheme, Dialect, Dialects, Head, Usage};

use super::{
    Ledger, Users,
    ended::Ended,
    note::{Decision, End},
    sheet::Sheet,
};
use crate::{
    about::About,
    metrics::outcome::Outcome,
    record::{id::Id, price::Price},
};

fn target(name: &str) -> Arc<Target> {
    Arc::new(Target {
        slot: 0,
        id: 1,
        provider: Arc::new(Provider {
            name: format!("shop/{name}").into(),
            slug: "openai".into(),
            short_name: name.into(),
            display: name.into(),
            dialects: Dialects::only(Dialect::ALL[0]),
            base_url: "https://api".into(),
            authorities: None,
            auth: AuthScheme::Bearer,
            credentials: Arc::new([Credential::new("shop/a", "main", "secret", 1)]),
            region: None,
            trains: None,
            retention: None,
            requests_per_minute: None,
            tokens_per_minute: None,
            headers: Vec::new(),
        }),
        model: "openai/gpt-5".into(),
        upstream_name: "gpt-5".into(),
        operations: Operations::default(),
        quantization: outrigger_route::words::Quantization::Unknown,
        prices: Some(Prices::flat(Rate::default(), Rate::default(), "models.dev", "2026-11-20")),
        context_length: None,
        max_output: None,
        input_modalities: Default::default(),
        parameters: Default::default(),
    })
}

fn ledger(users: Users) -> Arc<Ledger> {
    let settings = Settings { folder: None, limit: 1 << 20, memory: 1 << 20, age: Duration::from_secs(60) };
    Arc::new(Ledger::new(Spool::open(&settings), users, "unassigned".into()))
}

fn entries(ledger: &Ledger) -> Vec<Told> {
    let batch = ledger.spool.batch(512, 1 << 20).unwrap();
    let read = |(_, bytes): &(u64, Vec<u8>)| Entry::decode(bytes.as_slice()).unwrap().entry.unwrap();
    batch.entries.iter().map(read).collect()
}

fn ended(served: Option<usize>) -> Ended<'static> {
    Ended {
        route: "shop/r",
        operation: "chat_completions",
        requested: "r",
        served,
        outcome: Outcome::Ok,
        code: "ok",
        status: 200,
        streamed: true,
        finish: "stop",
        started: Duration::from_secs(5),
        took: Duration::from_millis(1_500),
        first_token: Some(Duration::from_micros(300)),
    }
}

fn end(code: &'static str, usage: Option<Usage>) -> End {
    let price = usage.as_ref().map(|_| Price {
        cost: 1_234,
        estimate: None,
        stated: false,
        in_parts: false,
        lacks: Lacks { tool: true, ..Lacks::default() },
    });
    End { took: Duration::from_millis(700), status: 200, code, blamed: code != "ok", usage, price }
}

fn at() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)
}

/// U5: every attempt is told before it is sent, and what it used when the request has ended.
#[test]
fn each_field_is_where_the_generated_type_has_it() {
    let ledger = ledger(Users::clear());
    let about = About { namespace: Some("shop".into()), owner: Some("Deployment/web".into()), ..About::default() };
    ledger.about(&about);
    let sheet = Sheet::open(&ledger, Id::new(at()), at());
    // Later words are for later requests.
    ledger.about(&About::default());
    let mut headers = HeaderMap::new();
    headers.insert("x-session-id", HeaderValue::from_static("s-1"));
    headers.insert("x-outrigger-tag-feature", HeaderValue::from_static("search"));
    headers.insert(
        "x-outrigger-tag-Bad_name".to_lowercase().parse::<HeaderName>().unwrap(),
        HeaderValue::from_static("x"),
    );
    let body = br#"{"model":"r","user":"ann","messages":[]}"#;
    sheet.read(&headers, &Head::read(body).unwrap());
    let (strategy, revision) = ("balanced", "0123456789abcdef0123".into());
    sheet.decided(Decision { strategy, candidates: 3, excluded: 1, revision, sticky: true });
    let first = sheet.begins("shop/r", &target("a"), Some(0), Duration::from_secs(5));
    sheet.call_ended(first, end("server_error", Some(Usage { input: Some(9), ..Usage::default() })));
    let second = sheet.begins("shop/r", &target("b"), None, Duration::from_millis(5_700));
    let usage = Usage {
        input: Some(100),
        cache_read: Some(0),
        cache_write_5m: Some(3),
        cache_write_1h: Some(4),
        input_audio: Some(5),
        input_image: Some(6),
        output: Some(70),
        reasoning: Some(8),
        output_audio: Some(9),
        output_image: Some(10),
        estimated: true,
        ..Usage::default()
    };
    sheet.call_ended(second, end("ok", Some(usage)));
    sheet.ended(&ended(Some(second)));
    let told = entries(&ledger);
    let [Told::Begun(one), Told::Begun(two), Told::Record(record)] = &told[..] else { panic!("{told:?}") };
    let payer = told::Payer { namespace: "shop".into(), workload: "Deployment/web".into(), team: "unassigned".into() };
    let whose =
        |name: &str| told::Target { provider: format!("shop/{name}"), vendor: "openai".into(), model: "gpt-5".into() };
    assert_eq!((one.attempt, two.attempt, &one.route), (0, 1, &"shop/r".to_owned()));
    assert_eq!((&one.payer, &one.target), (&Some(payer.clone()), &Some(whose("a"))));
    assert!(one.at_ms > 1_700_000_000_123 && one.id == record.id && record.id.starts_with("gen-1700000000-"));
    let cost = told::Cost {
        nano_usd: 1_234,
        source: told::CostSource::Catalog.into(),
        row: "openai/gpt-5@2026-11-20".into(),
        estimate: None,
        partial: true,
    };
    let failed = told::Attempt {
        target: Some(whose("a")),
        credential: "main".into(),
        sent_us: 0,
        took_us: 700_000,
        status: 200,
        code: "server_error".into(),
        blamed: true,
        tokens: Some(told::Tokens { input: Some(9), ..told::Tokens::default() }),
        cost: Some(cost.clone()),
    };
    let tokens = told::Tokens {
        input: Some(100),
        cache_read: Some(0),
        cache_write_5m: Some(3),
        cache_write_1h: Some(4),
        input_audio: Some(5),
        input_image: Some(6),
        output: Some(70),
        reasoning: Some(8),
        output_audio: Some(9),
        output_image: Some(10),
        estimated: true,
    };
    let served = told::Attempt {
        target: Some(whose("b")),
        credential: String::new(),
        sent_us: 700_000,
        code: "ok".into(),
        blamed: false,
        tokens: Some(tokens),
        ..failed.clone()
    };
    let decision = told::Decision {
        strategy: "balanced".into(),
        candidates: 3,
        excluded: 1,
        revision: "0123456789abcdef".into(),
        sticky: true,
    };
    assert_eq!(
        record,
        &told::Record {
            id: record.id.clone(),
            at_ms: 1_700_000_000_123,
            payer: Some(payer),
            route: "shop/r".into(),
            operation: "chat_completions".into(),
            requested: "r".into(),
            decision: Some(decision),
            attempts: vec![failed, served],
            served: Some(1),
            outcome: told::Outcome::Ok.into(),
            code: "ok".into(),
            status: 200,
            streamed: true,
            finish: "stop".into(),
            took_us: 1_500_000,
            first_token_us: Some(300),
            failover: "server_error".into(),
            user: "c:ann".into(),
            session: "c:s-1".into(),
            tags: vec![told::Tag { name: "feature".into(), value: "search".into() }],
        }
    );
}

#[test]
fn an_attempt_that_was_let_go_is_told_as_cancelled_and_what_it_used_as_unknown() {
    let ledger = ledger(Users::clear());
    let sheet = Sheet::open(&ledger, Id::new(at()), at());
    sheet.begins("shop/r", &target("a"), None, Duration::from_secs(6));
    sheet.ended(&Ended { outcome: Outcome::Cancelled, code: "cancelled", status: 499, ..ended(None) });
    let told = entries(&ledger);
    let [Told::Begun(_), Told::Record(record)] = &told[..] else { panic!("{told:?}") };
    let attempt = &record.attempts[0];
    assert_eq!((attempt.code.as_str(), attempt.tokens, attempt.took_us), ("cancelled", None, 500_000));
    assert_eq!((record.served, record.failover.as_str()), (None, ""));
}

/// H3: what was sent once more is told before it is; the first is unknown, and no reason to move.
#[test]
fn a_call_that_was_sent_once_more_is_two() {
    let ledger = ledger(Users::Clear);
    let sheet = Sheet::open(&ledger, Id::new(at()), at());
    let (a, b) = (target("a"), target("b"));
    let first = sheet.begins("shop/r", &a, None, Duration::from_secs(6));
    sheet.unheard(first, Duration::from_millis(6_250));
    let again = sheet.begins("shop/r", &a, None, Duration::from_millis(6_250));
    assert_eq!(entries(&ledger).len(), 2);
    sheet.call_ended(again, end("overloaded", None));
    let moved = sheet.begins("shop/r", &b, None, Duration::from_secs(7));
    sheet.call_ended(moved, end("ok", Some(Usage { input: Some(1), ..Usage::default() })));
    sheet.ended(&ended(Some(moved)));
    let told = entries(&ledger);
    let Some(Told::Record(record)) = told.last() else { panic!("{told:?}") };
    let codes: Vec<_> = record.attempts.iter().map(|it| (it.code.as_str(), it.status, it.blamed, it.took_us)).collect();
    assert_eq!(codes[0], ("connection_reset", 0, false, 250_000));
    assert_eq!(codes[1..].iter().map(|it| it.0).collect::<Vec<_>>(), ["overloaded", "ok"]);
    assert_eq!((record.failover.as_str(), record.served), ("overloaded", Some(2)));
}

/// An entry has a bound: attempts are cut, the one that served is not.
#[test]
fn the_longest_record_fits_and_keeps_the_attempt_that_served() {
    let ledger = ledger(Users::clear());
    let long = "n".repeat(300);
    ledger.about(&About { namespace: Some(long.clone().into()), owner: Some(long.clone().into()), ..About::default() });
    let sheet = Sheet::open(&ledger, Id::new(at()), at());
    let mut headers = HeaderMap::new();
    for at in 0..20 {
        let name: HeaderName = format!("x-outrigger-tag-{at:032}").parse().unwrap();
        headers.insert(name, HeaderValue::from_str(&"v".repeat(100)).unwrap());
    }
    let body = format!(r#"{{"model":"r","user":"{0}","session_id":"{0}"}}"#, "ü".repeat(500));
    sheet.read(&headers, &Head::read(body.as_bytes()).unwrap());
    for at in 0..40 {
        let call = sheet.begins(&long, &target(&format!("{long}{at}")), Some(0), Duration::from_secs(6));
        sheet.call_ended(call, end("ok", Some(Usage { input: Some(at), ..Usage::default() })));
    }
    sheet.ended(&Ended { requested: &long, finish: &long, ..ended(Some(39)) });
    let batch = ledger.spool.batch(512, 1 << 20).unwrap();
    assert!(batch.entries.iter().all(|(_, bytes)| bytes.len() <= LONGEST));
    let told = entries(&ledger);
    let Some(Told::Record(record)) = told.last() else { panic!("{told:?}") };
    assert_eq!((record.tags.len(), record.tags[0].value.len(), record.requested.len()), (8, 64, 128));
    assert!(record.user.len() <= 130 && record.attempts.len() > 1 && record.attempts.len() < 40);
    let served = &record.attempts[record.served.unwrap() as usize];
    assert_eq!(served.tokens.unwrap().input, Some(39));
}

/// Nobody finds a user again by what is booked, unless the operator wants it so.
#[test]
fn users_are_hashed_by_a_key_and_alike_under_the_same_one() {
    let (one, same, other) = (Users::hashed(&[1; 32]), Users::hashed(&[1; 32]), Users::hashed(&[2; 32]));
    let hash = one.booked("ann");
    assert!(hash.starts_with("h:") && hash.len() == 34 && !hash.contains("ann"), "{hash}");
    assert_eq!(hash, same.booked("ann"));
    assert_ne!(hash, other.booked("ann"));
    assert_ne!(hash, one.booked("bob"));
    assert_eq!(format!("{one:?}"), "Hashed");
}

/// Two sidecars of a namespace book a user alike once each has its key, and say of each hash whose key made it.
#[test]
fn the_namespaces_key_is_used_from_when_it_is_known_and_each_hash_says_whose_it_is() {
    let (one, two) = (Users::awaited(), Users::awaited());
    let own = one.booked("ann");
    assert!(own.starts_with("p:") && own.len() == 34 && one.is_awaited(), "{own}");
    assert_ne!(own, two.booked("ann"));
    assert!(one.learn(&[7; 32]) && two.learn(&[7; 32]));
    // The ledger hashes the name itself: HMAC-SHA256 of "ann" under 32 bytes of 7, the first 16 bytes.
    assert_eq!(&*one.booked("ann"), "n:b86f6e0b902d4113864ea164a4f64730");
    assert_eq!(one.booked("ann"), two.booked("ann"));
    assert!(!one.is_awaited() && !one.learn(&[7; 32]), "it is known");
    // A ledger whose books are new has a new one.
    assert!(one.learn(&[8; 32]));
    assert_ne!(one.booked("ann"), two.booked("ann"));
    // What the operator said holds.
    for fixed in [Users::clear(), Users::hashed(&[1; 32])] {
        let before = fixed.booked("ann");
        assert!(!fixed.learn(&[7; 32]) && !fixed.is_awaited());
        assert_eq!(before, fixed.booked("ann"));
    }
}
