use outrigger_cluster::authority::{Document, Known, Material, Served, Timing};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;

use super::{
    super::in_cluster::{Follower, service_names},
    *,
};
use crate::{fingerprint::Fingerprints, metrics::Metrics};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A server of a cluster, and what follows for it.
fn waiting() -> (Arc<Serving>, Follower, Arc<Fingerprints>) {
    let names = service_names("outrigger-control-plane", "outrigger-system").unwrap();
    let serving = Serving::pending_for(&names, Timing::default().serving).unwrap();
    let fingerprints = Arc::new(Fingerprints::default());
    let follower =
        Follower::new(serving.clone(), Arc::new(Metrics::new().unwrap()), fingerprints.clone(), Arc::default());
    (serving, follower, fingerprints)
}

fn known(document: &Document) -> Known {
    Known { material: Some(Material::Authorities(Arc::new(document.clone()))), why: None }
}

fn served(served: Served) -> Known {
    Known { material: Some(Material::Served(Arc::new(served))), why: None }
}

/// As a sidecar reads the bundle.
fn roots(bundle: &str) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    Arc::new(roots)
}

/// The certificate that a sidecar with this bundle is shown, if it lets itself be served.
fn shown(server: &Arc<Serving>, bundle: &str) -> Result<Vec<u8>, Error> {
    let client = client(roots(bundle), &TLS13, b"h2");
    let (client, _) = handshake(server, client, "outrigger-control-plane.outrigger-system.svc")?;
    Ok(client.peer_certificates().unwrap()[0].to_vec())
}

fn made(now: SystemTime) -> outrigger_cluster::authority::Made {
    Authority::make(now, Timing::default().life).unwrap()
}

/// Nobody gets in before there is an authority, and why is known; from then on, under every name of the Service.
#[test]
fn it_waits_for_an_authority() {
    let (server, mut follower, fingerprints) = waiting();
    let now = SystemTime::now();
    assert!(server.pending().is_some_and(|why| why.starts_with("authority_pending")), "ready before anybody was asked");
    follower.take(&Known { material: None, why: Some("the Secret cannot be read".to_owned()) }, now);
    assert_eq!(server.pending().as_deref(), Some("the Secret cannot be read"));
    assert!(server.renew_at() > now + 10_000 * DAY && fingerprints.of(&[0; 32]).is_none());
    server.renew(now).unwrap();
    let document = Document::first(made(now), now, Timing::default().life);
    assert!(shown(&server, &document.bundle()).is_err());

    follower.take(&known(&document), now);
    assert_eq!(server.pending(), None);
    let before = shown(&server, &document.bundle()).unwrap();
    for end in ["", ".outrigger-system", ".outrigger-system.svc", ".outrigger-system.svc.cluster.local"] {
        let client = client(roots(&document.bundle()), &TLS13, b"h2");
        handshake(&server, client, &format!("outrigger-control-plane{end}")).unwrap();
    }
    // Two thirds of a week.
    let due = server.renew_at().duration_since(now).unwrap();
    assert!(due > DAY * 4 && due < DAY * 5, "{due:?}");
    // The same again is nothing new; a renewal is.
    follower.take(&known(&document), now);
    assert_eq!(shown(&server, &document.bundle()).unwrap(), before);
    server.renew(now).unwrap();
    assert_ne!(shown(&server, &document.bundle()).unwrap(), before);
    // Without an API server, what is known goes on.
    follower.take(&Known { why: Some("it does not answer".to_owned()), ..known(&document) }, now);
    assert_eq!(server.pending(), None);
}

/// A sidecar that reads its bundle within the settling time gets in at every moment of a rotation.
#[test]
fn a_rotation_locks_out_nobody_who_reads_the_bundle() {
    let (server, mut follower, fingerprints) = waiting();
    let (now, timing) = (SystemTime::now(), Timing::default());
    let one = Document::first(made(now), now, timing.life);
    let two = one.with_next(made(now), now, &timing).distributed(now);
    let three = two.promoted(now, &timing);
    follower.take(&known(&one), now);
    let (first, fingerprint) = (shown(&server, &one.bundle()).unwrap(), fingerprints.of(&[0; 32]));
    follower.take(&known(&two), now);
    for bundle in [one.bundle(), two.bundle()] {
        assert_eq!(shown(&server, &bundle).unwrap(), first, "the next one does not sign");
    }
    follower.take(&known(&three), now);
    assert_ne!(shown(&server, &two.bundle()).unwrap(), first);
    assert!(shown(&server, &three.bundle()).is_ok());
    assert!(shown(&server, &one.bundle()).is_err(), "the next one signs");
    let over = three.forgotten(now + 30 * DAY);
    follower.take(&known(&over), now);
    assert!(shown(&server, &over.bundle()).is_ok());
    assert_eq!(fingerprints.of(&[0; 32]), fingerprint, "equal keys look equal before and behind a rotation");
}

/// Nothing lasts longer than what signed it.
#[test]
fn a_certificate_ends_with_its_authority() {
    let (server, mut follower, _) = waiting();
    let now = SystemTime::now();
    let document = Document::first(Authority::make(now, DAY).unwrap(), now, DAY);
    follower.take(&known(&document), now);
    assert!(server.renew_at() < now + DAY);
}

/// What is in the Secret and no authority changes nothing, is said without what it holds, and mended is taken.
#[test]
fn what_cannot_be_used_changes_nothing() {
    let (server, mut follower, _) = waiting();
    let now = SystemTime::now();
    let (good, other) = (made(now), made(now));
    let key = good.key.clone();
    let wrong = outrigger_cluster::authority::Made { certificate: other.certificate, key: good.key.clone() };
    follower.take(&known(&Document::first(wrong, now, DAY)), now);
    let why = server.pending().unwrap();
    assert!(why.contains("is not that of its key") && !why.contains(&key), "{why}");
    let good = Document::first(good, now, DAY);
    follower.take(&known(&good), now);
    let before = shown(&server, &good.bundle()).unwrap();
    let words = outrigger_cluster::authority::Made { certificate: "words".to_owned(), key: "words".to_owned() };
    follower.take(&known(&Document::first(words, now, DAY)), now);
    assert_eq!(shown(&server, &good.bundle()).unwrap(), before);
    assert_eq!(server.pending(), None);
}

/// Somebody else's certificate is shown as it is, followed, and never renewed here.
#[test]
fn a_certificate_of_somebody_else_is_shown_and_followed() {
    let issue = || {
        let (key, ca_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut ca = CertificateParams::default();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let bundle = ca.self_signed(&ca_key).unwrap().pem();
        let params = CertificateParams::new(["outrigger-control-plane.outrigger-system.svc".to_owned()]).unwrap();
        let chain = params.signed_by(&key, &rcgen::Issuer::new(ca, ca_key)).unwrap().pem();
        Served { chain, key: key.serialize_pem(), bundle: bundle.into() }
    };
    let (server, mut follower, fingerprints) = waiting();
    let (now, first, second) = (SystemTime::now(), issue(), issue());
    let mixed = Served { key: second.key.clone(), ..first.clone() };
    follower.take(&served(mixed.clone()), now);
    assert!(server.pending().unwrap().contains("is not the key of"));
    follower.take(&served(first.clone()), now);
    let before = shown(&server, &first.bundle).unwrap();
    assert!(fingerprints.of(&[0; 32]).is_some());
    server.renew(now).unwrap();
    assert_eq!(shown(&server, &first.bundle).unwrap(), before);
    assert!(server.renew_at() > now + 10_000 * DAY);
    follower.take(&served(mixed), now);
    assert_eq!(shown(&server, &first.bundle).unwrap(), before, "what was good goes on");
    follower.take(&served(second.clone()), now);
    assert_ne!(shown(&server, &second.bundle).unwrap(), before);
}
