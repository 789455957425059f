//! Which requests come from a web page. A page of somebody else's that is open in a browser of this machine reaches what
//! listens on loopback: by a name that it points here (DNS rebinding), or by a request that needs nobody's leave.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request that came to the address `to` is not answered: it is not for this machine, or from a web page; `None` where
/// it is. `Host` has to be `localhost`, a loopback address or `to`; an `Origin` has to be of that host.
pub fn refusal(headers: &HeaderMap, to: IpAddr) -> Option<&'static str> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST);
    if headers.get_all(header::HOST).iter().any(|host| !is_own(host.to_str().unwrap_or("?"), to)) {
        return Some(
            "host_not_allowed: the Host is neither localhost nor an address of this machine: ask by one of these",
        );
    }
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|of| Some(of) == host);
    if text(header::ORIGIN).is_some_and(|origin| !own(origin)) {
        return Some("origin_not_allowed: it comes from a web page of another origin");
    }
    if text(SEC_FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Some("origin_not_allowed: a browser says that it comes from another site");
    }
    None
}

fn is_own(host: &str, to: IpAddr) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let canonical = |ip: IpAddr| ip.to_canonical();
    name.eq_ignore_ascii_case("localhost")
        || name.parse().is_ok_and(|ip: IpAddr| canonical(ip).is_loopback() || canonical(ip) == canonical(to))
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
        refusal(&headers, [10, 0, 0, 7].into()).map(|why| why.split(':').next().unwrap())
    }

    #[test]
    fn only_this_machine_is_asked_by_its_own_names() {
        for host in ["localhost:4118", "LOCALHOST", "127.0.0.1:4118", "127.9.9.9", "[::1]:4118", "10.0.0.7:4118"] {
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
