use super::*;

fn read(text: &str) -> Page<'_> {
    Page::read(text).unwrap()
}

/// As sidecars print them.
const PAGE: &str = "\
# HELP outrigger_requests_total Requests by what the caller saw.
# TYPE outrigger_requests_total counter
outrigger_requests_total{operation=\"chat\",route=\"default/r\",outcome=\"ok\",code=\"\"} 12

# TYPE outrigger_proxy_overhead_seconds histogram
outrigger_proxy_overhead_seconds_bucket{le=\"0.00001\"} 3
outrigger_proxy_overhead_seconds_bucket{le=\"+Inf\"} 4
outrigger_proxy_overhead_seconds_sum 0.25
outrigger_proxy_overhead_seconds_count 4
outrigger_policy_stale_seconds 61
something_else{a} oops
outrigger_process_info{version=\"1\",instance=\"0af\"} 1
outrigger_requests_in_flight 2
";

#[test]
fn a_page_is_read_as_a_sidecar_prints_it() {
    let page = read(PAGE);
    assert_eq!((page.instance.as_deref(), page.stale_seconds, page.len()), (Some("0af"), 61.0, 6));
    let values: Vec<f64> = page.samples.iter().map(|sample| sample.value).collect();
    assert_eq!(values, [12.0, 3.0, 4.0, 0.25, 4.0, 2.0]);
    let labels: Vec<String> = page.samples[0].values().iter().map(ToString::to_string).collect();
    assert_eq!(labels, ["chat", "default/r", "ok", ""]);
    let parts: Vec<Part> = page.samples[1..5].iter().map(|sample| sample.part).collect();
    assert_eq!(parts, [Part::Bucket(1e-5), Part::Bucket(f64::INFINITY), Part::Sum, Part::Value]);
}

#[test]
fn labels_may_hold_anything() {
    let page = read(
        "outrigger_unpriced_total{ model=\"a}\\\"b\\\\\\nc\\x\" , provider=\"\", more=\"x\",} 1.5e1 1700000000000\n",
    );
    let values: Vec<String> = page.samples[0].values().iter().map(ToString::to_string).collect();
    assert_eq!((values, page.samples[0].value), (vec![String::new(), "a}\"b\\\nc\\x".to_owned()], 15.0));
    let long = format!("outrigger_unpriced_total{{model=\"{}\"}} 1", "m".repeat(257));
    assert_eq!(&*read(&long).samples[0].values()[1], "other");
}

#[test]
fn a_page_that_cannot_be_read_is_none() {
    for bad in [
        "outrigger_panics_total",
        "outrigger_panics_total x",
        "outrigger_panics_total -1",
        "outrigger_panics_total NaN",
        "outrigger_panics_total +Inf",
        "outrigger_panics_total 1 2 3",
        "outrigger_panics_total 1 soon",
        "outrigger_panics_total{a=\"b\" 1",
        "outrigger_panics_total{a=b} 1",
        "outrigger_panics_total{a=\"b\"c=\"d\"} 1",
        "outrigger_panics_total{=\"b\"} 1",
        "outrigger_proxy_overhead_seconds_bucket 1",
        "outrigger_proxy_overhead_seconds_bucket{le=\"NaN\"} 1",
        "outrigger_process_info{instance",
        "outrigger_policy_stale_seconds",
    ] {
        assert_eq!(Page::read(&format!("# a\n{bad}\n")).map(|_| ()), Err(Unreadable::Line(2)), "{bad}");
    }
    assert_eq!(read("outrigger_requests_in_flight -1").samples[0].value, -1.0);
    assert_eq!(Page::read(&"\n".repeat(LINES)).map(|_| ()), Err(Unreadable::TooManyLines));
    assert!(Page::read(&"\n".repeat(LINES - 1)).is_ok());
}
