//! Replicas that ask each other, over TLS, on this machine.

use outrigger_cluster::status::Counts;
use outrigger_compile::{Kind, ObjectRef};
use rustls::pki_types::ServerName;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::{auth::PeerAuth, *};
use crate::{
    desk::Desk,
    fingerprint::Fingerprints,
    fleet::Fleet,
    identity::{self, Tokens},
    metrics::Metrics,
    publish::Publisher,
    push::{self, Service},
    roster::Roster,
    state::State,
    tls::{Authority, Serving},
};

struct Replica {
    _folder: tempfile::TempDir,
    address: SocketAddr,
    reports: watch::Sender<Arc<Report>>,
    door: watch::Receiver<Arc<Report>>,
    serving: JoinHandle<()>,
}

fn route() -> ObjectRef {
    ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: "r".to_owned() }
}

fn report(total: u32) -> Arc<Report> {
    let counts = Counts { generation: Some(1), total, current: total, ..Counts::default() };
    Arc::new(Report { settling: false, counts: [(route(), counts)].into() })
}

fn authority(state: &State) -> Authority {
    Authority::open(state, std::time::SystemTime::now()).unwrap()
}

impl Replica {
    async fn new(instance: &str, authority: Authority, auth: Arc<dyn PeerAuth>, total: u32) -> Self {
        let now = std::time::SystemTime::now();
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let serving = Serving::new(authority, &[ServerName::try_from("plane.test").unwrap()], now).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (reports, door) = watch::channel(report(total));
        let (metrics, fleet) = (Arc::new(Metrics::new().unwrap()), Arc::new(Fleet::default()));
        let catalog = Arc::new(outrigger_catalog::Catalog::embedded());
        let fingerprints = Arc::new(Fingerprints::of_secret(b"seed"));
        let standing = Arc::new(crate::source::Standing::new());
        let service = Service {
            people: push::People::new(None, Desk::idle(Roster::new(fleet.clone(), standing, fingerprints), &fleet)),
            authority: identity::Authority::Issued(Arc::new(Tokens::open(state, now).unwrap())),
            publisher: Arc::new(Publisher::new(catalog, fleet.clone(), metrics.clone())),
            fleet,
            metrics,
            peers: Some(Door { instance: instance.into(), auth, reports: door.clone() }),
            check_delay: Duration::ZERO,
        };
        let tls = TlsAcceptor::from(serving.config().unwrap());
        let serving = tokio::spawn(push::accept(listener, Some(tls), Arc::new(service), 16));
        Self { _folder: folder, address, reports, door, serving }
    }
}

/// Until `tally` says so many of one object, and how far it reaches.
async fn until(tally: &mut watch::Receiver<Arc<Tally>>, reach: Reach, total: u32) {
    let said = |tally: &Arc<Tally>| tally.reach == reach && tally.of(&route(), Some(1)).total == total;
    let waited = tokio::time::timeout(Duration::from_secs(20), tally.wait_for(said)).await.map(|it| it.is_ok());
    assert_eq!(waited.ok(), Some(true), "{:?} of {total}: {:?}", reach, tally.borrow());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_that_leads_adds_up_what_all_say() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let auth: Arc<dyn PeerAuth> = SharedSecret::new([&b"seed"[..]]);
    let first = Replica::new("a", authority(&state), auth.clone(), 1).await;
    let second = Replica::new("b", authority(&state), auth.clone(), 10).await;
    // One that holds the authority's certificate, and not its secret.
    let stranger: Arc<dyn PeerAuth> = SharedSecret::new([&b"other"[..]]);
    let third = Replica::new("c", authority(&state), stranger, 100).await;
    let bundle = authority(&state).bundle().to_owned();
    let trust = |name: &str| Trust {
        bundle: Arc::new({
            let bundle = bundle.clone();
            move || bundle.clone()
        }),
        name: ServerName::try_from(name.to_owned()).unwrap(),
    };
    let (addresses, known) = watch::channel(None);
    let (leading, leads) = watch::channel(false);
    let dial = Arc::new(Dial { trust: Some(trust("plane.test")), auth });
    let mut tally =
        follow(Setup { instance: "a".into(), dial, addresses: known, own: first.door.clone(), leading: leads });
    addresses.send_replace(Some([first.address, second.address].into()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(tally.borrow().reach, Reach::Settling);
    // It asks itself, too, and does not count itself twice.
    leading.send_replace(true);
    until(&mut tally, Reach::Whole, 11).await;
    second.reports.send_replace(report(20));
    until(&mut tally, Reach::Whole, 21).await;
    first.reports.send_replace(report(2));
    until(&mut tally, Reach::Whole, 22).await;
    // One that does not know us does not answer.
    addresses.send_replace(Some([first.address, second.address, third.address].into()));
    until(&mut tally, Reach::Missing(1), 22).await;
    addresses.send_replace(Some([first.address, second.address].into()));
    until(&mut tally, Reach::Whole, 22).await;
    leading.send_replace(false);
    until(&mut tally, Reach::Settling, 0).await;
    for replica in [first, second, third] {
        replica.serving.abort();
    }
}

/// A certificate of another authority, or for another name, is no replica's.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_shows_a_certificate_of_the_authority() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ours, theirs] = folders.each_ref().map(|it| State::open(it.path()).unwrap());
    let auth: Arc<dyn PeerAuth> = SharedSecret::new([&b"seed"[..]]);
    let replica = Replica::new("b", authority(&ours), auth.clone(), 1).await;
    let heard = async |state: &State, name: &str| {
        let bundle = authority(state).bundle().to_owned();
        let trust =
            Trust { bundle: Arc::new(move || bundle.clone()), name: ServerName::try_from(name.to_owned()).unwrap() };
        let (send, mut told) = mpsc::channel(8);
        let dial = Arc::new(Dial { trust: Some(trust), auth: auth.clone() });
        let asking = tokio::spawn(link::ask(dial, replica.address, send));
        let news = tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap().unwrap().1;
        asking.abort();
        news
    };
    assert_eq!(heard(&ours, "plane.test").await, News::Said("b".into(), report(1)));
    assert_eq!(heard(&theirs, "plane.test").await, News::Lost);
    assert_eq!(heard(&ours, "other.test").await, News::Lost);
    replica.serving.abort();
}

/// Replicas that were listed once are asked for as long as it leads, and again when it leads again.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_nothing_changes_is_asked_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let auth: Arc<dyn PeerAuth> = SharedSecret::new([&b"seed"[..]]);
    let replica = Replica::new("b", authority(&state), auth.clone(), 10).await;
    let bundle = authority(&state).bundle().to_owned();
    let name = ServerName::try_from("plane.test").unwrap();
    let trust = Trust { bundle: Arc::new(move || bundle.clone()), name };
    let (own, reports) = watch::channel(report(1));
    let (leading, leads) = watch::channel(true);
    let mut tally = follow(Setup {
        instance: "a".into(),
        dial: Arc::new(Dial { trust: Some(trust), auth }),
        addresses: watch::channel(Some([replica.address].into())).1,
        own: reports,
        leading: leads,
    });
    until(&mut tally, Reach::Whole, 11).await;
    own.send_replace(report(2));
    until(&mut tally, Reach::Whole, 12).await;
    leading.send_replace(false);
    until(&mut tally, Reach::Settling, 0).await;
    leading.send_replace(true);
    until(&mut tally, Reach::Whole, 12).await;
    replica.serving.abort();
}
