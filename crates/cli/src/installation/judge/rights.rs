//! What the programs' accounts may do, and what whoever installs them must.

use super::{super::finding::Code, words::*};
use crate::installation::{
    found::{Attributes, INJECTOR, LEDGER, Right, Seen},
    rights,
};

pub(super) fn judge(found: &Found, out: &mut Findings) {
    if found.is_installed() {
        for program in [CONTROL_PLANE, INJECTOR, LEDGER] {
            if found.program(program).is_some() {
                account(found, out, program);
            }
        }
    } else {
        own(found, out);
    }
}

fn account(found: &Found, out: &mut Findings, program: &str) {
    let object = format!("ServiceAccount {}/{program}", found.system);
    let user = rights::user(&found.system, program);
    let all = match &found.rights {
        Seen::There(all) => all.iter().filter(|it| it.user == user),
        Seen::Missing => return,
        Seen::Unknown(why) => return out.unknown(object, why),
    };
    // A right for what was switched off is nobody's loss.
    let webhook = found.argument(program, "--webhook-configuration=").is_some();
    let needed = all.filter(|it| webhook || !it.attributes.resource.ends_with("webhookconfigurations"));
    // With a certificate of somebody else's, the ledger reads that alone.
    let authority = program != LEDGER || found.argument(program, "--tls-secret=").is_none();
    let needed = needed.filter(|it| authority || it.attributes.name != "outrigger-ca");
    let (allowed, missing): (Vec<&Right>, Vec<&Right>) = needed.partition(|it| it.allowed);
    if missing.is_empty() {
        return out.ok(object, format!("may do what it has to ({} rights)", allowed.len()));
    }
    let names: Vec<String> = missing.iter().map(|it| said(&it.attributes)).collect();
    out.say(Code::RightMissing, object, format!("may not {}", named(&names)), again(found));
}

fn own(found: &Found, out: &mut Findings) {
    let object = "your rights";
    let all = match &found.own_rights {
        Seen::There(all) => all,
        Seen::Missing => return,
        Seen::Unknown(why) => return out.unknown(object, why),
    };
    // Whoever may not escalate may give what it has.
    let gives = |it: &&Right| rights::GIVES.contains(&it.attributes.verb.as_str());
    let (escalate, rest): (Vec<&Right>, Vec<&Right>) = all.iter().partition(gives);
    let may_give = !escalate.is_empty() && escalate.iter().all(|it| it.allowed);
    let given = rights::needed(&found.system);
    let is_given = |it: &Right| given.iter().any(|(_, attributes)| *attributes == it.attributes);
    let is_had = |it: &Right| it.allowed || (may_give && is_given(it));
    let mut missing: Vec<&Right> = rest.into_iter().filter(|it| !is_had(it)).collect();
    // What it makes itself first, then what it gives.
    let install = rights::to_install(&found.system);
    missing.sort_by_key(|it| install.iter().position(|of| *of == it.attributes).unwrap_or(usize::MAX));
    let Some(first) = missing.first() else { return out.ok(object, "are enough to install it") };
    let names: Vec<String> = missing.iter().map(|it| said(&it.attributes)).collect();
    let what = format!("are not enough to install it: you may not {}", named(&names));
    out.say(Code::RightToInstallMissing, object, what, asked(&first.attributes));
}

/// `patch modelroutes.outrigger.dev/status "x" in shop`
fn said(it: &Attributes) -> String {
    let Attributes { namespace, verb, group, resource, subresource, name } = it;
    let mut text = format!("{verb} {resource}");
    for (mark, part) in [(".", group), ("/", subresource), (" ", name), (" in ", namespace)] {
        if !part.is_empty() {
            text.push_str(mark);
            text.push_str(part);
        }
    }
    text
}

/// The same as a question.
fn asked(it: &Attributes) -> String {
    let Attributes { namespace, verb, group, resource, subresource: _, name } = it;
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    let name = if name.is_empty() { String::new() } else { format!("/{name}") };
    let namespace = if namespace.is_empty() { String::new() } else { format!(" --namespace {namespace}") };
    format!("kubectl auth can-i {verb} {resource}{group}{name}{namespace}")
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    fn take(found: &mut Found, program: &str, verb: &str, resource: &str) {
        let user = rights::user(&found.system, program);
        let Seen::There(all) = &mut found.rights else { panic!("no rights") };
        let mut taken = all
            .iter_mut()
            .filter(|it| it.user == user && it.attributes.verb == verb && it.attributes.resource == resource);
        taken.next().expect("a right of that kind").allowed = false;
    }

    #[test]
    fn a_right_that_was_taken_away_is_named() {
        type Case = (&'static str, fn(&mut Found), &'static [&'static str]);
        let cases: &[Case] = &[
            ("as it should be", |_| (), &[]),
            ("may not watch", |it| take(it, CONTROL_PLANE, "watch", "modelroutes"), &["right_missing"]),
            ("may not lead", |it| take(it, INJECTOR, "update", "leases"), &["right_missing"]),
            (
                "neither",
                |it| {
                    take(it, INJECTOR, "patch", "mutatingwebhookconfigurations");
                    take(it, CONTROL_PLANE, "create", "tokenreviews");
                },
                &["right_missing", "right_missing"],
            ),
            ("may not ask", |it| it.rights = Seen::Unknown("forbidden".into()), &["not_looked", "not_looked"]),
        ];
        for (name, change, expected) in cases {
            let mut found = installed();
            change(&mut found);
            assert_eq!(codes(&found), *expected, "{name}");
        }
        let mut found = installed();
        take(&mut found, CONTROL_PLANE, "patch", "modelroutes");
        assert_eq!(only(&found).what, "may not patch modelroutes.outrigger.dev/status");
    }

    /// The ledger's are looked at where there is one; of a Secret that it does not serve by it needs nothing.
    #[test]
    fn the_ledger_needs_its_rights_where_it_is() {
        let mut found = installed();
        take(&mut found, LEDGER, "get", "secrets");
        assert_eq!(codes(&found), Vec::<&str>::new(), "there is none");
        let mut found = with_ledger();
        take(&mut found, LEDGER, "get", "secrets");
        assert_eq!(only(&found).what, "may not get secrets outrigger-ca in outrigger-system");
        add_argument(&mut found, LEDGER, "--tls-secret=other");
        assert!(!codes(&found).contains(&"right_missing"), "{:?}", codes(&found));
    }

    #[test]
    fn whoever_installs_must_be_allowed_to() {
        let mut found = empty();
        let all = |found: &Found| match &found.own_rights {
            Seen::There(all) => all.clone(),
            _ => panic!("no rights"),
        };
        let mut rights = all(&found);
        rights.iter_mut().filter(|it| it.attributes.resource == "deployments").for_each(|it| it.allowed = false);
        found.own_rights = Seen::There(rights);
        let told = only(&found);
        assert_eq!(told.code, Some(Code::RightToInstallMissing));
        assert!(told.what.contains("create deployments.apps in outrigger-system"), "{told:?}");
        assert_eq!(told.next.unwrap(), "kubectl auth can-i create deployments.apps --namespace outrigger-system");
    }

    #[test]
    fn what_the_programs_may_do_can_be_given_by_who_has_it_or_may_escalate() {
        let mut found = empty();
        let Seen::There(mut rights) = found.own_rights.clone() else { panic!("no rights") };
        let mut secret = rights.iter().position(|it| it.attributes.resource == "tokenreviews").unwrap();
        rights[secret].allowed = false;
        found.own_rights = Seen::There(rights.clone());
        assert_eq!(codes(&found), Vec::<&str>::new(), "it may escalate");
        rights.iter_mut().filter(|it| it.attributes.verb == "escalate").for_each(|it| it.allowed = false);
        found.own_rights = Seen::There(rights.clone());
        assert_eq!(codes(&found), ["right_to_install_missing"]);
        secret = rights.iter().position(|it| it.attributes.resource == "tokenreviews").unwrap();
        rights[secret].allowed = true;
        found.own_rights = Seen::There(rights);
        assert_eq!(codes(&found), Vec::<&str>::new(), "it has what it gives");
    }
}
