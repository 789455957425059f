//! By what the programs are known: authorities of their own, or a certificate of somebody else's; and who has been told.

use super::{super::finding::Code, words::*};
use crate::installation::{
    certificate::Bundle,
    clock,
    found::{INJECTOR, LEDGER, Pems, Seen},
};

/// How long after its time the next authority may not be there: a control plane looks every half minute.
const LATE: u64 = 24 * 3600;

/// The Secret that a program serves by: of somebody else, or of its own authority.
pub(super) fn secret<'a>(found: &'a Found, program: &str) -> (&'a str, bool) {
    match (found.argument(program, "--tls-secret="), program) {
        (Some(name), _) => (name, true),
        (None, INJECTOR) => ("outrigger-injector-ca", false),
        (None, _) => ("outrigger-ca", false),
    }
}

pub(super) fn judge(found: &Found, out: &mut Findings) {
    for program in [CONTROL_PLANE, INJECTOR, LEDGER] {
        if found.program(program).is_none() {
            continue;
        }
        let (name, is_somebodys) = secret(found, program);
        // Without one of its own it serves by the control plane's authority, of which enough is said.
        if program == LEDGER && !is_somebodys {
            continue;
        }
        let object = format!("Secret {}/{name}", found.system);
        match (found.secrets.get(name), is_somebodys) {
            (Some(Seen::There(pems)), true) => certificate(found, out, program, &object, pems),
            (Some(Seen::There(pems)), false) => authority(found, out, program, &object, pems),
            (Some(Seen::Unknown(why)), _) => out.unknown(object, why),
            (_, true) => {
                let next = format!("kubectl -n {} get certificates", found.system);
                out.say(Code::CertificateMissing, object, format!("is not there, and {program} serves by it"), next);
            }
            (_, false) => {
                let what = format!("is not there: {program} has made no authority");
                out.say(Code::AuthorityMissing, object, what, logs(found, program));
            }
        }
    }
    bundles(found, out);
}

fn authority(found: &Found, out: &mut Findings, program: &str, object: &str, pems: &Pems) {
    let next = logs(found, program);
    let Some(newest) = Bundle::read(&pems.ca).and_then(|it| it.newest()) else {
        let what = "holds no certificate in ca.crt: nobody can know the program";
        return out.say(Code::AuthorityBroken, object, what, next);
    };
    // As `cluster/src/authority/phase.rs` has it: at two thirds of its life.
    let due = newest.from + newest.until.saturating_sub(newest.from) / 3 * 2;
    let until = clock::day(newest.until);
    if newest.until <= found.now {
        out.say(Code::AuthorityExpired, object, format!("has ended on {until}: nobody believes what it signs"), next);
    } else if due + LATE <= found.now {
        let what = format!("was to be followed by another on {}, and ends on {until}", clock::day(due));
        out.say(Code::AuthorityNotRenewed, object, what, next);
    } else {
        out.ok(object, format!("counts until {until}; the next is made on {}", clock::day(due)));
    }
}

fn certificate(found: &Found, out: &mut Findings, program: &str, object: &str, pems: &Pems) {
    let name = format!("{program}.{}.svc", found.system);
    let known = Bundle::read(&pems.ca);
    let why = match &known {
        Some(known) => known.refuses(&pems.chain, &name, found.now),
        None => Some("it holds no ca.crt".to_owned()),
    };
    if let Some(why) = why {
        let what = format!("nobody who knows its ca.crt believes it to be {name}: {why}");
        let next = format!("kubectl -n {} get certificates,certificaterequests", found.system);
        return out.say(Code::CertificateForeign, object, what, next);
    }
    let until = Bundle::read(&pems.chain).and_then(|it| it.newest()).map_or(0, |it| it.until);
    out.ok(object, format!("is believed to be {name}, until {} at most", clock::day(until)));
}

/// Namespaces whose pods could not start, or would believe nobody.
fn bundles(found: &Found, out: &mut Findings) {
    if found.deployment(CONTROL_PLANE).is_none() {
        return;
    }
    let object = "ConfigMap outrigger-ca";
    let (bundles, labelled) = match (&found.bundles, &found.labelled) {
        (Seen::There(bundles), Seen::There(labelled)) => (bundles, labelled),
        (Seen::Unknown(why), _) | (_, Seen::Unknown(why)) => return out.unknown(object, why),
        _ => return,
    };
    let (name, _) = secret(found, CONTROL_PLANE);
    let known = found.secrets.get(name).and_then(Seen::there).and_then(|it| Bundle::read(&it.ca));
    let (mut missing, mut old, mut good) = (Vec::new(), Vec::new(), 0);
    for (namespace, _) in labelled.iter().filter(|(_, word)| *word == outrigger_inject::ENABLED) {
        match (bundles.get(namespace).map(|pem| Bundle::read(pem)), &known) {
            (None, _) => missing.push(namespace.clone()),
            (Some(None), _) => old.push(namespace.clone()),
            (Some(Some(has)), Some(known)) if !has.holds(known) => old.push(namespace.clone()),
            _ => good += 1,
        }
    }
    let next = logs(found, CONTROL_PLANE);
    if !missing.is_empty() {
        let what = format!("is not in {}: pods with a sidecar do not start there", named(&missing));
        out.say(Code::BundleMissing, object, what, next.clone());
    }
    if !old.is_empty() {
        let what = format!("knows another control plane in {}: sidecars believe nobody there", named(&old));
        out.say(Code::BundleOld, object, what, next);
    }
    if missing.is_empty() && old.is_empty() {
        out.ok(
            object,
            match good {
                0 => "no namespace asks for sidecars yet".to_owned(),
                1 => "is in the namespace that asks for sidecars".to_owned(),
                n => format!("is in each of {n} namespaces that ask for sidecars"),
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    fn pems(found: &mut Found, name: &str, change: impl FnOnce(&mut Pems)) {
        let Some(Seen::There(pems)) = found.secrets.get_mut(name) else { panic!("no {name}") };
        change(pems);
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_named() {
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("as it should be", |_| (), &[]),
            (
                "hidden",
                |it| drop(it.secrets.insert("outrigger-ca".into(), Seen::Unknown("no".into()))),
                &["not_looked"],
            ),
            ("deleted", |it| drop(it.secrets.insert("outrigger-ca".into(), Seen::Missing)), &["authority_missing"]),
            ("empty", |it| pems(it, "outrigger-ca", |pems| pems.ca.clear()), &["authority_broken"]),
            ("no certificate", |it| pems(it, "outrigger-ca", |pems| pems.ca = "x".into()), &["authority_broken"]),
            (
                "about to be followed",
                |it| it.now = FROM + (UNTIL - FROM) / 3 * 2 + 60,
                &["lease_not_held", "lease_not_held"],
            ),
            (
                "not followed",
                |it| it.now = FROM + (UNTIL - FROM) / 3 * 2 + 2 * 24 * 3600,
                &["lease_not_held", "lease_not_held", "authority_not_renewed", "authority_not_renewed"],
            ),
            (
                "ended",
                |it| it.now = UNTIL + 1,
                &[
                    "lease_not_held",
                    "lease_not_held",
                    "authority_expired",
                    "authority_expired",
                    "webhook_bundle_expired",
                    "webhook_bundle_expired",
                ],
            ),
            (
                "a namespace nobody told",
                |it| {
                    let Seen::There(bundles) = &mut it.bundles else { panic!("no bundles") };
                    bundles.remove("shop");
                },
                &["bundle_missing"],
            ),
            (
                "a namespace of an earlier installation",
                |it| {
                    let Seen::There(bundles) = &mut it.bundles else { panic!("no bundles") };
                    bundles.insert("shop".into(), OTHER.clone());
                },
                &["bundle_old"],
            ),
        ];
        for (name, change, expected) in cases {
            let mut found = installed();
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
    }

    #[test]
    fn a_certificate_of_somebody_else_is_believed_by_its_own_authority_alone() {
        type Case = (&'static str, Pems, &'static [&'static str]);
        let pems = |ca: &str, chain: &str| Pems { ca: ca.to_owned(), chain: chain.to_owned() };
        let cases: [Case; 5] = [
            ("good", pems(&CA, &SERVED), &[]),
            ("another authority", pems(&OTHER, &SERVED), &["certificate_foreign"]),
            ("another name", pems(&CA, &CA), &["certificate_foreign"]),
            ("no authority", pems("", &SERVED), &["certificate_foreign"]),
            ("nothing", pems(&CA, ""), &["certificate_foreign"]),
        ];
        for (name, pems, expected) in cases {
            let mut found = installed();
            add_argument(&mut found, INJECTOR, "--tls-secret=mine");
            found.secrets.insert("mine".into(), Seen::There(pems));
            let of_secret: Vec<&str> = codes(&found).into_iter().filter(|it| it.starts_with("certificate")).collect();
            assert_eq!(of_secret, expected, "{name}");
        }
        let mut found = installed();
        add_argument(&mut found, INJECTOR, "--tls-secret=mine");
        found.secrets.insert("mine".into(), Seen::Missing);
        assert_eq!(codes(&found), ["certificate_missing"]);
    }

    #[test]
    fn the_next_rotation_is_told_with_the_end() {
        let all = super::super::judge(&installed());
        let told = all.iter().find(|it| it.object == "Secret outrigger-system/outrigger-ca").unwrap();
        assert_eq!(told.what, "counts until 2036-01-01; the next is made on 2032-08-31");
    }
}
