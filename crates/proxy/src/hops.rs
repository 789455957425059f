//! Headers that are meant for the next hop alone because `Connection` names them (RFC 9110 7.6.1, H19).

use http::{HeaderMap, HeaderName, header};

/// What `Connection` names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hops<'a>(Option<&'a HeaderMap>);

impl<'a> Hops<'a> {
    /// Nothing to look for in most heads.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        Self(headers.contains_key(header::CONNECTION).then_some(headers))
    }

    /// Whether it names `header`.
    #[inline]
    pub(crate) fn name(&self, header: &HeaderName) -> bool {
        self.0.is_some_and(|headers| named(headers, header))
    }
}

fn named(headers: &HeaderMap, header: &HeaderName) -> bool {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|named| named.trim().eq_ignore_ascii_case(header.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connection_names_is_for_the_next_hop() {
        let mut headers = HeaderMap::new();
        let named = |headers: &HeaderMap, name| Hops::of(headers).name(&HeaderName::from_static(name));
        assert!(!named(&headers, "x-hop"));
        headers.append(header::CONNECTION, "keep-alive, X-Hop".parse().unwrap());
        headers.append(header::CONNECTION, "x-other".parse().unwrap());
        assert!(named(&headers, "x-hop") && named(&headers, "x-other") && !named(&headers, "x-end"));
    }
}
