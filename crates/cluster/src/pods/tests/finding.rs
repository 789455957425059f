//! Pods that are looked for.

use super::*;

/// An API server with some pods, and how often it was asked.
#[derive(Clone, Default)]
struct Server {
    pods: Arc<Mutex<Vec<Meta>>>,
    away: Arc<Mutex<bool>>,
    asked: Arc<AtomicUsize>,
}

impl Fetch for Server {
    fn fetch<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<Meta>, NotTold>> {
        async move {
            self.asked.fetch_add(1, Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
            if *lock(&self.away) {
                return Err(NotTold("away".to_owned()));
            }
            let pods = lock(&self.pods);
            Ok(pods.iter().find(|pod| pod.namespace == namespace && pod.name == name).cloned())
        }
        .boxed()
    }
}

impl Server {
    fn of(pods: &[Meta]) -> (Self, Pods) {
        let server = Self { pods: Arc::new(Mutex::new(pods.to_vec())), ..Self::default() };
        let label = |namespace: &str, key: &str| (namespace == "demo" && key == "team").then(|| "blue".to_owned());
        let settings = Settings { namespace_label: Box::new(label), ..Settings::default() };
        let pods = Pods::of_at_most(3, server.clone(), settings);
        (server, pods)
    }

    fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

fn listed(pods: &Pods, metas: &[Meta]) {
    pods.apply(Event::Listing);
    metas.iter().for_each(|meta| pods.apply(Event::Listed(meta.clone())));
    pods.apply(Event::Complete);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_known_is_not_asked_for() {
    let (server, pods) = Server::of(&[]);
    listed(&pods, &[meta("a", "1", "team=red"), meta("b", "2", "team="), meta("c", "3", "")]);
    let team = async |name: &str, uid: &str| pods.find("demo", name, uid).await.unwrap().team.map(String::from);
    // The pod's own, else its namespace's; an empty one is none.
    assert_eq!(team("a", "1").await.as_deref(), Some("red"));
    assert_eq!((team("b", "2").await.as_deref(), team("c", "3").await.as_deref()), (Some("blue"), Some("blue")));
    // Another's name, another's namespace.
    assert_eq!(pods.find("demo", "b", "1").await, Err(Missing::Gone));
    assert_eq!(pods.find("other", "a", "1").await, Err(Missing::Gone));
    assert_eq!(server.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_the_watch_has_not_told_is_asked_for_once() {
    let (server, pods) = Server::of(&[meta("a", "1", "app=web")]);
    listed(&pods, &[meta("x", "9", "")]);
    let find = || pods.find("demo", "a", "1");
    let (one, two, three) = tokio::join!(find(), find(), find());
    assert!(one == two && two == three && one.unwrap().labels.get("app") == Some("web"));
    assert!(find().await.is_ok());
    assert_eq!((server.asked(), pods.len()), (1, 2));
    // One of the same name that came later is another.
    for _ in 0..2 {
        assert_eq!(pods.find("demo", "a", "2").await, Err(Missing::Gone));
        assert_eq!(pods.find("demo", "none", "3").await, Err(Missing::Gone));
    }
    assert_eq!(server.asked(), 3, "it is remembered");
    tokio::time::advance(Duration::from_secs(6)).await;
    lock(&server.pods).push(meta("none", "3", ""));
    assert!(pods.find("demo", "none", "3").await.is_ok(), "and not for long");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_no_reason_to_say_gone() {
    let (server, pods) = Server::of(&[meta("a", "1", "")]);
    listed(&pods, &[meta("x", "9", "")]);
    *lock(&server.away) = true;
    assert_eq!(pods.find("demo", "a", "1").await, Err(Missing::Unknown));
    *lock(&server.away) = false;
    assert!(pods.find("demo", "a", "1").await.is_ok());
}

/// At a start everybody comes at once, and a listing tells of them sooner than they could be asked for one by one.
#[tokio::test(start_paused = true)]
async fn the_first_listing_is_waited_for_and_not_for_long() {
    let (server, pods) = Server::of(&[meta("a", "1", ""), meta("b", "2", "")]);
    let listing = pods.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        listing.apply(Event::Listing);
        listing.apply(Event::Listed(meta("a", "1", "")));
        tokio::time::sleep(Duration::from_secs(3600)).await;
        listing.apply(Event::Complete);
    });
    let began = Instant::now();
    assert!(pods.find("demo", "a", "1").await.is_ok());
    assert_eq!((server.asked(), began.elapsed()), (0, FIRST));
    assert!(pods.find("demo", "b", "2").await.is_ok());
    assert_eq!((server.asked(), began.elapsed()), (1, 2 * FIRST + Duration::from_millis(5)));
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_there_are_places() {
    let (server, pods) = Server::of(&[]);
    listed(&pods, &[meta("x", "9", "")]);
    let calls: Vec<_> = (0..=ASKING.waiting)
        .map(|at| {
            let pods = pods.clone();
            tokio::spawn(async move { pods.find("demo", "none", &format!("uid-{at}")).await })
        })
        .collect();
    let mut told = [0, 0];
    for call in calls {
        match call.await.unwrap() {
            Err(Missing::Gone) => told[0] += 1,
            Err(Missing::Busy { retry_after }) if retry_after == AGAIN => told[1] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((told, server.asked()), ([ASKING.waiting, 1], ASKING.waiting));
}

#[tokio::test(start_paused = true)]
async fn changes_are_told() {
    let (_, pods) = Server::of(&[]);
    listed(&pods, &[meta("a", "1", ""), meta("b", "2", "")]);
    pods.apply(Event::Applied(meta("a", "1", "x=1")));
    pods.apply(Event::Deleted("2".into()));
    let some = [("1".into(), Change::Altered), ("2".into(), Change::Gone)].into();
    assert_eq!(pods.changes().await, Changed::Some(some));
    pods.look_at_all();
    assert_eq!(pods.changes().await, Changed::Any);
    assert_eq!((pods.standing("2"), pods.standing("3")), (Standing::Gone, Standing::Unknown));
}
