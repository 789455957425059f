//! Names that can be in a token.

use super::*;

#[test]
fn names_are_those_of_kubernetes() {
    let check = |workload: Workload| workload.check();
    let base = || workload("prod");
    let label = |key: &str, value: &str| Workload { labels: [(key.to_owned(), value.to_owned())].into(), ..base() };
    let (short, long) = ("a".repeat(63), "a".repeat(253));
    for good in [
        base(),
        workload("a"),
        workload("0-a"),
        workload(&short),
        Workload { service_account: "a.b-c.0".into(), ..base() },
        Workload { service_account: long.clone(), ..base() },
        Workload { team: Some("Blue_team.1".into()), ..base() },
        label("app", ""),
        label("app.kubernetes.io/name", "A_b.c-1"),
        label(&format!("{long}/{short}"), &short),
    ] {
        assert_eq!(check(good.clone()), Ok(()), "{good:?}");
    }
    let mut bad: Vec<Workload> =
        ["", "-a", "a-", "A", "a.b", "a b", "ä", "a\n", "../a", &format!("{short}a")].map(workload).into();
    for name in ["", ".", "a.", ".a", "a..b", "-a", "a-.b", "A", &format!("{long}a")] {
        bad.push(Workload { service_account: name.to_owned(), ..base() });
    }
    for team in ["", "-a", "a ", "a/b", &format!("{short}a")] {
        bad.push(Workload { team: Some(team.to_owned()), ..base() });
    }
    for key in ["", "/a", "a/", "a/b/c", "A.b/c", "_a", "a b", &format!("{short}a"), &format!("{long}a/b")] {
        bad.push(label(key, "v"));
    }
    for value in ["-", "a ", " a", "a/b", "ä", &format!("{short}a")] {
        bad.push(label("app", value));
    }
    for bad in bad {
        assert!(check(bad.clone()).is_err(), "{bad:?}");
    }
}

#[test]
fn labels_are_bounded_in_number_and_together() {
    let (_folder, state) = folder();
    let tokens = open(&state);
    let issue = |count: usize, size: usize| {
        let labels = (0..count).map(|n| (format!("key-{n}"), "v".repeat(size))).collect();
        let issued = tokens.issue(&Workload { labels, ..workload("a") }, DAY, start()).map_err(|e| e.to_string())?;
        Ok::<_, String>(word(&tokens, issued.token(), start()))
    };
    assert_eq!(issue(64, 63), Ok("ok"));
    assert!(issue(65, 1).unwrap_err().contains("at most 64"));
    let prefix = "a".repeat(200);
    let labels = (0..64).map(|n| (format!("{prefix}/key-{n}"), "v".repeat(63))).collect();
    let error = tokens.issue(&Workload { labels, ..workload("a") }, DAY, start()).unwrap_err().to_string();
    assert!(error.contains("leave out some labels"), "{error}");
}
