//! What an earlier installation has left where none is: nothing of it hinders a new one, which takes it over.

use super::{super::finding::Code, words::*};
use crate::installation::found::{INJECTOR, Seen};

pub(super) fn judge(found: &Found, out: &mut Findings) {
    if found.is_installed() {
        return;
    }
    let mut left: Vec<String> = Vec::new();
    for (name, seen) in &found.secrets {
        if seen.there().is_some() {
            left.push(format!("Secret {}/{name}", found.system));
        }
    }
    for lease in found.leases.there().into_iter().flatten() {
        let name = text(lease, "/metadata/name");
        if [CONTROL_PLANE, INJECTOR].contains(&name) {
            left.push(format!("Lease {}/{name}", found.system));
        }
    }
    for namespace in found.bundles.there().into_iter().flat_map(|it| it.keys()) {
        left.push(format!("ConfigMap {namespace}/outrigger-ca"));
    }
    if !left.is_empty() {
        let what = format!("{}: a new one takes them over, and is known by sidecars that still run", named(&left));
        let next = format!(
            "kubectl -n {} delete secret,lease --ignore-not-found outrigger-ca outrigger-injector-ca {CONTROL_PLANE} {INJECTOR}",
            found.system
        );
        out.say(Code::Leftover, "an earlier installation", what, next);
    }
    for (what, unknown) in [("Leases", unknown(&found.leases)), ("ConfigMaps outrigger-ca", unknown(&found.bundles))] {
        if let Some(why) = unknown {
            out.unknown(what, why);
        }
    }
}

fn unknown<T>(seen: &Seen<T>) -> Option<&str> {
    if let Seen::Unknown(why) = seen { Some(why) } else { None }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn what_is_left_is_told_and_hinders_nothing() {
        let mut found = empty();
        let installed = installed();
        (found.secrets, found.leases, found.bundles) = (installed.secrets, installed.leases, installed.bundles);
        let told = only(&found);
        assert_eq!(told.code, Some(Code::Leftover));
        assert!(told.what.contains("Secret outrigger-system/outrigger-ca"), "{told:?}");
        found = empty();
        found.leases = Seen::Unknown("forbidden".into());
        assert_eq!(codes(&found), ["not_looked"]);
    }
}
