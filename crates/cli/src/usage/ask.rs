//! Asking a ledger, page by page, and printing what it says.

use std::{
    fs::File,
    io::{Read as _, stdin},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use outrigger_telemetry::out;
use serde::de::DeserializeOwned;

use super::{
    args::{BooksArgs, CloseArgs, ForgetArgs, Format, GapsArgs, Order, QuestionArgs, ReconcileArgs, StretchArgs},
    money, table,
    wire::{Answer, Closed, Forgotten, Gap, Line},
};
use crate::plane::Plane;

/// Groups of one page.
const PAGE: u64 = 2_000;
/// Pages that are read: more groups than anybody reads.
const PAGES: usize = 500;
/// Longest bill.
const BILL: u64 = 32 << 20;

/// `outrigger usage`
pub(super) fn question(args: &QuestionArgs, books: &BooksArgs) -> anyhow::Result<ExitCode> {
    let QuestionArgs { stretch: StretchArgs { since, until, period }, by, filters, namespace, order, output } = args;
    let mut asked: Vec<(&str, String)> = Vec::new();
    for (name, value) in [("since", since), ("until", until), ("period", period), ("by", by), ("namespace", namespace)]
    {
        asked.extend(value.iter().map(|value| (name, value.clone())));
    }
    asked.extend(filters.iter().map(|filter| ("where", filter.clone())));
    asked.extend((*order == Order::Cost).then(|| ("order", "cost".to_owned())));
    asked.push(("limit", PAGE.to_string()));
    let plane = Plane::ledger(&books.place())?;
    let answer = running(async {
        let mut whole: Option<Answer> = None;
        for _ in 0..PAGES {
            let mut page = asked.clone();
            page.extend(whole.as_ref().and_then(|it| it.next).map(|next| ("offset", next.to_string())));
            let page: Answer = read(&plane.asker().get("/usage", &page).await?)?;
            let next = page.next;
            match &mut whole {
                None => whole = Some(page),
                Some(whole) => {
                    whole.rows.extend(page.rows);
                    whole.next = next;
                }
            }
            if next.is_none() {
                break;
            }
        }
        whole.context("the ledger answers nothing")
    })?;
    ensure!(
        answer.next.is_none(),
        "there are more than a million groups: ask about a shorter time, or tell fewer apart"
    );
    print(*output, || table::usage(&answer), || table::usage_csv(&answer), &answer)
}

/// `outrigger usage gaps`
pub(super) fn gaps(args: &GapsArgs) -> anyhow::Result<ExitCode> {
    let GapsArgs { namespace, output, books } = args;
    let asked: Vec<_> = namespace.iter().map(|it| ("namespace", it.clone())).collect();
    let plane = Plane::ledger(&books.place())?;
    let gaps: Vec<Gap> = running(async { read(&plane.asker().get("/usage/gaps", &asked).await?) })?;
    print(*output, || table::gaps(&gaps), || table::gaps_csv(&gaps), &gaps)
}

/// `outrigger usage forget`
pub(super) fn forget(args: &ForgetArgs) -> anyhow::Result<ExitCode> {
    let ForgetArgs { user, namespace, books } = args;
    let asked: Vec<_> = namespace.iter().map(|it| ("namespace", it.clone())).collect();
    let body = serde_json::json!({"user": user}).to_string();
    let plane = Plane::ledger(&books.place())?;
    let told: Forgotten =
        running(async { read(&plane.asker().post_to("/usage/forget", &asked, body.into_bytes()).await?) })?;
    out::write(&format!("forgotten in {} records; sums stay\n", told.records))?;
    if told.unreadable > 0 {
        out::write(&format!(
            "{} records have users hashed by keys that the ledger has not (h: and p:), and are as they were: outrigger usage \
             --by user shows them\n",
            told.unreadable
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `outrigger usage close`
pub(super) fn close(args: &CloseArgs) -> anyhow::Result<ExitCode> {
    let CloseArgs { period, books } = args;
    let body = serde_json::json!({"period": period}).to_string();
    let plane = Plane::ledger(&books.place())?;
    let closed: Vec<Closed> = running(async { read(&plane.asker().post("/usage/close", body.into_bytes()).await?) })?;
    let line = |it: &Closed| {
        format!(
            "{} is closed with {} requests and {} USD\n",
            it.month,
            money::grouped(it.requests),
            money::exact(it.nano)
        )
    };
    out::write(&closed.iter().map(line).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

/// `outrigger usage reconcile`
pub(super) fn reconcile(args: &ReconcileArgs) -> anyhow::Result<ExitCode> {
    let ReconcileArgs { bill, filters, output, books } = args;
    let bill = file(bill)?;
    let asked: Vec<_> = filters.iter().map(|filter| ("where", filter.clone())).collect();
    let plane = Plane::ledger(&books.place())?;
    let lines: Vec<Line> = running(async { read(&plane.asker().post_to("/usage/reconcile", &asked, bill).await?) })?;
    print(*output, || table::lines(&lines), || table::lines_csv(&lines), &lines)
}

pub(super) fn print(
    format: Format,
    people: impl FnOnce() -> String,
    csv: impl FnOnce() -> String,
    all: &impl serde::Serialize,
) -> anyhow::Result<ExitCode> {
    out::write(&match format {
        Format::Table => people(),
        Format::Csv => csv(),
        Format::Json => serde_json::to_string_pretty(all).context("it cannot be written as JSON")? + "\n",
    })?;
    Ok(ExitCode::SUCCESS)
}

/// An answer, read.
///
/// # Errors
///
/// It is not what a ledger answers.
pub(crate) fn read<T: DeserializeOwned>(answer: &Bytes) -> anyhow::Result<T> {
    serde_json::from_slice(answer).context("the answer is not a ledger's, or of another version")
}

/// Asks until it is answered.
///
/// # Errors
///
/// What `asking` says.
pub(crate) fn running<T>(asking: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(asking)
}

/// A file that people give, or standard input; at most 32 MiB.
pub(super) fn file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = match path.to_str() {
        Some("-") => stdin().take(BILL + 1).read_to_end(&mut bytes),
        _ => File::open(path).and_then(|file| file.take(BILL + 1).read_to_end(&mut bytes)),
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(bytes.len() as u64 <= BILL, "{} is longer than 32 MiB: cut it by months", path.display());
    Ok(bytes)
}
