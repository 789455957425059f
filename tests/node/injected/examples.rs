//! deploy/examples as they are, applied in a cluster: every object is taken and reaches the sidecars, and a pod calls by each
//! of its routes. The one thing that is not the example's is a vendor's address, which is set afterwards to a provider here.

use std::{fs, path::PathBuf, time::Duration};

use super::*;
use crate::harness::*;

/// An example, with `demo` and `shop` as the namespace of this story, and a key where it says `${OPENAI_API_KEY}`.
fn example(name: &str, namespace: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/examples");
    let text = fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
    let lines = text.lines().map(|line| match line.split_once("${") {
        Some((before, _)) if !before.contains('#') => before.to_owned() + "sk-of-a-story\n",
        _ => line.to_owned() + "\n",
    });
    ["demo", "shop"].into_iter().fold(lines.collect(), |text: String, own| {
        text.replace(&format!("namespace: {own}}}"), &format!("namespace: {namespace}}}"))
    })
}

/// Lets the control plane read its Secrets, as the condition of a provider asks for, applies it, and sets the addresses of
/// vendors.
async fn apply(story: &Story, yaml: &str, vendors: &[(&str, &str)]) {
    story.apply(&readable()).await;
    story.apply_anywhere(yaml).await;
    for (provider, vendor) in vendors {
        // Of a preset only the address: dialect, models and the way of authentication stay the vendor's.
        let patch = format!(r#"{{"spec": {{"baseURL": "http://{vendor}.{}.svc/v1"}}}}"#, story.namespace);
        story.kubectl(&["patch", "modelprovider", provider, "--type=merge", "--patch", &patch]).await;
    }
}

/// Everything of the story's namespace is accepted, found, and run by its sidecars.
async fn holds(story: &Story, kinds: &str) {
    for condition in ["Accepted", "Programmed"] {
        let words =
            ["wait", &format!("--for=condition={condition}"), kinds, "--all", "--timeout=60s"].map(str::to_owned);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        story.kubectl(&words).await;
    }
}

/// An example of one namespace: who stands for its vendors, and who answers which of its names.
async fn of_one_namespace(name: &str, vendors: &[(&str, &str)], routes: &[(&str, &str)]) -> Story {
    let story = Story::injected().await;
    story.apply(&[provider("near"), provider("far"), app("app", "")].join("---\n")).await;
    apply(&story, &example(name, &story.namespace), vendors).await;
    for object in ["deployment/near", "deployment/far", "pod/app"] {
        story.ready(object).await;
    }
    for (model, who) in routes {
        answers_to(&story, "app", model, who, Duration::from_secs(30)).await;
    }
    holds(&story, "modelproviders,modelroutes").await;
    story
}

/// One conversation stays where it is, so each of these is another: who has answered them.
const DRAWN: &str = "import openai\nc, seen = openai.OpenAI(), set()\n\
    for i in range(150):\n    said = c.chat.completions.create(model='assistant-next', \
    messages=[{'role': 'user', 'content': f'hi {i}'}]).choices[0].message.content\n    \
    seen.add(next(n for n in ('near', 'far') if n in said))\n\
print(sorted(seen))";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn examples_of_one_team_answer_by_their_routes() {
    let _installed = shared().await;
    let (_, _, experiment) = tokio::join!(
        of_one_namespace("quickstart", &[("openai", "near")], &[("assistant", "near")]),
        of_one_namespace(
            "failover",
            &[("openai-main", "near"), ("groq", "far")],
            &[("support-triage", "near"), ("triage", "near")]
        ),
        of_one_namespace("experiment", &[("openai", "near"), ("anthropic", "far")], &[("assistant", "near")]),
    );
    assert_eq!(experiment.exec("app", &["python3", "-c", DRAWN]).await, "['far', 'near']");
}

/// A route for web pods and one for nightly jobs: who is not meant is refused the name.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn the_example_of_two_workloads_gives_each_its_own() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.kubectl(&["create", "serviceaccount", "nightly"]).await;
    let nightly = app("nightly", "  serviceAccountName: nightly\n");
    story.apply(&[provider("near"), provider("far"), app("web", ""), nightly].join("---\n")).await;
    apply(&story, &example("teams", &story.namespace), &[("openai", "near"), ("anthropic", "far")]).await;
    for object in ["deployment/near", "deployment/far", "pod/web", "pod/nightly"] {
        story.ready(object).await;
    }
    for (pod, model, who) in [
        ("web", "chat", "far"),
        ("web", "report", "is not for this workload"),
        ("nightly", "report", "near"),
        ("nightly", "openai/gpt-4o-mini", "bareModels: Deny"),
    ] {
        answers_to(&story, pod, model, who, Duration::from_secs(30)).await;
    }
    holds(&story, "modelproviders,modelroutes,modelpolicies").await;
}

/// The examples with a vLLM need nothing replaced for it: its Service stands where they say. It goes away, and the vendor answers.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn the_examples_with_a_vllm_find_it_by_its_service() {
    let _installed = shared().await;
    let (own, eu) = (Story::injected().await, Story::injected().await);
    let models = Story::called("models").await;
    models.apply(&provider("vllm").replace("port: 80,", "port: 8000,")).await;
    models.ready("deployment/vllm").await;
    for (story, name, vendor, model) in [(&own, "vllm", "groq", "llama"), (&eu, "eu-only", "mistral-eu", "eu")] {
        story.apply(&[provider("far"), app("app", "")].join("---\n")).await;
        apply(story, &example(name, &story.namespace), &[(vendor, "far")]).await;
        story.ready("deployment/far").await;
        story.ready("pod/app").await;
        answers_to(story, "app", model, "vllm", Duration::from_secs(30)).await;
        holds(story, "modelproviders,modelroutes").await;
    }
    models.kubectl(&["scale", "deployment/vllm", "--replicas=0"]).await;
    answers_to(&own, "app", "llama", "far", Duration::from_secs(60)).await;
    answers_to(&eu, "app", "eu", "far", Duration::from_secs(60)).await;
}

/// What holds for every namespace, and one key for two of them. Nobody else is here: it would hold for them too.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn the_examples_of_a_whole_company_hold_in_every_namespace() {
    let _installed = alone().await;
    let (system, vendors) = (Story::of(SYSTEM), Story::new().await);
    vendors.apply(&provider("near")).await;
    let (search, support) = (Story::called("team-search").await, Story::called("team-support").await);
    for team in [&search, &support] {
        team.kubectl(&["label", "namespace", &team.namespace, "outrigger.dev/inject=enabled"]).await;
        team.apply(&app("app", "")).await;
    }
    let company = Removed(&system);
    system.apply_anywhere(&example("team-namespaces", SYSTEM)).await;
    let patch = format!(r#"{{"spec": {{"baseURL": "http://near.{}.svc/v1"}}}}"#, vendors.namespace);
    system.kubectl(&["patch", "modelprovider", "openai", "--type=merge", "--patch", &patch]).await;
    vendors.ready("deployment/near").await;
    let soon = Duration::from_secs(30);
    for (team, route, others, why) in
        [(&search, "rank", "answer", "no model or route is called"), (&support, "answer", "rank", "routes-only")]
    {
        team.ready("pod/app").await;
        answers_to(team, "app", route, "near", soon).await;
        answers_to(team, "app", others, why, soon).await;
        holds(team, "modelroutes").await;
    }
    // The one has agreed on routes only, the other has not.
    answers_to(&search, "app", "openai/gpt-4o-mini", "near", soon).await;
    answers_to(&support, "app", "openai/gpt-4o-mini", "routes-only", soon).await;

    // And then the company: that provider declares no region.
    system.apply_anywhere(&example("eu-only-policy", SYSTEM)).await;
    for (team, route) in [(&search, "rank"), (&support, "answer")] {
        answers_to(team, "app", route, "eu-only", soon).await;
    }
    system.kubectl(&["wait", "--for=condition=Programmed", "modelpolicy/eu-only", "--timeout=60s"]).await;
    // Its contract with the vendor is declared, and what the policy asks for is there.
    let declared = r#"{"spec": {"region": "eu", "dataPolicy": {"training": "Deny", "retention": "Zero"}}}"#;
    system.kubectl(&["patch", "modelprovider", "openai", "--type=merge", "--patch", declared]).await;
    answers_to(&search, "app", "rank", "near", soon).await;
    answers_to(&search, "app", "openai/gpt-4o-mini", "eu-only", soon).await;
    drop(company);
}

/// What these examples leave in the control plane's own namespace is gone when the story is, whatever becomes of it.
struct Removed<'a>(&'a Story);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        for object in ["modelpolicy/eu-only", "modelprovider/openai", "secret/openai"] {
            self.0.finally(&["delete", object, "--ignore-not-found"]);
        }
    }
}
