//! One proxy: where it is, and what it wants to hear.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, Uri, uri::PathAndQuery};

/// A proxy of HTTP, spoken to in plain or by TLS.
#[derive(Clone)]
pub(crate) struct Hop {
    /// Scheme and authority, without credentials.
    uri: Uri,
    /// `Proxy-Authorization`, where its URL has credentials.
    authorization: Option<HeaderValue>,
}

impl Hop {
    /// Reads `http://user:password@host:port`, of which the host alone must be there. Why not, never says what was read.
    pub(super) fn read(url: &str) -> Result<Self, &'static str> {
        let text = url.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (scheme, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => ("http", 80),
            "https" => ("https", 443),
            _ => return Err("proxies are asked in HTTP alone; write http://HOST:PORT, or https://HOST:PORT"),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, at) = authority.rsplit_once('@').map_or((None, authority), |(user, at)| (Some(user), at));
        let no_address = "it is no URL; write http://HOST:PORT, with what is special in user and password as %XX";
        // A password with a `/` in it, whose beginning would be taken for a host and a port, and shown.
        if rest[authority.len()..].contains('@') {
            return Err(no_address);
        }
        let named: http::uri::Authority = at.parse().map_err(|_| no_address)?;
        if named.host().is_empty() || (named.port().is_none() && named.as_str() != named.host()) {
            return Err(no_address);
        }
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(format!("{}:{}", named.host(), named.port_u16().unwrap_or(port)))
            .path_and_query(PathAndQuery::from_static("/"));
        let uri = uri.build().map_err(|_| no_address)?;
        Ok(Self { uri, authorization: user.map(basic).transpose()? })
    }

    /// Where it is.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Host and port, for people.
    pub(crate) fn name(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// What it is told of us.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

/// Says nothing of credentials.
impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hop").field(&self.uri).finish()
    }
}

/// RFC 7617 of `user` or `user:password`, percent-encoded.
fn basic(user: &str) -> Result<HeaderValue, &'static str> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let mut plain = decoded(name);
    plain.push(b':');
    plain.extend(decoded(password));
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(plain)))
        .map_err(|_| "its credentials fit no header")?;
    value.set_sensitive(true);
    Ok(value)
}

/// A `%` that begins no `%XX` is itself.
fn decoded(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (mut rest, mut decoded) = (text.as_bytes(), Vec::with_capacity(text.len()));
    while let Some((&byte, behind)) = rest.split_first() {
        let code = (byte == b'%').then(|| Some(digit(behind.first())? << 4 | digit(behind.get(1))?)).flatten();
        let (byte, behind) = match code.and_then(|code| u8::try_from(code).ok()) {
            Some(code) => (code, &behind[2..]),
            None => (byte, behind),
        };
        decoded.push(byte);
        rest = behind;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_leave_out_all_but_the_host() {
        for (url, uri) in [
            ("proxy.corp", "http://proxy.corp:80/"),
            ("proxy.corp:3128", "http://proxy.corp:3128/"),
            ("HTTP://proxy.corp:3128/any?thing", "http://proxy.corp:3128/"),
            ("https://proxy.corp", "https://proxy.corp:443/"),
            ("http://[fd00::1]:3128", "http://[fd00::1]:3128/"),
            ("joe:secret@proxy.corp:3128", "http://proxy.corp:3128/"),
        ] {
            assert_eq!(Hop::read(url).unwrap().uri(), uri, "{url}");
        }
        for url in ["", "http://", ":3128", "http://h:port", "http://h:99999", "http://a b", "socks5://h:1", "ftp://h"]
        {
            assert!(Hop::read(url).is_err(), "{url}");
        }
    }

    #[test]
    fn credentials_are_told_as_rfc_7617_says() {
        // The RFC's own example.
        let hop = Hop::read("http://Aladdin:open%20sesame@h:1").unwrap();
        assert_eq!(hop.authorization().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(hop.authorization().unwrap().is_sensitive());
        assert_eq!(Hop::read("http://joe@h:1").unwrap().authorization().unwrap(), "Basic am9lOg==");
        assert!(Hop::read("http://h:1").unwrap().authorization().is_none());
    }

    #[test]
    fn percent_signs_are_read_where_they_mean_something() {
        assert_eq!(decoded("p%40ss%3a%zz%4"), b"p@ss:%zz%4");
    }
}
