//! Who is who in one run: the server's certificate, the key of service accounts, and tokens of those that are no pods.

use std::fs;

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;

use super::place::Place;

/// May do everything.
pub(crate) const ADMIN: &str = "admin";
pub(crate) const CONTROLLER_MANAGER: &str = "kube-controller-manager";
/// Is known, and may do nothing until a role is bound to this name.
pub(crate) const STRANGER: &str = "stranger";
/// Somebody with a token: kubeconfig, name of the user, group.
pub(crate) type User = (&'static str, &'static str, &'static str);
const USERS: [User; 3] = [
    (ADMIN, "admin", "system:masters"),
    (CONTROLLER_MANAGER, "system:kube-controller-manager", ""),
    (STRANGER, "stranger", ""),
];
/// The names and addresses by which the API server is called, within pods too.
const NAMES: [&str; 7] = [
    "127.0.0.1",
    "localhost",
    "10.96.0.1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// What signs certificates in one run. Its key is written nowhere.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a certificate is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    Server,
    Client,
}

impl Authority {
    /// Writes `FILE.crt` and `FILE.key` of somebody of this name and group.
    pub(crate) fn issue(
        &self,
        place: &Place,
        file: &str,
        name: &str,
        group: Option<&str>,
        names: &[&str],
        to: Use,
    ) -> Result<()> {
        let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match to {
            Use::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Use::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        fs::write(place.pki(&format!("{file}.crt")), certificate.pem())?;
        fs::write(place.pki(&format!("{file}.key")), key.serialize_pem())?;
        Ok(())
    }
}

/// Writes all of it into the folder of a run whose API server is `https://ADDRESS:PORT`, with more addresses of it and more
/// users.
pub(crate) fn write(place: &Place, server: &str, addresses: &[&str], users: &[User]) -> Result<Authority> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "outrigger tests");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = Authority(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?);
    ca.issue(place, "apiserver", "kube-apiserver", None, &[&NAMES, addresses].concat(), Use::Server)?;

    let accounts = KeyPair::generate()?;
    for (file, text) in [
        ("ca.crt", ca.0.pem()),
        ("accounts.key", accounts.serialize_pem()),
        ("accounts.pub", accounts.public_key_pem()),
    ] {
        fs::write(place.pki(file), text)?;
    }
    let mut tokens = String::new();
    for (file, name, group) in USERS.iter().chain(users) {
        let token = random()?;
        // token,user,uid,groups
        tokens += &format!("{token},{name},{name},{group}\n");
        fs::write(place.kubeconfig(file), kubeconfig(server, &ca.0.pem(), &token))?;
    }
    fs::write(place.pki("tokens.csv"), tokens)?;
    Ok(ca)
}

/// JSON is YAML.
fn kubeconfig(server: &str, ca: &str, token: &str) -> String {
    let cluster = json!({"server": server, "certificate-authority-data": BASE64_STANDARD.encode(ca)});
    format!(
        "{:#}\n",
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "outrigger", "cluster": cluster}],
            "users": [{"name": "outrigger", "user": {"token": token}}],
            "contexts": [{"name": "outrigger", "context": {"cluster": "outrigger", "user": "outrigger"}}],
            "current-context": "outrigger",
        })
    )
}

fn random() -> Result<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok().context("the system has no random numbers")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
