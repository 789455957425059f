//! An API server that answers.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_about_once_a_minute() {
    let (server, reviewer) = Server::new();
    let token = token("web", SECOND * 3600);
    let first = reviewer.review(&token, start()).await.unwrap();
    assert_eq!((&*first.namespace, &*first.service_account, &*first.pod), ("demo", "chat", "web"));
    assert_eq!((&*first.uid, first.expires, first.key), ("uid-of-web", start() + SECOND * 3600, key(&token)));
    assert_eq!(reviewer.review(&token, start() + SECOND * 59).await, Ok(first.clone()));
    assert_eq!(server.asked(), 1);
    assert_eq!(reviewer.review(&token, start() + SECOND * 60).await, Ok(first));
    assert_eq!((server.asked(), counted(&reviewer)), (2, [2, 0, 1, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_token_counts_no_longer_than_it_lives_also_where_it_is_remembered() {
    let (server, reviewer) = Server::new();
    let token = token("web", SECOND * 20);
    assert!(reviewer.review(&token, start()).await.is_ok());
    assert!(reviewer.review(&token, start() + SECOND * 19).await.is_ok());
    assert_eq!(reviewer.review(&token, start() + SECOND * 20).await, Err(Refusal::Expired));
    assert_eq!(server.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_remembered_for_five_seconds() {
    let (server, reviewer) = Server::new();
    let token = token("bad", SECOND * 3600);
    for seconds in [0, 1, 4] {
        let refused = reviewer.review(&token, start() + SECOND * seconds).await;
        assert_eq!((refused, server.asked()), (Err(Refusal::NotAuthenticated), 1));
    }
    assert!(reviewer.review(&token, start() + SECOND * 5).await.is_err());
    assert_eq!((server.asked(), counted(&reviewer)), (2, [0, 2, 2, 0, 0]));
}

/// Z3: what is remembered of one token says nothing of another, however long they are the same.
#[tokio::test(start_paused = true)]
async fn a_token_that_begins_or_ends_like_a_good_one_is_asked_about_itself() {
    let (server, reviewer) = Server::new();
    let good = token("web", SECOND * 3_600);
    assert!(reviewer.review(&good, start()).await.is_ok());
    lock(&server.0.revoked).push("web".to_owned());
    let [first, payload, _] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    for other in [format!("{first}.{payload}.c2lo"), format!("e31.{payload}.c2ln"), format!("{good}A")] {
        let before = server.asked();
        assert!(reviewer.review(&other, start()).await.is_err(), "{other}");
        assert_eq!(server.asked(), before + 1, "{other}");
    }
    assert!(reviewer.review(&good, start()).await.is_ok(), "the good one is remembered");
}

/// A pod's deletion ends its token at the API server: within a minute nobody gets a stream with it, whoever knew it.
#[tokio::test(start_paused = true)]
async fn a_token_that_ends_early_is_found_out_within_a_minute() {
    let (server, reviewer) = Server::new();
    let token = token("web", SECOND * 3600);
    assert!(reviewer.review(&token, start()).await.is_ok());
    lock(&server.0.revoked).push("web".to_owned());
    assert_eq!(reviewer.review(&token, start() + SECOND * 60).await, Err(Refusal::NotAuthenticated));
    server.fails(Some(NoAnswer::Unreachable("gone".to_owned())));
    assert_eq!(reviewer.review(&token, start() + SECOND * 66).await, Err(Refusal::Unavailable), "it is known no more");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_token_for_us_is_not_asked_about() {
    let (server, reviewer) = Server::new();
    for (rubbish, why) in [("", Refusal::Malformed), ("abc", Refusal::Malformed), ("h.e30.s", Refusal::WrongAudience)] {
        assert_eq!(reviewer.review(rubbish, start()).await, Err(why));
    }
    assert_eq!((server.asked(), reviewer.counts().remembered, counted(&reviewer)), (0, 0, [0, 3, 0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn all_who_come_with_one_token_are_told_by_one_review() {
    let (server, reviewer) = Server::new();
    let token = token("web", SECOND * 3600);
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (reviewer, token) = (reviewer.clone(), token.clone());
            tokio::spawn(async move { reviewer.review(&token, start()).await })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap().is_ok());
    }
    assert_eq!(server.asked(), 1);
}

/// Everybody comes at one moment after a restart: few reviews at one time, the rest waits or is told when to come again,
/// and all are through within a minute at 400 reviews a second.
#[tokio::test(start_paused = true)]
async fn ten_thousand_sidecars_are_through_within_a_minute() {
    let (server, reviewer) = Server::new();
    // Eight at one time, each twenty milliseconds.
    server.takes(Duration::from_millis(20));
    let began = Instant::now();
    let sidecars: Vec<_> = (0..10_000)
        .map(|at| {
            let reviewer = reviewer.clone();
            tokio::spawn(async move {
                let token = token(&format!("web-{at}"), SECOND * 3600);
                let mut draw = fastrand::Rng::with_seed(at);
                let mut busy = 0;
                loop {
                    match reviewer.review(&token, start() + began.elapsed()).await {
                        Ok(_) => return busy,
                        Err(Refusal::Busy { retry_after }) => {
                            busy += 1;
                            // As a sidecar does.
                            tokio::time::sleep(retry_after.mul_f64(1.0 + draw.f64() / 2.0)).await;
                        }
                        Err(refusal) => panic!("{refusal:?}"),
                    }
                }
            })
        })
        .collect();
    let mut most_busy = 0;
    let mut first_busy = 0;
    for sidecar in sidecars {
        let busy = sidecar.await.unwrap();
        most_busy = most_busy.max(busy);
        first_busy += usize::from(busy > 0);
    }
    let took = began.elapsed();
    println!("10,000 sidecars in {took:?}; {first_busy} were sent away, none more than {most_busy} times");
    assert!(took < SECOND * 60, "{took:?}");
    assert_eq!((server.0.most.load(Relaxed), server.asked()), (LIMITS.at_once, 10_000));
    assert!(first_busy >= 10_000 - LIMITS.waiting);
    assert_eq!((reviewer.counts().waiting, reviewer.counts().remembered), (0, cache::MOST));
}

/// A queue that does not move keeps nobody longer than a sidecar waits.
#[tokio::test(start_paused = true)]
async fn nobody_waits_for_longer_than_is_of_use() {
    let (server, reviewer) = Server::new();
    server.takes(SECOND * 4);
    let began = Instant::now();
    let calls: Vec<_> = (0..64)
        .map(|at| {
            let reviewer = reviewer.clone();
            tokio::spawn(async move { reviewer.review(&token(&format!("web-{at}"), SECOND * 3600), start()).await })
        })
        .collect();
    let mut good = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => good += 1,
            Err(refusal) => assert_eq!(refusal, Refusal::Busy { retry_after: AGAIN }),
        }
    }
    assert!(began.elapsed() <= LIMITS.patience + Duration::from_millis(1), "{:?}", began.elapsed());
    assert!((16..=24).contains(&good), "{good}");
}

#[test]
fn nothing_shows_a_token() {
    let (_, reviewer) = Server::new();
    let shown = format!("{reviewer:?} {:?}", Claims::of(&token("web", SECOND)));
    assert!(!shown.contains("c2ln"), "{shown}");
}
