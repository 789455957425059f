//! Pods that are to have a sidecar: whether they have one, and whether it is ready.

use std::collections::BTreeMap;

use super::{super::finding::Code, words::*};
use crate::installation::found::{Books, Seen};

pub(super) fn judge(found: &Found, out: &mut Findings) {
    match &found.labelled {
        Seen::There(labelled) => {
            let known = [outrigger_inject::ENABLED, outrigger_inject::DISABLED];
            for (namespace, word) in labelled.iter().filter(|(_, word)| !known.contains(&word.as_str())) {
                label(out, &format!("namespace {namespace}"), word, &format!("label namespace {namespace}"));
            }
        }
        Seen::Missing => {}
        Seen::Unknown(why) => out.unknown("namespaces", why),
    }
    let workloads = match &found.workloads {
        Seen::There(workloads) => workloads,
        Seen::Missing => return,
        Seen::Unknown(why) => return out.unknown("pods", why),
    };
    let mut bare: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut unready: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut books: BTreeMap<(&str, bool), Vec<String>> = BTreeMap::new();
    let mut good = 0;
    for pod in &workloads.pods {
        let namespace = pod.namespace.as_str();
        if let Some(word) = &pod.misspelt {
            let next = format!("-n {namespace} get pod {} -o yaml", pod.name);
            label(out, &format!("Pod {namespace}/{}", pod.name), word, &next);
        }
        let has = pod.sidecar.as_ref().map(|it| it.books);
        if let Some(none @ (Books::Nothing | Books::InMemory)) = has.filter(|_| found.ledger().is_some()) {
            books.entry((namespace, none == Books::Nothing)).or_default().push(pod.name.clone());
        }
        match (pod.bare, &pod.sidecar) {
            (true, _) => bare.entry(namespace).or_default().push(pod.name.clone()),
            (false, Some(sidecar)) if !sidecar.ready => unready.entry(namespace).or_default().push(pod.name.clone()),
            (false, Some(_)) => good += 1,
            (false, None) => {}
        }
    }
    // Before an installation there is nobody who could have put one in.
    for (namespace, pods) in bare.iter().filter(|_| found.is_installed()) {
        let what = format!("{} to have a sidecar and without one: {}", many(pods.len(), "pod"), named(pods));
        let next = format!("kubectl -n {namespace} rollout restart deployment");
        out.say(Code::PodsWithoutSidecar, format!("namespace {namespace}"), what, next);
    }
    for (namespace, pods) in &unready {
        let what = format!("{} whose sidecar is not ready: {}", many(pods.len(), "pod"), named(pods));
        let next = format!("kubectl -n {namespace} logs {} -c {} --tail=20", pods[0], outrigger_inject::CONTAINER);
        out.say(Code::SidecarsNotReady, format!("namespace {namespace}"), what, next);
    }
    for ((namespace, silent), pods) in &books {
        let (code, what) = match silent {
            true => (Code::SidecarsWithoutLedger, "older than the ledger: nobody books what they use"),
            false => {
                (Code::SidecarsWithoutSpool, "without a disk for what is not booked yet: it is lost with the container")
            }
        };
        let what = format!("{} with a sidecar {what}: {}", many(pods.len(), "pod"), named(pods));
        let next = format!("kubectl -n {namespace} rollout restart deployment");
        out.say(code, format!("namespace {namespace}"), what, next);
    }
    if found.is_installed() && bare.is_empty() && unready.is_empty() {
        let part = if workloads.more { "; there are more pods than were looked at" } else { "" };
        out.ok("pods", format!("each that is to have a sidecar has one that is ready ({good}){part}"));
    }
}

fn label(out: &mut Findings, object: &str, word: &str, next: &str) {
    let what =
        format!("{} says {word:?}: nothing but \"enabled\" and \"disabled\" is understood", outrigger_inject::INJECT);
    let next = match next.strip_prefix("label ") {
        Some(of) => {
            format!("kubectl label {of} {}={} --overwrite", outrigger_inject::INJECT, outrigger_inject::ENABLED)
        }
        None => format!("kubectl {next}"),
    };
    out.say(Code::LabelNotUnderstood, object, what, next);
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};
    use crate::installation::found::Workload;

    fn pods(found: &mut Found) -> &mut Vec<Workload> {
        let Seen::There(all) = &mut found.workloads else { panic!("no workloads") };
        &mut all.pods
    }

    fn add(found: &mut Found, bare: bool, misspelt: Option<&str>) {
        let misspelt = misspelt.map(str::to_owned);
        pods(found).push(Workload { namespace: "till".into(), name: "p".into(), bare, misspelt, sidecar: None });
    }

    #[test]
    fn a_pod_without_its_sidecar_is_named() {
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("as it should be", |_| (), &[]),
            ("older than the label", |it| add(it, true, None), &["pods_without_sidecar"]),
            ("a misspelt label", |it| add(it, false, Some("yes")), &["label_not_understood"]),
            ("not ready", |it| pods(it)[0].sidecar.as_mut().unwrap().ready = false, &["sidecars_not_ready"]),
            (
                "a namespace that says yes",
                |it| {
                    let Seen::There(all) = &mut it.labelled else { panic!("no namespaces") };
                    all.insert("till".into(), "yes".into());
                },
                &["label_not_understood"],
            ),
            ("pods hidden", |it| it.workloads = Seen::Unknown("no".into()), &["not_looked"]),
            ("namespaces hidden", |it| it.labelled = Seen::Unknown("no".into()), &["not_looked", "not_looked"]),
        ];
        for (name, change, expected) in cases {
            let mut found = installed();
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
    }

    #[test]
    fn a_sidecar_that_books_nothing_is_named_where_there_is_a_ledger() {
        for (books, expected) in [
            (Books::OnDisk, &[][..]),
            (Books::InMemory, &["sidecars_without_spool"]),
            (Books::Nothing, &["sidecars_without_ledger"]),
        ] {
            let mut found = with_ledger();
            pods(&mut found)[0].sidecar.as_mut().unwrap().books = books;
            assert_eq!(codes(&found), expected, "{books:?}");
        }
    }

    #[test]
    fn which_it_is_and_how_it_gets_one_is_told() {
        let mut found = installed();
        add(&mut found, true, None);
        let told = only(&found);
        assert_eq!(told.what, "1 pod to have a sidecar and without one: p");
        assert_eq!(told.next.unwrap(), "kubectl -n till rollout restart deployment");
        let mut found = empty();
        found.workloads = Seen::There(Default::default());
        add(&mut found, true, None);
        assert_eq!(codes(&found), Vec::<&str>::new(), "nobody could have");
    }
}
