//! Which proxy leads to a provider: what `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, as values. They mean
//! what they mean to programs in Go, which most of a cluster is written in (`golang.org/x/net/http/httpproxy`).

mod around;
mod hop;

use http::Uri;

use around::Around;
pub(crate) use hop::Hop;

/// The proxies towards providers. None by default.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Towards `https` addresses.
    https: Option<Hop>,
    /// Towards `http` addresses.
    http: Option<Hop>,
    around: Around,
}

impl Proxies {
    /// Reads the variables, of which each may be in upper or in lower case; upper goes first, and one that is empty is not
    /// there.
    ///
    /// # Errors
    /// A proxy that cannot be used. The text names the variable and nothing of its value, which may hold a password.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let find = |name: &'static str| {
            let cases = [name.to_owned(), name.to_lowercase()];
            cases.into_iter().find_map(|name| Some((variable(&name).filter(|value| !value.trim().is_empty())?, name)))
        };
        let hop = |name| match find(name).or_else(|| find("ALL_PROXY")) {
            Some((value, name)) => Hop::read(&value)
                .map(Some)
                .map_err(|why| format!("the proxy of the variable {name} cannot be used: {why}")),
            None => Ok(None),
        };
        let around = find("NO_PROXY").map_or_else(Around::default, |(value, _)| Around::read(&value));
        Ok(Self { https: hop("HTTPS_PROXY")?, http: hop("HTTP_PROXY")?, around })
    }

    /// The proxy on the way to `to`; `None`: there is none.
    pub(crate) fn towards(&self, to: &Uri) -> Option<&Hop> {
        let hop = if to.scheme_str() == Some("https") { &self.https } else { &self.http };
        hop.as_ref().filter(|_| !self.around.holds(to))
    }

    /// Those that there are, for people: towards what, and which.
    pub(crate) fn told(&self) -> Vec<String> {
        let told = |scheme, hop: &Option<Hop>| hop.as_ref().map(|hop| format!("{scheme} by {}", hop.name()));
        [told("https", &self.https), told("http", &self.http)].into_iter().flatten().collect()
    }

    /// Whether there is any.
    pub(crate) fn is_empty(&self) -> bool {
        self.https.is_none() && self.http.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, String> {
        Proxies::read(|name| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned()))
    }

    fn towards(variables: &[(&str, &str)], to: &str) -> Option<String> {
        let proxies = proxies(variables).unwrap();
        proxies.towards(&to.parse().unwrap()).map(|hop| hop.name().to_owned())
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_proxy_stands_in() {
        let both = [("HTTPS_PROXY", "http://s:1"), ("HTTP_PROXY", "http://p:2"), ("ALL_PROXY", "http://a:3")];
        assert_eq!(towards(&both, "https://x.com/v1").as_deref(), Some("s:1"));
        assert_eq!(towards(&both, "http://x.com/v1").as_deref(), Some("p:2"));
        assert_eq!(towards(&both[..1], "http://x.com/"), None);
        assert_eq!(towards(&both[1..], "https://x.com/").as_deref(), Some("a:3"));
        assert_eq!(towards(&[], "https://x.com/"), None);
    }

    #[test]
    fn upper_case_goes_before_lower_case_and_empty_is_not_there() {
        let lower = ("https_proxy", "http://lower:1");
        assert_eq!(towards(&[lower], "https://x.com/").as_deref(), Some("lower:1"));
        assert_eq!(towards(&[("HTTPS_PROXY", "http://upper:1"), lower], "https://x.com/").as_deref(), Some("upper:1"));
        assert_eq!(towards(&[("HTTPS_PROXY", " "), lower], "https://x.com/").as_deref(), Some("lower:1"));
        assert_eq!(towards(&[("all_proxy", "http://a:1"), ("no_proxy", "x.com")], "https://x.com/"), None);
    }

    /// Z: what a variable holds may be a password.
    #[test]
    fn no_password_is_in_an_error_nor_in_debug() {
        for value in [
            "http://joe:hunter2@",
            "socks5://joe:hunter2@h:1",
            "http://joe:hunter2@h:port",
            "joe:hunter2@ :1",
            "http://joe:7/hunter2@h:1",
        ] {
            let said = proxies(&[("https_proxy", value)]).unwrap_err();
            assert!(said.contains("https_proxy") && !said.contains("hunter2") && !said.contains("joe"), "{said}");
        }
        let good = proxies(&[("HTTPS_PROXY", "http://joe:hunter2@h:1")]).unwrap();
        let said = format!("{good:?} {:?}", good.told());
        assert!(said.contains("h:1"), "{said}");
        for secret in ["hunter2", "joe", "am9lOmh1bnRlcjI"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}
