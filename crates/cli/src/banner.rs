//! What a fresh sidecar says to the person who started it.

use std::{collections::BTreeMap, fmt::Write as _};

use outrigger_proxy::Sidecar;
use outrigger_route::Snapshot;
use outrigger_wire::Dialects;

use crate::source::Source;

/// Addresses, providers, routes and three commands to paste.
pub(crate) fn text(sidecar: &Sidecar, snapshot: &Snapshot, source: &Source) -> String {
    let mut out = String::new();
    let base = format!("http://{}", sidecar.listen());
    let _ = writeln!(
        out,
        "outrigger {} listens on {base} (admin: http://{})",
        outrigger_telemetry::build::VERSION,
        sidecar.admin()
    );
    let _ = writeln!(
        out,
        "policy: {}",
        match source {
            Source::Folder(dir) => format!("{} (edits apply within a second)", dir.display()),
            Source::Environment => "provider keys found in the environment".to_owned(),
            Source::Simulated(_) => "none, and no provider key in the environment: two simulated providers".to_owned(),
        }
    );
    let mut providers: BTreeMap<&str, (Dialects, usize)> = BTreeMap::new();
    for target in &snapshot.targets {
        providers.entry(&target.provider.name).or_insert((target.provider.dialects, 0)).1 += 1;
    }
    for (name, (dialects, models)) in &providers {
        let dialects = dialects.to_string();
        let _ = writeln!(out, "  provider {name:<32} {dialects:<26} {models} model(s)");
    }
    let mut routes: Vec<_> = snapshot.routes.values().map(|route| (&*route.name, &**route)).collect();
    routes.sort_by_key(|(name, _)| *name);
    routes.dedup_by_key(|(name, _)| *name);
    for (name, route) in routes {
        let targets: Vec<String> = route
            .targets
            .iter()
            .filter_map(|line| snapshot.targets.get(line.slot as usize))
            .map(|target| format!("{} at {}", target.model, target.provider.short_name))
            .collect();
        let _ = writeln!(out, "  route    {name:<32} {} -> {}", route.strategy.as_str(), targets.join(", "));
    }
    let _ = writeln!(out, "\ntry:\n");
    let Some(model) = model(snapshot) else {
        messages_command(&mut out, &base, snapshot);
        return out;
    };
    commands(&mut out, &base, &format!("http://{}", sidecar.admin()), &model, source);
    out
}

/// The name the examples use: the first route that is not for Messages alone, else a well-known chat model.
fn model(snapshot: &Snapshot) -> Option<String> {
    let mut names: Vec<&str> = snapshot.routes.values().map(|route| route.name.as_ref()).collect();
    names.sort_unstable();
    let chat = |slot: u32| {
        snapshot
            .targets
            .get(slot as usize)
            .is_some_and(|target| target.operations.contains(outrigger_wire::Operation::ChatCompletions))
    };
    let route = names.iter().find(|name| snapshot.routes[**name].targets.iter().any(|line| chat(line.slot)));
    if let Some(name) = route {
        return Some(name.rsplit('/').next().unwrap_or(name).to_owned());
    }
    let preferred = ["openai/gpt-4o-mini", "google/gemini-2.5-flash", "anthropic/claude-haiku-4.5"];
    let served = |id: &&str| snapshot.targets.iter().any(|target| &*target.model == *id && chat(target.slot));
    preferred
        .into_iter()
        .find(served)
        .map(str::to_owned)
        .or_else(|| snapshot.targets.iter().find(|target| chat(target.slot)).map(|target| target.model.to_string()))
}

/// For a policy whose providers all speak Anthropic's dialect.
fn messages_command(out: &mut String, base: &str, snapshot: &Snapshot) {
    let route = snapshot.routes.values().next().and_then(|route| route.name.rsplit('/').next());
    let Some(model) = route.or_else(|| snapshot.targets.first().map(|target| &*target.model)) else {
        let _ = writeln!(out, "  (nothing to call yet: the policy has no usable target)\n");
        return;
    };
    let _ = writeln!(
        out,
        "  curl -i {base}/v1/messages -H 'content-type: application/json' -d '{{\"model\": \"{model}\", \"max_tokens\": 64, \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'\n"
    );
}

fn commands(out: &mut String, base: &str, admin: &str, model: &str, source: &Source) {
    let body = format!(r#"{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}"#);
    let _ = writeln!(out, "  curl -i {base}/v1/chat/completions -H 'content-type: application/json' -d '{body}'\n");
    let _ = writeln!(
        out,
        "  python3 -c 'import openai; print(openai.OpenAI(base_url=\"{base}/v1\", api_key=\"unused\").chat.completions.create(model=\"{model}\", messages=[{{\"role\": \"user\", \"content\": \"Hello\"}}]).choices[0].message.content)'\n"
    );
    match source {
        Source::Simulated(servers) => {
            let first = servers[0].addr;
            let _ = writeln!(
                out,
                "  # failover: sim-a now answers 503; the same request succeeds, and its headers say by whom"
            );
            let _ = writeln!(
                out,
                "  curl -s http://{first}/_sim/fail -d '{{\"status\": 503}}' && curl -i {base}/v1/chat/completions -H 'content-type: application/json' -d '{body}'"
            );
            let _ = writeln!(out, "  # and back: curl -s http://{first}/_sim/ok -X POST\n");
        }
        _ => {
            let _ = writeln!(out, "  # the decision for this request, without sending it");
            let _ = writeln!(out, "  echo '{body}' | curl -s {admin}/explain -d @-\n");
        }
    }
}
