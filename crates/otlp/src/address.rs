//! Where a control plane, a ledger or a collector is.

use http::Uri;

/// As `--control-plane`, `--ledger` and `--otlp-endpoint` have it.
///
/// # Errors
///
/// It is not `https://host:port` or `http://host:port`; nothing of it is repeated.
pub fn address(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|_| "it is no URL; write it as https://host:port".to_owned())?;
    let plain = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
    if !matches!(uri.scheme_str(), Some("https" | "http")) || uri.host().is_none() || !plain {
        return Err("write it as https://host:port, without a path".to_owned());
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("it holds a user or password; the token goes into --token-file".to_owned());
    }
    Ok(uri)
}

/// Nobody else hears what is said there.
pub fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}
