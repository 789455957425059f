//! What the fleet is told: small enough to be read, and to be edited with one `sed`.

use super::place::Ports;

pub(super) const NAMESPACE: &str = "demo";
pub(super) const ASSISTANT: &str = "assistant.yaml";
pub(super) const LIMITS: &str = "limits.yaml";

/// An edit that can be made and taken back: what stands there, and what to write instead.
pub(super) type Edit = (&'static str, &'static str);

/// The other provider comes first.
pub(super) const SWAP: Edit = ("sim-a, priority: 0", "sim-a, priority: 2");
/// More attempts than a route may have.
pub(super) const BREAK: Edit = ("attempts: 2", "attempts: 99");

/// Two providers and a route over both.
pub(super) fn assistant(ports: &Ports) -> String {
    let (a, b) = (ports.at(6), ports.at(7));
    format!(
        r#"# Save an edit, and both sidecars follow within a second.
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {{name: sim-a, namespace: {NAMESPACE}}}
spec:
  dialects: [ChatCompletions]
  baseURL: http://{a}/v1
  auth: {{scheme: None}}
  region: us
  models:
  - {{model: simulated/chat, prices: {{input: "0.15", output: "0.60"}}}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {{name: sim-b, namespace: {NAMESPACE}}}
spec:
  dialects: [ChatCompletions]
  baseURL: http://{b}/v1
  auth: {{scheme: None}}
  region: eu
  models:
  - {{model: simulated/chat, prices: {{input: "0.30", output: "1.20"}}}}
---
# What callers name: the lowest priority is asked first.
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {{name: assistant, namespace: {NAMESPACE}}}
spec:
  targets:
  - {{model: simulated/chat, provider: sim-a, priority: 0}}
  - {{model: simulated/chat, provider: sim-b, priority: 1}}
  failover: {{attempts: 2}}
  stickiness: {{mode: Off}} # else a conversation stays where it began, and an edit shows with the next one
"#
    )
}

/// A limit over one of the two workloads, as a comment.
pub(super) const LIMITS_TEXT: &str = r#"## Prompts of app=batch stay in the EU, whatever its requests ask for. It holds once the `# ` in front is gone.
# apiVersion: outrigger.dev/v1alpha1
# kind: ModelPolicy
# metadata: {name: eu-only, namespace: demo}
# spec:
#   workloads: {selector: {matchLabels: {app: batch}}}
#   constraints: {regions: [eu]}
"#;

#[cfg(test)]
mod tests {
    use outrigger_catalog::Catalog;
    use outrigger_compile::{Scope, Severity, Workload, compile, manifest, view};

    use super::{super::place::FIRST_PORT, *};

    fn text() -> String {
        assistant(&Ports::from(FIRST_PORT).unwrap())
    }

    /// Problems, and the providers of the route `assistant` in their order, as one may see them who sees everything.
    fn compiled(text: &str) -> (Vec<String>, Vec<String>) {
        let (objects, unread) = manifest::parse(ASSISTANT, text, &|_| None);
        let (world, _, odd) = manifest::assemble(objects);
        let (snapshot, problems) = compile(&world, &Catalog::embedded(), &Scope::All);
        let mut said: Vec<String> = unread.iter().chain(&odd).map(ToString::to_string).collect();
        said.extend(problems.iter().map(ToString::to_string));
        let mut lines = snapshot.routes.get("assistant").map(|route| route.targets.clone()).unwrap_or_default();
        lines.sort_by_key(|line| line.priority);
        let name = |slot: u32| snapshot.targets[slot as usize].provider.short_name.to_string();
        (said, lines.iter().map(|line| name(line.slot)).collect())
    }

    /// The providers that a workload with this label may use.
    fn seen_by(text: &str, app: &str) -> Vec<String> {
        let (world, _, _) = manifest::assemble(manifest::parse(ASSISTANT, text, &|_| None).0);
        let workload = Workload {
            namespace: NAMESPACE.to_owned(),
            service_account: "default".to_owned(),
            labels: [("app".to_owned(), app.to_owned())].into(),
        };
        let (view, problems) = view(&world, &Catalog::embedded(), &Scope::Selected(world.select(&workload)));
        assert!(problems.iter().all(|problem| problem.severity == Severity::Denied), "{problems:?}");
        view.providers.keys().map(|key| key.to_string()).collect()
    }

    #[test]
    fn the_policy_compiles_without_a_word_and_its_edits_do_what_they_say() {
        let text = text();
        assert_eq!(compiled(&text), (vec![], vec!["sim-a".to_owned(), "sim-b".to_owned()]));
        assert_eq!(compiled(&text.replace(SWAP.0, SWAP.1)), (vec![], vec!["sim-b".to_owned(), "sim-a".to_owned()]));
        let (problems, _) = compiled(&text.replace(BREAK.0, BREAK.1));
        assert!(problems.len() == 1 && problems[0].contains("attempts"), "{problems:?}");
        for (from, to) in [SWAP, BREAK] {
            assert_eq!(text.replace(from, to).replace(to, from), text, "an edit can be taken back");
        }
    }

    #[test]
    fn the_limit_is_a_comment_until_it_is_wanted_and_then_holds_for_one_workload() {
        assert!(manifest::parse(LIMITS, LIMITS_TEXT, &|_| None).0.is_empty());
        let limits: Vec<&str> = LIMITS_TEXT.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
        let text = format!("{}---\n{}\n", text(), limits.join("\n"));
        assert_eq!(seen_by(&text, "web"), ["demo/sim-a", "demo/sim-b"]);
        assert_eq!(seen_by(&text, "batch"), ["demo/sim-b"]);
    }
}
