//! Whose profile holds.

use serde_json::json;

use super::{plain, sidecar, variables};

#[test]
fn the_narrower_profile_comes_over_the_wider_field_by_field() {
    let case = plain("annotations: {outrigger.dev/profile: big, outrigger.dev/cpu-limit: '3'}", "")
        .with(
            "outrigger-system",
            "default",
            "{resources: {limits: {memory: 200Mi, cpu: '1'}}, ports: {listen: 5000}, maxStaleness: 1h}",
        )
        .with(
            "shop",
            "default",
            "{resources: {limits: {memory: 300Mi, cpu: '2'}}, log: {filter: warn, format: Text, decisions: 1%}}",
        )
        .with(
            "shop",
            "big",
            "{resources: {requests: {memory: 64Mi}, limits: {memory: 400Mi}}, \
                               requests: {maxBody: 8Mi, buffer: 32Mi, threads: 4}}",
        )
        .with("outrigger-system", "big", "{resources: {limits: {memory: 1Mi}}}");
    let (after, notes) = case.injected();
    assert_eq!(
        sidecar(&after)["resources"],
        json!({"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "3", "memory": "400Mi"}})
    );
    let set = variables(sidecar(&after));
    for expected in [
        "OUTRIGGER_LISTEN=127.0.0.1:5000",
        "OUTRIGGER_ADMIN_LISTEN=127.0.0.1:4118",
        "OUTRIGGER_PROBE_LISTEN=*:4121",
        "OUTRIGGER_LOG=warn",
        "OUTRIGGER_LOG_FORMAT=text",
        "OUTRIGGER_DECISION_LOG=1%",
        "OUTRIGGER_MAX_BODY=8388608",
        "OUTRIGGER_BUFFER_BUDGET=33554432",
        "OUTRIGGER_THREADS=4",
        "OUTRIGGER_MAX_STALENESS=1h",
    ] {
        assert!(set.iter().any(|it| it == expected), "{expected}: {set:?}");
    }
    assert_eq!(notes, Vec::<String>::new());
}

/// The proxy is the sidecar's alone, and what is exempt comes over what is exempt further out.
#[test]
fn a_proxy_is_told_to_the_sidecar() {
    let case = plain("", "")
        .with("outrigger-system", "default", "{proxy: {httpsProxy: 'http://proxy.corp:3128', noProxy: [.corp]}}")
        .with("shop", "default", "{proxy: {noProxy: [.corp, 10.0.0.0/8]}}");
    let (after, notes) = case.injected();
    let set = variables(sidecar(&after));
    for expected in ["HTTPS_PROXY=http://proxy.corp:3128", "NO_PROXY=.corp,10.0.0.0/8"] {
        assert!(set.iter().any(|it| it == expected), "{expected}: {set:?}");
    }
    assert!(!after["spec"]["containers"].to_string().contains("proxy.corp"), "{after}");
    assert_eq!(notes, Vec::<String>::new());
    for good in ["https://proxy.corp/", "http://[fd00::1]:3128", "http://[fd00::1]"] {
        let (after, notes) =
            plain("", "").with("shop", "default", &format!("{{proxy: {{httpsProxy: '{good}'}}}}")).injected();
        assert!(variables(sidecar(&after)).contains(&format!("HTTPS_PROXY={good}")) && notes.is_empty(), "{notes:?}");
    }
    for bad in
        ["http://joe:hunter2@proxy.corp:3128", "proxy.corp:3128", "socks5://proxy.corp", "http://h:99999", "http://"]
    {
        let profile = format!("{{proxy: {{httpsProxy: '{bad}', noProxy: [.corp]}}}}");
        let (after, notes) = plain("", "").with("shop", "default", &profile).injected();
        assert!(!variables(sidecar(&after)).iter().any(|it| it.contains("PROXY")), "{after}");
        assert!(notes[0].starts_with("ProfileInvalid: proxy.httpsProxy") && !notes[0].contains("hunter2"), "{notes:?}");
    }
}

#[test]
fn a_profile_that_is_not_there_is_said() {
    let (after, notes) = plain("annotations: {outrigger.dev/profile: big}", "").injected();
    assert_eq!(sidecar(&after)["resources"]["limits"], json!({"memory": "160Mi"}));
    assert!(notes[0].starts_with("ProfileMissing: there is no SidecarProfile \"big\" in namespace shop"), "{notes:?}");
}

/// Two layers, each of which means something, may together mean a container that nothing starts.
#[test]
fn what_layers_say_together_always_starts() {
    let limits = |case: super::Case| case.injected().0["spec"]["initContainers"][0]["resources"].clone();
    let above = plain("annotations: {outrigger.dev/memory-request: 1Gi}", "");
    assert_eq!(limits(above), json!({"requests": {"cpu": "20m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}));
    let below = plain("annotations: {outrigger.dev/memory-limit: 16Mi}", "");
    assert_eq!(limits(below), json!({"requests": {"cpu": "20m", "memory": "16Mi"}, "limits": {"memory": "16Mi"}}));
    let both = plain("annotations: {outrigger.dev/memory-limit: 16Mi}", "").with(
        "shop",
        "default",
        "{resources: {requests: {memory: 64Mi}}}",
    );
    let (after, notes) = both.injected();
    assert_eq!(sidecar(&after)["resources"]["requests"]["memory"], "16Mi");
    assert!(
        notes[0].starts_with("ProfileInvalid: profiles and annotations together ask for 64Mi of memory"),
        "{notes:?}"
    );
}
