//! By which authorities a provider is known.

use std::{io, path::Path};

use outrigger_route::Authorities;
use rustls::{
    CertificateError, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::transport::innermost;

/// Mozilla's roots as compiled in, since a sidecar has no certificate store to rely on, and those of `bundle`, a file of
/// PEM; with `only`, those of `bundle` alone.
pub(super) fn roots(bundle: Option<&Path>, only: bool) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore { roots: if only { Vec::new() } else { webpki_roots::TLS_SERVER_ROOTS.to_vec() } };
    match bundle {
        Some(bundle) => add(&mut roots, bundle).map_err(|(kind, why)| {
            let text = format!("cannot trust the authorities of --upstream-ca {}: {why}", bundle.display());
            io::Error::new(kind, text)
        })?,
        None if only => {
            let text = "--upstream-ca-only leaves nobody to trust: name the authorities with --upstream-ca FILE";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        None => {}
    }
    Ok(roots)
}

/// Those that a provider names, and no others: `--upstream-ca` and the public ones are not among them.
pub(super) fn named(authorities: &Authorities) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in authorities.certificates() {
        roots.add(CertificateDer::from(certificate)).map_err(|error| error.to_string())?;
    }
    match roots.is_empty() {
        true => Err("none are there".to_owned()),
        false => Ok(roots),
    }
}

/// Whose authorities they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The sidecar's: the public ones, and `--upstream-ca`.
    Sidecar,
    /// The provider's own.
    Provider,
}

fn add(roots: &mut RootCertStore, bundle: &Path) -> Result<(), (io::ErrorKind, String)> {
    let pem =
        std::fs::read(bundle).map_err(|error| (error.kind(), format!("{error}; mount it, or correct the path")))?;
    let bad = |text: String| (io::ErrorKind::InvalidData, text);
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        found += 1;
        let added = certificate.map_err(|error| error.to_string());
        added.and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string())).map_err(|error| {
            bad(format!("its certificate number {found} cannot be read: {error}; take it out, or put it right"))
        })?;
    }
    match found {
        0 => Err(bad("no certificate is in it; it should have blocks of BEGIN CERTIFICATE, in PEM".to_owned())),
        _ => Ok(()),
    }
}

/// What the operating system or TLS said of a connection that came to nothing; of a certificate by an unknown authority, what
/// to do as well.
pub(super) fn cause(error: &(dyn std::error::Error + 'static), whose: Whose) -> String {
    let mut link = Some(error);
    while let Some(it) = link {
        match it.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                return foreign("UnknownIssuer", whose);
            }
            // An authority of the same name with another key: so looks the old one to whoever knows the new one alone.
            Some(rustls::Error::InvalidCertificate(CertificateError::BadSignature)) => {
                return foreign("BadSignature: one of that name is, with another key", whose);
            }
            _ => {}
        }
        // An I/O error shows what it wraps as itself, and leaves it out of its sources.
        let wrapped = it.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        link = wrapped.map(|it| it as _).or_else(|| it.source());
    }
    innermost(error)
}

fn foreign(said: &str, whose: Whose) -> String {
    match whose {
        Whose::Sidecar => format!(
            "its certificate is by an authority that is not trusted here ({said}); --upstream-ca FILE adds one, or \
             spec.tls.caRef of a ModelProvider names its own"
        ),
        Whose::Provider => format!(
            "its certificate is by none of the authorities that spec.tls.caRef of the ModelProvider names, which alone are \
             trusted there ({said})"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with `text`, and what became of it.
    fn of(text: &str, only: bool) -> Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, text).unwrap();
        let read = roots(Some(&file), only).map(|roots| roots.len()).map_err(|error| error.to_string());
        read.inspect_err(|error| assert!(error.contains(file.to_str().unwrap()), "{error}"))
    }

    fn authority() -> String {
        rcgen::generate_simple_self_signed(["ca.test".to_owned()]).unwrap().cert.pem()
    }

    #[test]
    fn a_bundle_is_added_to_the_public_roots_or_stands_alone() {
        let public = roots(None, false).unwrap().len();
        let bundle = format!("# of the company\n{}\n{}", authority(), authority());
        assert!(public > 100);
        assert_eq!((of(&bundle, false), of(&bundle, true)), (Ok(public + 2), Ok(2)));
    }

    /// `caRef` wins: nothing of what the sidecar trusts is trusted for a provider that names its own.
    #[test]
    fn what_a_provider_names_is_all_that_is_trusted_there() {
        let der = |_| rcgen::generate_simple_self_signed(["ca.test".to_owned()]).unwrap().cert.der().to_vec();
        let of = |all: Vec<Vec<u8>>| named(&Authorities::new(all).unwrap()).map(|roots| roots.len());
        assert_eq!(of((0..2).map(der).collect()), Ok(2));
        assert_eq!(of(Vec::new()), Err("none are there".to_owned()));
        assert!(of(vec![der(0), vec![1, 2, 3]]).is_err());
    }

    #[test]
    fn a_bundle_that_is_none_is_an_error_with_its_name() {
        assert!(of("", false).unwrap_err().contains("no certificate is in it"));
        let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(of(&(authority() + garbled), false).unwrap_err().contains("number 2"));
        let gone = roots(Some(Path::new("/nowhere/ca.pem")), false).unwrap_err();
        assert!(gone.kind() == io::ErrorKind::NotFound && gone.to_string().contains("/nowhere/ca.pem"), "{gone}");
        assert!(roots(None, true).unwrap_err().to_string().contains("--upstream-ca FILE"));
    }
}
