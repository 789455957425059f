//! Which requests come from a web page. A page of somebody else's that is open in a browser of this machine reaches what
//! listens on loopback: by a name that it points here (DNS rebinding), or by a request that needs nobody's leave.

use std::{fmt, net::IpAddr};

use http::{HeaderMap, HeaderName, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `Host` is no name of this machine.
    Host,
    /// A web page of another origin sends it.
    Origin,
    /// A browser says that another site sends it.
    Site,
}

impl Refusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Host => "host_not_allowed",
            Self::Origin | Self::Site => "origin_not_allowed",
        }
    }

    /// What happened, and what to do.
    pub fn text(self) -> &'static str {
        match self {
            Self::Host => "the Host is neither localhost nor an address of this machine: ask by one of these",
            Self::Origin => "it comes from a web page of another origin",
            Self::Site => "a browser says that it comes from another site",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.text())
    }
}

/// Why a request that came to the address `to` is not answered: it is not for this machine, or from a web page; `None` where
/// it is. `Host` has to be `localhost`, a loopback address, `to` or one of `names`; an `Origin` has to be of that host.
pub fn refusal(headers: &HeaderMap, to: IpAddr, names: &[Box<str>]) -> Option<Refusal> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST);
    if headers.get_all(header::HOST).iter().any(|host| !is_own(host.to_str().unwrap_or("?"), to, names)) {
        return Some(Refusal::Host);
    }
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|of| Some(of) == host);
    if text(header::ORIGIN).is_some_and(|origin| !own(origin)) {
        return Some(Refusal::Origin);
    }
    if text(SEC_FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Some(Refusal::Site);
    }
    None
}

fn is_own(host: &str, to: IpAddr, names: &[Box<str>]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let canonical = |ip: IpAddr| ip.to_canonical();
    name.eq_ignore_ascii_case("localhost")
        || name.parse().is_ok_and(|ip: IpAddr| canonical(ip).is_loopback() || canonical(ip) == canonical(to))
        || names.iter().any(|own| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn code(pairs: &[(&str, &str)]) -> Option<&'static str> {
        let headers = pairs.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        let headers = headers.fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        });
        refusal(&headers, [10, 0, 0, 7].into(), &["outrigger".into()]).map(Refusal::code)
    }

    #[test]
    fn only_this_machine_is_asked_by_its_own_names() {
        for host in [
            "localhost:4118",
            "LOCALHOST",
            "127.0.0.1:4118",
            "127.9.9.9",
            "[::1]:4118",
            "10.0.0.7:4118",
            "Outrigger:4118",
        ] {
            assert_eq!(code(&[("host", host)]), None, "{host}");
        }
        for host in ["rebound.example:4118", "localhost.example", "10.0.0.8:4118", "[fd00::7]:4118", "", "1.1.1.1"] {
            assert_eq!(code(&[("host", host)]), Some("host_not_allowed"), "{host}");
        }
        assert_eq!(code(&[("host", "localhost"), ("host", "rebound.example")]), Some("host_not_allowed"));
        assert_eq!(code(&[]), None, "HTTP/1.0 has none, and no browser speaks that");
    }

    #[test]
    fn no_web_page_is_answered() {
        let from = |name, value| code(&[("host", "127.0.0.1:4118"), (name, value)]);
        assert_eq!(from("origin", "http://127.0.0.1:4118"), None);
        for origin in ["http://evil.example", "http://127.0.0.1:3000", "https://127.0.0.1:4118", "null"] {
            assert_eq!(from("origin", origin), Some("origin_not_allowed"), "{origin}");
        }
        assert_eq!((from("sec-fetch-site", "none"), from("sec-fetch-site", "same-origin")), (None, None));
        for site in ["cross-site", "same-site"] {
            assert_eq!(from("sec-fetch-site", site), Some("origin_not_allowed"), "{site}");
        }
    }
}
