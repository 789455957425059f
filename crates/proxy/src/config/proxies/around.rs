//! What is reached without a proxy: loopback always, and what `NO_PROXY` names.

use std::net::IpAddr;

use http::Uri;

/// The entries of `NO_PROXY`.
#[derive(Clone, Debug, Default)]
pub(super) struct Around(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    what: What,
    /// At this port alone.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// `*`
    Everything,
    /// `10.0.0.0/8`, or one address with all of its bits.
    Network(IpAddr, u8),
    /// `example.com`: this name and those below it.
    Name(Box<str>),
    /// `.example.com` or `*.example.com`: the names below it.
    Below(Box<str>),
}

impl Around {
    /// Entries are parted by commas or blanks. One that means nothing matches nothing.
    pub(super) fn read(text: &str) -> Self {
        let entries = text.split(|at: char| at == ',' || at.is_whitespace()).filter(|entry| !entry.is_empty());
        Self(entries.map(|entry| Entry::read(&entry.to_ascii_lowercase())).collect())
    }

    /// Whether `to` is reached without one.
    pub(super) fn holds(&self, to: &Uri) -> bool {
        let host = bare(to.host().unwrap_or_default()).to_ascii_lowercase();
        let host = host.trim_end_matches('.');
        let address = host.parse().ok().map(|address: IpAddr| address.to_canonical());
        let port = to.port_u16().unwrap_or(if to.scheme_str() == Some("https") { 443 } else { 80 });
        let loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        loopback || self.0.iter().any(|entry| entry.holds(host, address, port))
    }
}

impl Entry {
    fn read(text: &str) -> Self {
        let network = |text: &str| {
            let (address, bits) = text.split_once('/')?;
            let (address, bits) = (bare(address).parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?);
            (bits <= width(address)).then_some(What::Network(address, bits))
        };
        let address = |text: &str| bare(text).parse::<IpAddr>().ok().map(|it| What::Network(it, width(it)));
        if let Some(what) = network(text).or_else(|| address(text)) {
            return Self { what, port: None };
        }
        let (name, port) = match text.rsplit_once(':').map(|(name, port)| (name, port.parse())) {
            Some((name, Ok(port))) => (name, Some(port)),
            _ => (text, None),
        };
        let what = match (name, name.strip_prefix("*.").or_else(|| name.strip_prefix('.'))) {
            ("*", _) => What::Everything,
            (_, Some(parent)) => What::Below(parent.trim_end_matches('.').into()),
            _ => address(name).unwrap_or_else(|| What::Name(name.trim_end_matches('.').into())),
        };
        Self { what, port }
    }

    fn holds(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        let below = |parent: &str| host.strip_suffix(parent).is_some_and(|child| child.ends_with('.'));
        self.port.is_none_or(|only| only == port)
            && match &self.what {
                What::Everything => true,
                What::Network(network, bits) => address.is_some_and(|address| within(address, *network, *bits)),
                What::Name(name) => host == &**name || below(name),
                What::Below(parent) => below(parent),
            }
    }
}

/// Without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The bits of an address.
fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let differ = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(a.to_bits() ^ b.to_bits()) << 96,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() ^ b.to_bits(),
        _ => return false,
    };
    differ.leading_zeros() >= u32::from(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(entries: &str, to: &str) -> bool {
        Around::read(entries).holds(&to.parse().unwrap())
    }

    #[test]
    fn loopback_never_goes_by_a_proxy() {
        for to in ["http://localhost:1/", "https://LOCALHOST./", "http://127.9.9.9/", "https://[::1]:8/"] {
            assert!(around("", to), "{to}");
        }
        assert!(around("", "http://[::ffff:127.0.0.1]/"));
        for to in ["http://localhost.example.com/", "http://10.0.0.1/", "http://[fd00::1]/"] {
            assert!(!around("", to), "{to}");
        }
    }

    #[test]
    fn a_name_means_itself_and_what_is_below_and_a_suffix_what_is_below() {
        for (entry, name, itself) in [("example.com", "example.com", true), (".example.com", "example.com", false)] {
            assert_eq!(around(entry, &format!("https://{name}/")), itself, "{entry}");
            assert!(around(entry, "https://API.example.com./"), "{entry}");
            assert!(
                !around(entry, "https://badexample.com/") && !around(entry, "https://example.com.evil/"),
                "{entry}"
            );
        }
        assert!(
            around("*.example.com", "https://a.b.example.com/") && !around("*.example.com", "https://example.com/")
        );
        assert!(around("Example.COM.", "https://example.com/"));
        assert!(around("a, .svc\t.cluster.local", "http://m.ns.svc:8000/"));
        assert!(around("*", "https://anything.at.all/") && !around("a*", "https://ab/"));
    }

    #[test]
    fn networks_and_addresses_hold_addresses_alone() {
        assert!(around("10.0.0.0/8", "http://10.200.3.4:8000/") && !around("10.0.0.0/8", "http://11.0.0.1/"));
        assert!(around("0.0.0.0/0", "http://1.2.3.4/") && !around("0.0.0.0/0", "http://[fd00::1]/"));
        assert!(around("fd00::/8", "http://[fd12::1]/") && !around("fd00::/8", "http://[fe80::1]/"));
        assert!(around("192.168.1.7", "http://192.168.1.7/") && !around("192.168.1.7", "http://192.168.1.70/"));
        assert!(around("[fd00::1]", "http://[fd00::1]:9/") && around("fd00::1", "http://[fd00::1]/"));
        assert!(!around("10.0.0.0/33", "http://10.0.0.1/") && !around("10.0.0.0/8", "http://ten.example.com/"));
    }

    #[test]
    fn a_port_narrows_an_entry() {
        assert!(around("example.com:8443", "https://example.com:8443/"));
        assert!(!around("example.com:8443", "https://example.com/"));
        assert!(around("example.com:443", "https://example.com/") && around("example.com:80", "http://example.com/"));
        assert!(around("10.0.0.1:80", "http://10.0.0.1/") && !around("10.0.0.1:80", "http://10.0.0.1:81/"));
        assert!(around("[fd00::1]:80", "http://[fd00::1]/") && !around("[fd00::1]:80", "https://[fd00::1]/"));
        assert!(around("*:8000", "http://any:8000/") && !around("*:8000", "http://any/"));
    }
}
