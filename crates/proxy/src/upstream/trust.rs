//! By which authorities a provider is known.

use std::{io, path::Path};

use rustls::{
    CertificateError, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::attempt::innermost;

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
pub(super) fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut link = Some(error);
    while let Some(it) = link {
        if let Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) = it.downcast_ref() {
            return "its certificate is by an authority that is not trusted here (UnknownIssuer); --upstream-ca FILE \
                    adds one"
                .to_owned();
        }
        // An I/O error shows what it wraps as itself, and leaves it out of its sources.
        let wrapped = it.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        link = wrapped.map(|it| it as _).or_else(|| it.source());
    }
    innermost(error)
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
