//! An API server that does not answer.

use super::*;

#[tokio::test(start_paused = true)]
async fn known_tokens_count_until_their_end_and_others_are_not_refused_for_good() {
    let (server, reviewer) = Server::new();
    let (known, unknown) = (token("web", SECOND * 3600), token("new", SECOND * 3600));
    let reviewed = reviewer.review(&known, start()).await;
    assert!(reviewed.is_ok());
    for why in [NoAnswer::Unreachable("it answers 503".to_owned()), NoAnswer::Forbidden] {
        server.fails(Some(why));
        // Far beyond the minute.
        assert_eq!(reviewer.review(&known, start() + SECOND * 3599).await, reviewed);
        assert_eq!(reviewer.review(&known, start() + SECOND * 3600).await, Err(Refusal::Expired));
        assert_eq!(reviewer.review(&unknown, start()).await, Err(Refusal::Unavailable));
        tokio::time::advance(SECOND * 2).await;
    }
    server.fails(None);
    assert!(reviewer.review(&unknown, start()).await.is_ok(), "nothing bad is remembered of it");
    let [good, refused, remembered, unanswered, busy] = counted(&reviewer);
    assert_eq!((good, refused, remembered, unanswered, busy), (2, 2, 2, 2, 0));
}

/// One that hangs takes five seconds of the first and of nobody who comes later.
#[tokio::test(start_paused = true)]
async fn an_api_server_that_hangs_is_asked_by_one_at_a_time() {
    let (server, reviewer) = Server::new();
    let known = token("web", SECOND * 36_000);
    assert!(reviewer.review(&known, start()).await.is_ok());
    server.takes(SECOND * 3600);
    let (began, later) = (Instant::now(), start() + SECOND * 600);
    assert!(reviewer.review(&known, later).await.is_ok());
    assert_eq!((began.elapsed(), server.asked()), (ANSWER, 2));
    // Within a second of that nobody asks.
    let unknown = async |pod: &str| reviewer.review(&token(pod, SECOND * 3600), later).await;
    assert!(reviewer.review(&known, later).await.is_ok());
    assert_eq!(unknown("new").await, Err(Refusal::Unavailable));
    assert_eq!((began.elapsed(), server.asked()), (ANSWER, 2));
    // Then one does, and the others are answered meanwhile.
    tokio::time::advance(SECOND).await;
    let looking = reviewer.clone();
    let looking = tokio::spawn(async move { looking.review(&token("other", SECOND * 3600), start()).await });
    tokio::task::yield_now().await;
    for _ in 0..100 {
        assert!(reviewer.review(&known, later).await.is_ok());
        assert_eq!(unknown("new").await, Err(Refusal::Unavailable));
    }
    assert_eq!((began.elapsed(), server.asked()), (ANSWER + SECOND, 3));
    // Who was finding out goes away: the next does it.
    looking.abort();
    assert!(looking.await.is_err());
    server.takes(Duration::from_millis(2));
    assert!(unknown("new").await.is_ok());
    assert!(unknown("newer").await.is_ok());
    assert_eq!(server.asked(), 5);
}

/// A hundred wait when it begins to hang: all are told when the first eight are.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_is_told_with_the_first() {
    let (server, reviewer) = Server::new();
    server.takes(SECOND * 3600);
    let began = Instant::now();
    let calls: Vec<_> = (0..100)
        .map(|at| {
            let reviewer = reviewer.clone();
            tokio::spawn(async move { reviewer.review(&token(&format!("web-{at}"), SECOND * 3600), start()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Err(Refusal::Unavailable));
    }
    assert_eq!((began.elapsed(), server.asked(), reviewer.counts().remembered), (ANSWER, LIMITS.at_once, 0));
}
