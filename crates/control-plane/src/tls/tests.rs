mod in_cluster;

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{
    ClientConfig, ClientConnection, Error, ProtocolVersion, RootCertStore, ServerConnection, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use tempfile::TempDir;

use super::{Authority, Serving, name};
use crate::state::State;

fn folder() -> (TempDir, State) {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    (folder, state)
}

fn open(state: &State) -> anyhow::Result<Authority> {
    Authority::open(state, SystemTime::now())
}

fn refusal(state: &State) -> String {
    open(state).unwrap_err().to_string()
}

fn client(roots: Arc<RootCertStore>, version: &'static SupportedProtocolVersion, alpn: &[u8]) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config
}

/// Both ends in memory, until neither has anything to say; the first refusal of either end.
fn handshake(
    server: &Arc<Serving>,
    client: ClientConfig,
    to: &str,
) -> Result<(ClientConnection, ServerConnection), Error> {
    let mut client = ClientConnection::new(Arc::new(client), name(to).unwrap()).unwrap();
    let mut server = ServerConnection::new(server.config().unwrap()).unwrap();
    loop {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        let to_server = wire.len();
        server.read_tls(&mut io::Cursor::new(wire)).unwrap();
        let heard = server.process_new_packets();
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let to_client = wire.len();
        heard?;
        let mut wire = io::Cursor::new(wire);
        while (wire.position() as usize) < to_client {
            client.read_tls(&mut wire).unwrap();
            client.process_new_packets()?;
        }
        if to_server == 0 && to_client == 0 {
            return Ok((client, server));
        }
    }
}

fn serving(state: &State, names: &[&str]) -> Arc<Serving> {
    let names: Vec<_> = names.iter().map(|text| name(text).unwrap()).collect();
    Serving::new(open(state).unwrap(), &names, SystemTime::now()).unwrap()
}

#[test]
fn a_sidecar_with_the_authority_gets_in_under_every_name() {
    let (_folder, state) = folder();
    let server = serving(&state, &["control.example", "10.1.2.3", "localhost"]);
    for to in ["localhost", "127.0.0.1", "::1", "control.example", "10.1.2.3"] {
        let (client, connection) = handshake(&server, client(server.authority().roots(), &TLS13, b"h2"), to)
            .unwrap_or_else(|e| panic!("{to}: {e}"));
        assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!((client.alpn_protocol(), connection.alpn_protocol()), (Some(&b"h2"[..]), Some(&b"h2"[..])));
        assert_eq!(client.tls13_tickets_received(), 0);
    }
}

#[test]
fn what_is_not_meant_for_sidecars_is_refused() {
    let ((_a, state), (_b, other)) = (folder(), folder());
    let server = serving(&state, &[]);
    let roots = server.authority().roots();
    let stranger = open(&other).unwrap().roots();
    assert!(matches!(
        handshake(&server, client(Arc::clone(&roots), &TLS12, b"h2"), "localhost"),
        Err(Error::PeerIncompatible(_))
    ));
    assert!(matches!(
        handshake(&server, client(Arc::clone(&roots), &TLS13, b"http/1.1"), "localhost"),
        Err(Error::NoApplicationProtocol)
    ));
    assert!(matches!(
        handshake(&server, client(stranger, &TLS13, b"h2"), "localhost"),
        Err(Error::InvalidCertificate(_))
    ));
    assert!(matches!(
        handshake(&server, client(roots, &TLS13, b"h2"), "evil.example"),
        Err(Error::InvalidCertificate(_))
    ));
}

#[test]
fn a_restart_and_a_renewal_change_the_certificate_and_not_the_trust() {
    let (_folder, state) = folder();
    let first = serving(&state, &[]);
    let roots = first.authority().roots();
    let shown = |server: &Arc<Serving>| {
        let (client, _) = handshake(server, client(Arc::clone(&roots), &TLS13, b"h2"), "localhost").unwrap();
        client.peer_certificates().unwrap()[0].to_vec()
    };
    let again = serving(&state, &[]);
    assert_eq!(first.authority().bundle(), again.authority().bundle());
    let before = shown(&again);
    assert_ne!(shown(&first), before);
    again.renew(SystemTime::now()).unwrap();
    assert_ne!(shown(&again), before);
}

#[test]
fn a_certificate_is_renewed_at_two_thirds_of_its_life() {
    let (_folder, state) = folder();
    let now = SystemTime::now();
    let server = Serving::new(open(&state).unwrap(), &[], now).unwrap();
    let day = Duration::from_secs(24 * 3600);
    let due = |server: &Serving, now: SystemTime| server.renew_at().duration_since(now).unwrap();
    assert!(due(&server, now) > day * 243 && due(&server, now) < day * 244);
    let later = now + day * 244;
    server.renew(later).unwrap();
    assert!(due(&server, later) > day * 243);
    let left = server.ends().unwrap().duration_since(later).unwrap();
    assert!(left > day * 364 && left <= day * 365, "what is told of its end is that of the new one");
}

#[test]
fn processes_that_start_at_once_get_one_authority() {
    let (_folder, state) = folder();
    let bundles: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&state).unwrap().bundle().to_owned())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(bundles.iter().all(|bundle| *bundle == bundles[0]));
}

#[test]
fn the_key_is_private_and_refused_if_it_is_not() {
    let (_folder, state) = folder();
    open(&state).unwrap();
    let key = state.path("ca.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    assert!(refusal(&state).contains("chmod 600"));
}

#[test]
fn broken_files_are_told_and_never_replaced() {
    let (_folder, state) = folder();
    let bundle = open(&state).unwrap().bundle().to_owned();
    let (key, pem) = (state.path("ca.key"), state.path("ca.pem"));
    let good = fs::read_to_string(&key).unwrap();
    let cases: [(_, &str, &str); 6] = [
        (&key, "", "does not hold an ECDSA P-256 key"),
        (&key, &good[..good.len() / 2], "does not hold an ECDSA P-256 key"),
        (&key, &bundle, "does not hold an ECDSA P-256 key"),
        (&pem, "", "does not hold a certificate"),
        (&pem, &bundle[..bundle.len() / 2], "does not hold a certificate"),
        (&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds a broken certificate"),
    ];
    for (path, content, expected) in cases {
        let kept = fs::read(path).unwrap();
        fs::write(path, content).unwrap();
        let error = refusal(&state);
        assert!(error.contains(expected) && error.contains("backup"), "{error}");
        assert_eq!(fs::read_to_string(path).unwrap(), content);
        fs::write(path, kept).unwrap();
    }
    open(&state).unwrap();
}

#[test]
fn a_certificate_without_its_key_or_with_another_is_told() {
    let ((_a, state), (_b, other)) = (folder(), folder());
    open(&state).unwrap();
    open(&other).unwrap();
    fs::copy(other.path("ca.pem"), state.path("ca.pem")).unwrap();
    assert!(refusal(&state).contains("is not the certificate of"));
    fs::remove_file(state.path("ca.key")).unwrap();
    assert!(refusal(&state).contains("put the key back"));
}

#[test]
fn a_first_start_that_was_cut_short_is_finished_by_the_next() {
    let (_folder, state) = folder();
    let roots = open(&state).unwrap().roots();
    fs::remove_file(state.path("ca.pem")).unwrap();
    handshake(&serving(&state, &[]), client(roots, &TLS13, b"h2"), "localhost").unwrap();
}

#[test]
fn an_authority_out_of_date_is_told() {
    let (_folder, state) = folder();
    open(&state).unwrap();
    let years = |n: u64| Duration::from_secs(n * 365 * 24 * 3600);
    assert!(Authority::open(&state, SystemTime::now() + years(9)).is_ok());
    for now in [SystemTime::now() + years(11), SystemTime::now() - years(1)] {
        assert!(Authority::open(&state, now).unwrap_err().to_string().contains("is not valid now"));
    }
}

#[test]
fn an_authority_of_another_maker_is_told() {
    let (_folder, state) = folder();
    open(&state).unwrap();
    let key = rcgen::KeyPair::from_pem(&fs::read_to_string(state.path("ca.key")).unwrap()).unwrap();
    let theirs = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    fs::write(state.path("ca.pem"), theirs.pem()).unwrap();
    assert!(refusal(&state).contains("was not made by this program"));
}

#[test]
fn names_that_no_certificate_can_carry() {
    for good in ["a", "control-plane.prod.svc", "10.0.0.1", "fe80::1"] {
        assert!(name(good).is_ok(), "{good}");
    }
    for bad in ["", "*.example", "a:443", "https://a", "[::1]", "a b"] {
        assert!(name(bad).is_err(), "{bad}");
    }
}

#[test]
fn nothing_shows_a_key() {
    let (_folder, state) = folder();
    let server = serving(&state, &[]);
    let pem = fs::read(state.path("ca.key")).unwrap();
    let der = PrivateKeyDer::from_pem_slice(&pem).unwrap();
    // RFC 5915 behind the PKCS#8 head: the secret number stands in bytes 36 to 68.
    let secret = &der.secret_der()[36..68];
    let shown = format!("{server:?} {:#?} {:?}", server.authority(), server.config().unwrap());
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{secret:?}");
    for form in [STANDARD.encode(&secret[..30]), hex, list.trim_matches(['[', ']']).to_owned()] {
        assert!(!shown.contains(&form), "{shown}");
    }
}
