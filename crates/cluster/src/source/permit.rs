//! What people are told who are to let us read something.

use outrigger_compile::{Kind, ObjectRef};

use crate::Account;

/// What to do so that we may read it, as lines to paste.
pub(crate) fn how_to_permit(object: &ObjectRef, account: &Account) -> String {
    let who = match account.service_account() {
        Some((namespace, name)) => format!("--serviceaccount={namespace}:{name}"),
        None => format!("--user={}", account.name()),
    };
    let ObjectRef { kind, namespace, name } = object;
    let (word, resource) = match kind {
        Kind::ConfigMap => ("configmap", "configmaps"),
        _ => ("secret", "secrets"),
    };
    format!(
        "{} {namespace}/{name} may not be read by {}; to permit it: \
         kubectl -n {namespace} create role outrigger-{word}-{name} --verb=get,list,watch --resource={resource} \
         --resource-name={name} && kubectl -n {namespace} create rolebinding outrigger-{word}-{name} \
         --role=outrigger-{word}-{name} {who}",
        kind.as_str(),
        account.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_paste_names_what_is_to_be_read_and_who_is_to_read_it() {
        let account = Account::of("system:serviceaccount:outrigger-system:outrigger-control-plane");
        for (kind, resource) in [(Kind::Secret, "secrets"), (Kind::ConfigMap, "configmaps")] {
            let object = ObjectRef { kind, namespace: "prod".to_owned(), name: "openai".to_owned() };
            let line = how_to_permit(&object, &account);
            for part in [
                &*format!("{} prod/openai may not be read", kind.as_str()),
                "kubectl -n prod create role",
                &format!("--verb=get,list,watch --resource={resource} --resource-name=openai"),
                "--serviceaccount=outrigger-system:outrigger-control-plane",
            ] {
                assert!(line.contains(part), "{line}");
            }
            assert!(!line.contains('\n'));
        }
    }
}
