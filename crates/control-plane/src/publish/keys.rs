//! Which keys of providers a view gives to those who hold it, and what is known of one who does: pure.

use outrigger_api::{
    Hash,
    encode::keys,
    key::{self, Kind},
    v1::Rejection,
};
use outrigger_route::{View, view::Kind as Object};

/// The keys of a view. `Debug` shows their number.
#[derive(Default)]
pub(crate) struct Keys {
    /// By `namespace/provider/name`, in that order, with a hash of the key itself, which is as secret as the key.
    all: Box<[(Box<str>, Hash)]>,
    /// Providers (`namespace/name`) of which a sidecar goes on with what it had.
    kept: Box<[Box<str>]>,
    /// All of them are such.
    all_kept: bool,
}

/// Whether a sidecar holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    No,
    /// It may have an earlier one.
    Unsure,
}

impl Keys {
    pub(super) fn of(view: &View) -> Self {
        let mut all = keys(view);
        all.sort_unstable();
        let kept = view.broken.keys().filter(|(kind, _)| *kind == Object::Provider).map(|(_, name)| (**name).into());
        Self { all: all.into(), kept: kept.collect(), all_kept: view.header.refused.is_some() }
    }

    /// The keys that a sidecar holds which acknowledged the view but for `rejections`.
    pub(crate) fn held<'k>(&'k self, rejections: &'k [Rejection]) -> impl Iterator<Item = (&'k str, &'k Hash)> {
        let all = self.all.iter().map(|(name, hash)| (&**name, hash));
        all.filter(|(name, _)| !rejected(rejections, provider(name)))
    }

    /// The providers of which it goes on with what it had, whatever that is; `*` for all of them.
    pub(crate) fn kept<'k>(&'k self, rejections: &'k [Rejection]) -> impl Iterator<Item = &'k str> {
        let all = self.all_kept.then_some("*").into_iter().chain(self.kept.iter().map(|name| &**name));
        all.chain(rejections.iter().filter_map(refused))
    }

    /// Whether it holds the key `credential` (`namespace/provider/name`).
    pub(crate) fn holds(&self, credential: &str, rejections: &[Rejection]) -> Holds {
        let own = provider(credential);
        if self.all_kept || self.kept.iter().any(|name| **name == *own) || rejected(rejections, own) {
            return Holds::Unsure;
        }
        match self.all.binary_search_by(|(name, _)| (**name).cmp(credential)) {
            Ok(_) => Holds::Yes,
            Err(_) => Holds::No,
        }
    }
}

/// `namespace/provider` of `namespace/provider/name`. The name of a key may hold what it likes.
fn provider(credential: &str) -> &str {
    let end = credential.match_indices('/').nth(1).map_or(credential.len(), |(at, _)| at);
    &credential[..end]
}

fn rejected(rejections: &[Rejection], provider: &str) -> bool {
    rejections.iter().filter_map(refused).any(|name| name == provider)
}

/// The provider whose keys a rejection leaves as they were.
fn refused(rejection: &Rejection) -> Option<&str> {
    match key::parse(&rejection.key)? {
        (Kind::Provider | Kind::Credentials, name) => Some(name),
        (Kind::Header, _) => Some("*"),
        (Kind::Route | Kind::Policy, _) => None,
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("all", &self.all.len()).field("kept", &self.kept).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use outrigger_route::{
        snapshot::Credential,
        view::{Broken, Header},
    };

    use super::*;

    fn view() -> View {
        let key = |name: &str, secret: &str| Credential::new("a/p", name, secret, 1);
        let broken = Broken { names: Vec::new(), spec: "s".into(), reason: "r".into() };
        View {
            credentials: [
                ("a/p".into(), Arc::from([key("main", "sk-1"), key("spare", "sk-2")])),
                ("b/p".into(), Arc::from([key("main", "sk-1")])),
            ]
            .into(),
            broken: [((Object::Provider, "c/p".into()), Arc::new(broken))].into(),
            ..View::default()
        }
    }

    fn rejection(key: &str) -> [Rejection; 1] {
        [Rejection { key: key.to_owned(), ..Rejection::default() }]
    }

    #[test]
    fn equal_keys_have_equal_hashes_under_any_name() {
        let keys = Keys::of(&view());
        let held: Vec<(&str, &Hash)> = keys.held(&[]).collect();
        let names: Vec<&str> = held.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["a/p/main", "a/p/spare", "b/p/main"]);
        assert!(held[0].1 == held[2].1 && held[0].1 != held[1].1);
        assert!(!format!("{keys:?}").contains("main"));
    }

    #[test]
    fn what_a_sidecar_keeps_is_not_known() {
        let keys = Keys::of(&view());
        let nothing = &[][..];
        for (credential, expected) in
            [("a/p/main", Holds::Yes), ("a/p/other", Holds::No), ("a/q/main", Holds::No), ("c/p/main", Holds::Unsure)]
        {
            assert_eq!(keys.holds(credential, nothing), expected, "{credential}");
        }
        assert_eq!(keys.kept(nothing).collect::<Vec<_>>(), ["c/p"]);
        for of in ["credentials/a/p", "provider/a/p"] {
            let rejections = rejection(of);
            assert_eq!(keys.holds("a/p/main", &rejections), Holds::Unsure);
            assert_eq!(keys.holds("b/p/main", &rejections), Holds::Yes);
            assert_eq!(keys.held(&rejections).count(), 1);
            assert_eq!(keys.kept(&rejections).collect::<Vec<_>>(), ["c/p", "a/p"]);
        }
        assert_eq!(keys.holds("a/p/main", &rejection("route/a/p")), Holds::Yes);
        let why = outrigger_route::closed::Closed::Pending;
        let refused = View { header: Header { refused: Some(why), ..Header::default() }.into(), ..View::default() };
        assert_eq!(Keys::of(&refused).holds("a/p/main", nothing), Holds::Unsure);
        assert_eq!(Keys::of(&refused).kept(nothing).collect::<Vec<_>>(), ["*"]);
    }
}
