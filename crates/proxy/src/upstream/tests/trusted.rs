//! Pools are kept apart by whom they trust.

use super::*;

fn authorities(name: &str) -> Authorities {
    let signed = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    Authorities::new([signed.cert.der().to_vec()]).unwrap()
}

#[tokio::test]
async fn a_connection_made_under_one_trust_is_used_under_no_other() {
    let upstreams = Upstreams::start(&Config::default()).unwrap();
    let (near, far): (Uri, Uri) = ("https://near.test/v1".parse().unwrap(), "https://far.test".parse().unwrap());
    let (one, two) = (authorities("one.test"), authorities("two.test"));
    let of = |base: &Uri, trust: Option<&Authorities>| upstreams.endpoint(base, trust).unwrap();
    let public = of(&near, None);
    let known = of(&near, Some(&one));
    for (again, same) in [
        (of(&near, None), &public),
        (of(&near, Some(&one.clone())), &known),
        (of(&"https://near.test/v2".parse().unwrap(), Some(&one)), &known),
    ] {
        assert!(Arc::ptr_eq(&again, same));
    }
    let apart = [public.clone(), known.clone(), of(&near, Some(&two)), of(&far, Some(&one)), of(&far, None)];
    for (at, endpoint) in apart.iter().enumerate() {
        assert!(apart[..at].iter().all(|other| !Arc::ptr_eq(endpoint, other)));
    }
    // One of TLS for each bundle, however many endpoints are known by it.
    assert!(Arc::ptr_eq(apart[1].connector(), apart[3].connector()));
    assert!(!Arc::ptr_eq(apart[1].connector(), apart[2].connector()));
    assert_eq!(lock(&upstreams.named).len(), 2);
}

/// A bundle that no policy names any more is held for as long as requests are on its pool, and no longer.
#[tokio::test]
async fn what_no_policy_names_any_more_is_forgotten() {
    let upstreams = Upstreams::start(&Config::default()).unwrap();
    let base: Uri = "https://near.test/v1".parse().unwrap();
    let held = |upstreams: &Upstreams| (lock(&upstreams.endpoints).len(), lock(&upstreams.named).len());
    let old = upstreams.endpoint(&base, Some(&authorities("old.test"))).unwrap();
    for at in 0..20 {
        drop(upstreams.endpoint(&base, Some(&authorities(&format!("n{at}.test")))).unwrap());
        upstreams.forget_unused();
    }
    assert_eq!(held(&upstreams), (1, 1), "a request is on it");
    drop(old);
    upstreams.forget_unused();
    assert_eq!(held(&upstreams), (0, 0));
}

#[tokio::test]
async fn who_cannot_be_known_is_not_reached() {
    let upstreams = Upstreams::start(&Config::default()).unwrap();
    let garbled = Authorities::new([vec![1, 2, 3]]).unwrap();
    for (base, trust) in [
        ("https://near.test/v1", &Authorities::nobody()),
        ("https://near.test/v1", &garbled),
        ("http://near.test/v1", &authorities("near.test")),
    ] {
        assert!(upstreams.endpoint(&base.parse().unwrap(), Some(trust)).is_err(), "{base} {trust:?}");
    }
    assert!(lock(&upstreams.endpoints).is_empty());
}
