//! Metrics of running programs, held against the lists of them that people read: a list may have what a page does not show yet,
//! and no page what its list lacks.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{booked::Ledger, harness::*};

const CHAT: &str = "/v1/chat/completions";
const REFERENCE: &str = "docs/reference.md";

/// A family as the list `of` has it: its type, and its labels.
type Inventory = BTreeMap<String, (String, Vec<String>)>;

fn listed(of: &str) -> Inventory {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(root.join(REFERENCE)).unwrap();
    let (_, table) = text.split_once(&format!("<!-- {of}:begin -->")).unwrap();
    let (table, _) = table.split_once("<!--").unwrap();
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        (quoted(cells[0]).remove(0), (cells[1].to_owned(), quoted(cells[3])))
    })
    .collect()
}

/// The families of a page, each with its type and all labels that its series have.
fn shown(page: &str) -> Inventory {
    let mut families = Inventory::new();
    for line in page.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            families.insert(name.to_owned(), (kind.to_owned(), Vec::new()));
            continue;
        }
        let Some((name, rest)) = line.split_once('{').filter(|_| !line.starts_with('#')) else { continue };
        let of = |ending: &str| name.strip_suffix(ending).filter(|name| families.contains_key(*name));
        let name = ["_bucket", "_sum", "_count"].into_iter().find_map(of).unwrap_or(name).to_owned();
        let (_, labels) = families.get_mut(&name).unwrap_or_else(|| panic!("no # TYPE of {line}"));
        // No value of these stories has a quotation mark.
        for label in rest.split("\"").step_by(2).filter_map(|it| it.strip_suffix('=')) {
            let label = label.trim_start_matches(',').to_owned();
            if label != "le" && !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    families
}

/// All of `page` is in the list `of`; answers how many families that were.
fn held(of: &str, page: &str) -> usize {
    let (listed, shown) = (listed(of), shown(page));
    for (name, (kind, labels)) in &shown {
        let (as_listed, known) = listed.get(name).unwrap_or_else(|| panic!("{name} is not in the list {of}"));
        assert_eq!(kind, as_listed, "{name}");
        for label in labels {
            assert!(known.contains(label), "{name} has the label {label}, which the list {of} lacks: {known:?}");
        }
    }
    shown.len()
}

/// Every program after some traffic, of which a part went badly.
#[tokio::test]
async fn no_page_has_a_metric_that_its_list_lacks() {
    let a = Upstream::start([Reply::error(503), Reply::error(401)]).await;
    let b =
        Upstream::with(|_, at| if at < 3 { chat_ok_usage("hello", 11, 7) } else { chat_stream(["a", "b", "c"]) }).await;
    let collector = FakeCollector::start().await;
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let plane = ControlPlane::setup(policy).insecure().arg("--scrape-interval").arg("1s").start().await;
    let ledger = Ledger::beside(&plane, &[]).await;
    let setup = plane.sidecar().arg("--ledger").arg(format!("http://{}", ledger.addr()));
    let setup = setup.arg("--otlp-endpoint").arg(collector.url()).arg("--genai-metrics");
    let setup = setup.arg("--decision-log").arg("all").arg("--decision-log-to").arg("otlp");
    let sidecar = setup.arg("--probe-listen").arg("127.0.0.1:0").start().await;
    let client = sidecar.client();
    for _ in 0..3 {
        assert_eq!(client.post(CHAT, chat("r")).await.status, 200);
    }
    assert_eq!(client.post(CHAT, chat_streamed("r")).await.status, 200);
    assert_ne!(client.post(CHAT, chat("nobody")).await.status, 200);
    collector.wait_logs(4).await;
    let page = sidecar.admin_client().get("/metrics").await.text();
    for seen in ["outrigger_fallbacks_total", "outrigger_traces_sent_total", "outrigger_ledger_waiting"] {
        assert!(page.contains(&format!("# TYPE {seen} ")), "{seen}");
    }
    assert!(held("metrics", &page) > 30, "{page}");
    // What nobody asked has no model of anybody's, and no caller's word is a label (M1).
    assert!(page.contains("gen_ai_client_token_usage_bucket") && !page.contains("nobody"), "{page}");
    assert!(held("control-plane-metrics", &plane.admin_client().get("/metrics").await.text()) > 10);
    assert!(held("ledger-metrics", &ledger.metrics_page().await) > 5);
}

/// The convention's names are there for whoever asks, and for nobody else; ours are there in any case.
#[tokio::test]
async fn the_names_of_the_convention_are_a_switch() {
    let upstream = Upstream::with(|_, _| chat_ok_usage("hello", 11, 7)).await;
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    for asked in [false, true] {
        let setup = Sidecar::setup(policy.clone());
        let sidecar = if asked { setup.arg("--genai-metrics") } else { setup }.start().await;
        assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
        let page = sidecar.admin_client().get("/metrics").await.text();
        assert!(held("metrics", &page) > 10);
        assert_eq!(page.contains("gen_ai_client_operation_duration_seconds_bucket"), asked, "{page}");
        let metrics = sidecar.metrics().await;
        let input = [("gen_ai_token_type", "input"), ("gen_ai_request_model", "default/r")];
        assert_eq!(metrics.sum("gen_ai_client_token_usage_sum", &input), if asked { 11.0 } else { 0.0 });
        assert_eq!(metrics.sum("outrigger_requests_total", &[]), 1.0);
    }
}
