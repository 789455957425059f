//! Checks of single values. Each answers what is meant, or why nothing can be: without the value, which may be a key in the
//! wrong place (H12), unless it was read as a number.

use outrigger_catalog::{BadAmount, NanoUsd, Rate};
use outrigger_crd::{Decimal, Duration};
use std::time;

use crate::problem::Report;

/// Longer than any request or conversation; a longer time is a slip of the unit.
const LONGEST: time::Duration = time::Duration::from_secs(24 * 3600);

/// A time limit: more than nothing, at most a day.
pub(crate) fn duration(text: &Duration) -> Result<time::Duration, String> {
    match text.parse() {
        Err(bad) => Err(bad.to_string()),
        Ok(time) if time.is_zero() => Err("must be longer than 0s; remove the field for the default".into()),
        Ok(time) if time > LONGEST => Err(format!("{:?} is longer than 24h", text.0)),
        Ok(time) => Ok(time),
    }
}

/// A price per million tokens.
pub(crate) fn rate(text: &Decimal) -> Result<Rate, String> {
    match text.0.parse() {
        Err(bad) => Err(amount(&bad)),
        Ok(rate) if rate > Rate::CAP => Err(format!("{} USD per million tokens is above {}", text.0, Rate::CAP)),
        Ok(rate) => Ok(rate),
    }
}

/// A price per request or picture.
pub(crate) fn fee(text: &Decimal) -> Result<NanoUsd, String> {
    match text.0.parse() {
        Err(bad) => Err(amount(&bad)),
        Ok(fee) if fee > NanoUsd::FEE_CAP => Err(format!("{} USD a piece is above {}", text.0, NanoUsd::FEE_CAP)),
        Ok(fee) => Ok(fee),
    }
}

/// An absolute http(s) URL without user, query and fragment (Z7: what is appended to it stays on that host), without
/// its trailing slash.
pub(crate) fn base_url(text: &str) -> Result<&str, String> {
    let bad = |why: &str| Err(format!("{why}; write it as https://host/v1"));
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return bad("is not an absolute http:// or https:// URL");
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return bad("holds a user or password: keys belong into a Secret named by spec.credentials");
    }
    if path.contains(['?', '#']) {
        return bad("holds a query or fragment, which would end up in the middle of the path");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || path.split('/').any(|part| part == "." || part == "..") {
        return bad("holds a space, a character outside ASCII or a dot segment");
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ip, port)) => (ip.parse::<std::net::Ipv6Addr>().is_ok(), port.strip_prefix(':')),
        None => {
            let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            (!host.is_empty() && host.bytes().all(plain), port)
        }
    };
    if !host || port.is_some_and(|port| port.starts_with('+') || port.parse::<u16>().map_or(true, |port| port == 0)) {
        return bad("has no valid host and port");
    }
    Ok(text.trim_end_matches('/'))
}

/// A header name as RFC 9110 has it, in lower case.
pub(crate) fn header_name(name: &str) -> Result<Box<str>, String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("is not a header name".to_owned());
    }
    Ok(name.to_ascii_lowercase().into())
}

/// Whether `value` can be sent as a header.
pub(crate) fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'\t' || byte == b' ' || byte.is_ascii_graphic())
}

/// A name that a caller can write as `model`.
pub(crate) fn callable(name: &str) -> Result<(), String> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    if name.is_empty() || name.len() > 256 || !name.chars().all(plain) {
        return Err("is not a name: 1 to 256 characters without spaces".to_owned());
    }
    Ok(())
}

/// Warns of what a list, in which the order means nothing, names twice: an API server refuses it.
pub(crate) fn once<T: PartialEq>(list: Option<&[T]>, field: &str, report: &mut Report<'_>) {
    let list = list.unwrap_or_default();
    for (at, _) in list.iter().enumerate().filter(|(at, item)| list[..*at].contains(item)) {
        report.warning(format!("{field}[{at}]"), "is listed twice: keep one");
    }
}

/// The nearest of `known` to `name`, as a half sentence, or nothing if none is near.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let score = |known: &str| strsim::normalized_damerau_levenshtein(&name.to_ascii_lowercase(), known);
    let mut near: Vec<(f64, &str)> = known.into_iter().map(|known| (score(known), known)).collect();
    near.retain(|(score, _)| *score >= 0.5);
    near.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| left.cmp(right)));
    near.truncate(3);
    match near.is_empty() {
        true => String::new(),
        false => format!("; did you mean {}?", near.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ")),
    }
}

fn amount(bad: &BadAmount) -> String {
    let why = match bad {
        BadAmount::Negative(_) => "is negative",
        BadAmount::NotDecimal(_) => "is not a plain decimal number",
        BadAmount::TooPrecise(_) => "has more than nine decimals",
        BadAmount::TooLarge(_) => "is too large",
        _ => "is no amount",
    };
    format!("{why}; write US dollars as a plain decimal in quotes, such as \"0.15\"")
}
