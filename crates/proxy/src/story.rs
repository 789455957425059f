//! The story of a request, told on a clock that stands still until everybody waits: providers follow a script, and no socket
//! is opened. `a: 429 | b: ok` says what providers do; what became of it reads as `a@0s 429 -> b@0s ok`.

mod attempts;
mod genai;
mod script;
mod streams;
mod traces;

use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;
use outrigger_route::{
    Snapshot, Target,
    snapshot::{Operations, Provider, Route, RouteTarget},
    words::{Modalities, Parameters, Quantization},
};
use outrigger_wire::{AuthScheme, Dialect, Dialects, Kind, Operation};
use tokio::time::Instant;

use crate::{
    app::App,
    attempt::{self, context::Context},
    books,
    config::Config,
    error::Error,
    intake::{self, Taken},
    record::Record,
    relay, serve,
    upstream::{Upstreams, scripted::Script},
};

/// A sidecar before scripted providers, and a route `r` over all of them, in order.
pub(super) struct Stage {
    app: App,
    script: Arc<Script>,
    /// What callers send with their requests.
    headers: HeaderMap,
}

/// What a caller got, and when.
#[derive(Debug)]
pub(super) struct Told {
    /// Who was asked, when, and what came of it.
    pub(super) attempts: String,
    /// How the request ended: `ok`, or the code of the error, with the time.
    pub(super) end: String,
    /// The texts of a stream, each with its time, and how it ended.
    pub(super) events: String,
}

impl Stage {
    /// `script` as in `a: 503, ok after 2s | b: ok`; `change` makes the route another than the default.
    pub(super) fn new(script: &str, change: impl FnOnce(&mut Route)) -> Self {
        Self::telling(script, change, books::Told::default())
    }

    /// The same, and each request is `told`.
    pub(super) fn telling(script: &str, change: impl FnOnce(&mut Route), told: books::Told) -> Self {
        let names: Vec<&str> = script.split('|').map(|part| part.split_once(':').unwrap().0.trim()).collect();
        let script = Arc::new(script::read(script));
        let targets: Vec<Arc<Target>> = names.iter().enumerate().map(|(at, name)| target(at, name)).collect();
        let lines = (0..targets.len()).map(|at| RouteTarget {
            slot: at as u32,
            priority: at as u16,
            weight: 1,
            parameters: Arc::new([]),
        });
        let mut route = Route { name: "ns/r".into(), targets: lines.collect(), ..Route::default() };
        change(&mut route);
        let mut snapshot = Snapshot { targets, ..Snapshot::default() };
        snapshot.routes.insert("r".into(), Arc::new(route));
        let config = Config { genai_metrics: true, ..Config::default() };
        let app = App::with(config, Some(snapshot), told, Upstreams::scripted(&script)).unwrap();
        Self { app, script, headers: HeaderMap::new() }
    }

    /// One request, to its end.
    pub(super) async fn ask(&self, streamed: bool) -> Told {
        let (books, began) = (&self.app.books, Instant::now());
        let seen = self.script.heard().len();
        let operation = Operation::ChatCompletions;
        let body = format!(r#"{{"model":"r","stream":{streamed},"messages":[{{"role":"user","content":"q"}}]}}"#);
        let taken = Taken::of(operation, self.headers.clone(), Bytes::from(body));
        let mut record = Record::open(books, operation, &Arc::default(), false);
        record.trace(&self.headers);
        let mut reading = intake::read(operation, &taken.headers, &taken.body).unwrap();
        let published = self.app.state.load();
        let plan = serve::decide(books, &published, &taken, &mut reading, &mut record);
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => return Told { attempts: String::new(), end: error.code().to_owned(), events: String::new() },
        };
        let trail = record.trail().cloned();
        let context = Context {
            clock: books.clock,
            metrics: &books.metrics,
            allowance: &self.app.allowance,
            tokens: &self.app.tokens,
            published: &published,
            taken: &taken,
            reading: &reading,
            plan: &plan,
            id: "",
            sheet: None,
            trail: trail.as_deref(),
            deadline: record.started() + plan.route.timeouts.total,
        };
        let run = attempt::run(&context, &mut record.attempts, None).await;
        let at = || in_seconds(began.elapsed());
        match run {
            Err(exhausted) => {
                let end = exhausted.last.as_ref().map_or("nothing", |failure| failure.kind.code());
                let attempts = self.told(seen, exhausted.attempts.iter().map(|attempt| attempt.failure));
                let told = Told { attempts, end: format!("{end}@{}", at()), events: String::new() };
                drop(relay::error(&Error::Exhausted(exhausted), record, operation.dialect()));
                told
            }
            Ok((mut committed, served)) => {
                let attempts = self.told(seen, record.attempts.iter().map(|attempt| attempt.failure));
                record.served(Some(served), std::mem::take(&mut committed.losses));
                let end = format!("ok@{}", at());
                let response = relay::to_caller(&self.app.allowance, committed, &plan, record, false, None);
                Told {
                    attempts,
                    end,
                    events: if streamed { read(response.into_body(), began).await } else { String::new() },
                }
            }
        }
    }

    /// The page of metrics.
    pub(super) fn page(&self) -> String {
        outrigger_probe::Pages::metrics(&self.app)
    }

    /// Who was asked since `seen`, beside what came of each.
    fn told(&self, seen: usize, results: impl Iterator<Item = Option<Kind>>) -> String {
        let heard = self.script.heard();
        let asked = heard[seen..].iter().map(|(host, at)| format!("{host}@{}", in_seconds(*at)));
        let results: Vec<&str> = results.map(|failure| failure.map_or("ok", Kind::code)).collect();
        let told: Vec<String> = asked
            .enumerate()
            .map(|(at, who)| format!("{who} {}", results.get(at).copied().unwrap_or("dropped")))
            .collect();
        told.join(" -> ")
    }
}

/// The texts of the stream, as they come: `hi@0s there@1s [DONE]@1s`, and how it ended.
async fn read(mut body: relay::Body, began: Instant) -> String {
    let mut told = Vec::new();
    loop {
        let at = |what: &str| format!("{what}@{}", in_seconds(began.elapsed()));
        match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            Some(Ok(frame)) => {
                let text = String::from_utf8_lossy(frame.data_ref().unwrap()).into_owned();
                told.extend(script::words(&text).iter().map(|word| at(word)));
            }
            Some(Err(_)) => return format!("{} {}", told.join(" "), at("cut")),
            None => return told.join(" "),
        }
    }
}

/// `1.5s`, to a millisecond.
fn in_seconds(time: Duration) -> String {
    format!("{}s", time.as_millis() as f64 / 1000.0)
}

fn target(at: usize, name: &str) -> Arc<Target> {
    let chat = Dialects::only(Dialect::ChatCompletions);
    let provider = Provider {
        name: format!("ns/{name}").into(),
        slug: name.into(),
        short_name: name.into(),
        display: name.into(),
        dialects: chat,
        base_url: format!("http://{name}/v1").into(),
        authorities: None,
        auth: AuthScheme::None,
        credentials: [].into(),
        region: None,
        trains: None,
        retention: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        headers: Vec::new(),
    };
    Arc::new(Target {
        slot: at as u32,
        id: at as u64 + 1,
        provider: Arc::new(provider),
        model: "m".into(),
        upstream_name: "m".into(),
        operations: Operations::of_dialects(&chat),
        quantization: Quantization::Unknown,
        prices: None,
        context_length: None,
        max_output: None,
        input_modalities: Modalities::all(),
        parameters: Parameters::all(),
    })
}
