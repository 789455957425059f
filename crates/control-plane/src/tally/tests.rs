use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use outrigger_api::v1::Rejection;
use outrigger_catalog::Catalog;
use outrigger_compile::{Kind, Scope, Workload, World, manifest};

use super::*;

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

fn provider(name: &str, url: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: {name}, namespace: demo}}\n\
         spec: {{dialects: [ChatCompletions], baseURL: '{url}', models: [{{model: m}}]}}\n"
    )
}

fn route(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: {name}, namespace: demo}}\n\
         spec: {spec}\n"
    )
}

fn policy(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {{name: {name}, namespace: demo}}\n\
         spec: {spec}\n"
    )
}

fn base() -> String {
    provider("a", "http://a/v1") + &route("r", "{targets: [{model: m, provider: a}]}")
}

fn world(yaml: &str) -> World {
    let (objects, problems) = manifest::parse("p.yaml", yaml, &|_| None);
    assert!(problems.is_empty(), "{problems:?}");
    manifest::assemble(objects).0
}

fn view(yaml: &str) -> Arc<Encoded> {
    let world = world(yaml);
    let selection = world.select(&Workload { namespace: "demo".to_owned(), ..Workload::default() });
    let (view, _) = outrigger_compile::view(&world, &CATALOG, &Scope::Selected(selection.clone()));
    Arc::new(Encoded::new(&view, &selection))
}

fn stream(present: &Arc<Encoded>, acked: &Arc<Encoded>) -> Stream {
    Stream { present: present.clone(), behind: false, acked: Some(acked.clone()), rejections: None }
}

fn rejecting(present: &Arc<Encoded>, keys: &[(&str, &str)], more: bool) -> Stream {
    let reject = |(key, reason): &(&str, &str)| Rejection {
        key: (*key).to_owned(),
        code: "malformed".to_owned(),
        reason: (*reason).to_owned(),
    };
    let rejections = Rejections { listed: keys.iter().map(reject).collect(), more };
    Stream { rejections: Some(Arc::new(rejections)), ..stream(present, present) }
}

/// `Kind name total/current/rejected/held rejection holder`, one line each.
fn shown(streams: &[Stream]) -> Vec<String> {
    let all = tally(streams, |_| None);
    let line = |(object, counts): (&ObjectRef, &Counts)| {
        let Counts { generation: _, total, current, rejected, held, rejection, holder } = counts;
        let line =
            format!("{} {} {total}/{current}/{rejected}/{held} {rejection}{holder}", object.kind.as_str(), object.name);
        line.trim_end().to_owned()
    };
    all.iter().map(line).collect()
}

#[test]
fn current_is_who_has_taken_the_same() {
    let old = view(&base());
    let new = view(&(provider("a", "http://b/v1") + &route("r", "{targets: [{model: m, provider: a}]}")));
    let streams = [stream(&new, &old), stream(&new, &new), stream(&new, &new)];
    // The route says what it said; the provider does not.
    assert_eq!(shown(&streams), ["ModelProvider a 3/2/0/0", "ModelRoute r 3/3/0/0"]);
    // One that has not answered yet is nobody; one whose view could not be compiled is behind.
    let silent = Stream { acked: None, ..stream(&new, &new) };
    assert_eq!(shown(&[silent]), [""; 0]);
    let behind = Stream { behind: true, ..stream(&new, &new) };
    assert_eq!(shown(&[behind]), ["ModelProvider a 1/0/0/0", "ModelRoute r 1/0/0/0"]);
}

#[test]
fn who_rejects_is_not_current_and_the_first_reason_is_told() {
    let view = view(&base());
    let streams = [
        stream(&view, &view),
        rejecting(&view, &[("route/demo/r", "z is not known")], false),
        rejecting(&view, &[("route/demo/r", "b is not known"), ("credentials/demo/a", "")], false),
    ];
    assert_eq!(shown(&streams), ["ModelProvider a 3/2/1/0 malformed", "ModelRoute r 3/1/2/0 b is not known"]);
    // More than were kept, and what is no object's alone.
    let more = rejecting(&view, &[("route/demo/r", "no")], true);
    assert_eq!(shown(&[more]), ["ModelProvider a 1/0/0/0", "ModelRoute r 1/0/1/0 no"]);
    let all = rejecting(&view, &[("header", "no")], false);
    assert_eq!(shown(&[all]), ["ModelProvider a 1/0/1/0 no", "ModelRoute r 1/0/1/0 no"]);
}

#[test]
fn what_is_broken_is_held() {
    let good = view(&base());
    let torn = view(&(provider("a", "http://a/v1") + &route("r", "{targets: []}")));
    assert_eq!(
        shown(&[stream(&torn, &good), stream(&torn, &torn)]),
        ["ModelProvider a 2/2/0/0", "ModelRoute r 2/0/0/2"]
    );
}

#[test]
fn under_a_broken_policy_everything_is_held_but_the_policies_that_hold() {
    let wrong = policy("wrong", "{models: {deny: ['*a*']}}");
    let view = view(&(base() + &policy("sound", "{models: {deny: [x]}}") + &wrong));
    let held = "ModelPolicy demo/wrong is broken";
    assert_eq!(
        shown(&[stream(&view, &view)]),
        [
            format!("ModelProvider a 1/0/0/1 {held}"),
            format!("ModelRoute r 1/0/0/1 {held}"),
            "ModelPolicy sound 1/1/0/0".to_owned(),
            "ModelPolicy wrong 1/0/0/1".to_owned(),
        ]
    );
}

#[test]
fn counts_say_of_which_generation_they_speak() {
    let view = view(&base());
    let all = tally(&[stream(&view, &view)], |object| (object.kind == Kind::ModelRoute).then_some(7));
    assert_eq!(all.values().map(|it| it.generation).collect::<Vec<_>>(), [None, Some(7)]);
}

/// 10,000 sidecars of 50 views with 100 objects each, in the middle of an edit.
#[test]
fn ten_thousand_sidecars_are_counted_in_milliseconds() {
    let routes: String = (0..99).map(|at| route(&format!("r{at}"), "{targets: [{model: m, provider: a}]}")).collect();
    let views = |url: &str| -> Vec<_> { (0..50).map(|_| view(&(provider("a", url) + &routes))).collect() };
    let (old, new) = (views("http://a/v1"), views("http://b/v1"));
    let of = |at: usize| {
        let new = &new[at % 50];
        let acked = if at.is_multiple_of(3) { &old[at % 50] } else { new };
        if at.is_multiple_of(5) { rejecting(new, &[("route/demo/r7", "no")], false) } else { stream(new, acked) }
    };
    let streams: Vec<Stream> = (0..10_000).map(of).collect();
    let began = Instant::now();
    let all = tally(&streams, |_| Some(1));
    let took = began.elapsed();
    println!("{took:?}");
    assert_eq!(all.len(), 100);
    assert!(all.values().all(|it| it.total == 10_000));
    // Unoptimized, on a machine that does other things too.
    assert!(took < Duration::from_millis(500), "{took:?}");
}
