//! What a thousand sidecars cost: pages of 60 KiB, read and added up, and the page of the fleet written, as a control plane
//! does every fifteen seconds. `cargo run --release -p outrigger-fleet-metrics --example thousand`
//!
//! Without sockets: what is measured is what this crate does. Prints processor time of a round and resident memory.

use std::{
    fmt::Write as _,
    fs,
    io::{Write as _, stdout},
    sync::Arc,
    time::Duration,
};

use outrigger_fleet_metrics::{Fleet, Limits, Owner, Page, Process};

const SIDECARS: u64 = 1_000;
const WORKLOADS: u64 = 50;
const ROUNDS: u64 = 8;
const PAGE: usize = 60 << 10;
const INTERVAL: f64 = 15.0;

fn main() -> Result<(), String> {
    let mut fleet = Fleet::new(Limits::default(), "here");
    let base = resident();
    let all: Vec<(Process, Arc<Owner>)> = (0..SIDECARS).map(sidecar).collect();
    let (mut last, mut text, mut served) = (0.0, String::new(), String::new());
    for round in 0..ROUNDS {
        let begun = cpu();
        let mut writing = 0.0;
        for (number, (process, owner)) in (0..).zip(&all) {
            let before = cpu();
            page(&mut text, number, round);
            writing += cpu() - before;
            let now = Duration::from_secs(15 * round);
            fleet.join(process, owner, "1.0", now);
            fleet.see(process, &Page::read(&text).map_err(|why| format!("{why:?}"))?, now);
        }
        let shown = cpu();
        served.clear();
        fleet.show(&mut served);
        last = cpu() - begun - writing;
        let line = format!(
            "round {round}: {last:.3} s of processor, {:.3} s of it to write {} KiB; {} series, {} dropped; {} KiB more\n",
            cpu() - shown,
            served.len() >> 10,
            fleet.series(),
            fleet.dropped(),
            resident() - base,
        );
        stdout().write_all(line.as_bytes()).map_err(|why| why.to_string())?;
    }
    let line = format!("{} KiB a page; {:.3} of a core\n", text.len() >> 10, last / INTERVAL);
    stdout().write_all(line.as_bytes()).map_err(|why| why.to_string())
}

fn sidecar(number: u64) -> (Process, Arc<Owner>) {
    let process = Process {
        whose: format!("9a0b3c1e-0000-4000-8000-{number:012}").into(),
        instance: format!("{number:016x}").into(),
        started_at_ms: number,
    };
    let workload = number % WORKLOADS;
    let owner = Owner {
        namespace: format!("namespace-{workload}").into(),
        workload: format!("Deployment/workload-{workload}").into(),
        team: format!("team-{}", workload % 7).into(),
    };
    (process, Arc::new(owner))
}

/// As a busy sidecar prints it: some counters of each model, some histograms, what is in no family of the fleet.
fn page(text: &mut String, number: u64, round: u64) {
    text.clear();
    let count = number + 17 * round;
    let _ = writeln!(text, "outrigger_process_info{{instance=\"{number:016x}\",version=\"1.0\"}} 1");
    let _ = writeln!(text, "outrigger_link_info{{replica=\"here\",stream=\"1\"}} 1");
    let _ = writeln!(text, "outrigger_requests_in_flight {}", count % 5);
    for model in 0.. {
        let of = format!("provider=\"vendor-{}\",model=\"vendor/model-{model}\"", model % 4);
        for (name, label, value) in [
            ("outrigger_attempts_total", "outcome", "ok"),
            ("outrigger_attempts_total", "outcome", "rate_limited"),
            ("outrigger_tokens_total", "type", "input"),
            ("outrigger_tokens_total", "type", "output"),
            ("outrigger_fallbacks_total", "reason", "rate_limited"),
            ("outrigger_malformed_events_total", "a", "b"),
        ] {
            let _ = writeln!(text, "{name}{{route=\"default/chat\",{of},{label}=\"{value}\"}} {count}");
        }
        for name in ["outrigger_attempt_duration_seconds", "outrigger_time_to_first_token_seconds"] {
            for le in
                ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "60", "+Inf"]
            {
                let _ = writeln!(text, "{name}_bucket{{{of},le=\"{le}\"}} {count}");
            }
            let _ = writeln!(text, "{name}_sum{{{of}}} {}.25\n{name}_count{{{of}}} {count}", count);
            if text.len() > PAGE {
                return;
            }
        }
    }
}

/// Processor time of this thread, which is the only one, in seconds.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// Resident memory, in KiB.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or_default()
}
