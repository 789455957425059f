//! `outrigger usage reprice`: what other prices make of old records, looked at before it is booked.

use std::process::ExitCode;

use super::{
    args::{RepriceArgs, StretchArgs},
    ask::{file, print, read, running},
    money::{exact, grouped, shown},
    table::{csv, plain, right, words},
    wire::{Repriced, RepricedModel},
};
use crate::{columns::columns, plane::Plane};

/// Runs it.
pub(super) fn reprice(args: &RepriceArgs) -> anyhow::Result<ExitCode> {
    let RepriceArgs { stretch: StretchArgs { since, until, period }, namespace, prices, apply, output, books } = args;
    let mut asked: Vec<(&str, String)> = Vec::new();
    for (name, value) in [("since", since), ("until", until), ("period", period), ("namespace", namespace)] {
        asked.extend(value.iter().map(|value| (name, value.clone())));
    }
    asked.extend(apply.then(|| ("apply", "true".to_owned())));
    let prices = prices.as_deref().map(file).transpose()?.unwrap_or_default();
    let plane = Plane::ledger(&books.place())?;
    let done: Repriced = running(async { read(&plane.asker().post_to("/usage/reprice", &asked, prices).await?) })?;
    print(*output, || table(&done), || spreadsheet(&done), &done)
}

/// A line for each model, those of closed months apart, and their sum.
fn table(done: &Repriced) -> String {
    let head = ["VENDOR", "MODEL", "MONTHS", "REQUESTS", "HAD NO PRICE", "BOOKED USD", "NEW USD", "DIFFERENCE"];
    let Repriced { since, until, prices, applied, attempts: _, models } = done;
    let figures = |requests: i128, unpriced: i128, before: i128, after: i128| {
        [grouped(requests), grouped(unpriced), shown(before), shown(after), shown(after - before)]
    };
    let line = |it: &RepricedModel| -> Vec<String> {
        let names = [it.vendor.clone(), it.model.clone(), months(it).to_owned()];
        names.into_iter().chain(figures(it.requests, it.unpriced, it.before_nano, it.after_nano)).collect()
    };
    let mut cells: Vec<Vec<String>> = models.iter().map(line).collect();
    let sum = |of: fn(&RepricedModel) -> i128| models.iter().map(of).sum::<i128>();
    let total =
        figures(sum(|it| it.requests), sum(|it| it.unpriced), sum(|it| it.before_nano), sum(|it| it.after_nano));
    // A request of several models stands in the line of each.
    cells.push(["TOTAL", "", ""].map(str::to_owned).into_iter().chain(total).collect());
    let head = right(&mut cells, &head, 3..8);
    let mut text = columns(&words(&head), cells.into_iter());
    text += &format!("\nFrom {since} until {until}, by the prices of {prices}.\n");
    text += match (models.is_empty(), applied) {
        (true, _) => "Nothing costs anything else.\n",
        (false, true) => "Booked as adjustments, beside what was booked before, which stays.\n",
        (false, false) => {
            "Nothing is booked: --apply books the differences as adjustments, and what was booked stays.\n"
        }
    };
    if models.iter().any(|it| it.closed) {
        text += "Of closed months nothing changes: what differs is shown apart, as adjusted.\n";
    }
    text
}

/// The same for a spreadsheet.
fn spreadsheet(done: &Repriced) -> String {
    let heads =
        ["vendor", "model", "months", "requests", "unpriced_attempts", "booked_usd", "new_usd", "difference_usd"];
    let mut text = csv(heads.into_iter().map(str::to_owned));
    for it in &done.models {
        let words = [plain(&it.vendor), plain(&it.model), months(it).to_owned()];
        let counts = [it.requests, it.unpriced].map(|count| count.to_string());
        let money = [it.before_nano, it.after_nano, it.after_nano - it.before_nano].map(exact);
        text += &csv(words.into_iter().chain(counts).chain(money));
    }
    text
}

fn months(model: &RepricedModel) -> &'static str {
    if model.closed { "closed" } else { "open" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(applied: bool) -> Repriced {
        let model = |model: &str, closed, before_nano, after_nano| RepricedModel {
            vendor: "openai".to_owned(),
            model: model.to_owned(),
            closed,
            requests: 1_200,
            unpriced: 3,
            before_nano,
            after_nano,
        };
        let models =
            vec![model("gpt-5", false, 2_000_000_000, 1_500_000_000), model("gpt-5", true, 0, 1_234_567_000_000)];
        let [since, until, prices] = ["2026-09-01", "2026-10-01", "file-0123abcd"].map(str::to_owned);
        Repriced { since, until, prices, applied, attempts: 2_400, models }
    }

    #[test]
    fn a_look_lines_up_and_says_that_nothing_is_booked() {
        let text = table(&done(false));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "VENDOR  MODEL  MONTHS  REQUESTS  HAD NO PRICE  BOOKED USD     NEW USD  DIFFERENCE");
        assert_eq!(lines[1], "openai  gpt-5  open       1,200             3      2.0000      1.5000     -0.5000");
        assert_eq!(lines[2], "openai  gpt-5  closed     1,200             3      0.0000  1,234.5670  1,234.5670");
        assert_eq!(lines[3], "TOTAL   -      -          2,400             6      2.0000  1,236.0670  1,234.0670");
        assert!(text.contains("Nothing is booked: --apply") && text.contains("closed months"), "{text}");
        let text = table(&done(true));
        assert!(text.contains("Booked as adjustments") && !text.contains("--apply"), "{text}");
        let none = table(&Repriced { models: Vec::new(), ..done(true) });
        assert!(none.contains("Nothing costs anything else") && !none.contains("Booked"), "{none}");
    }

    #[test]
    fn a_spreadsheet_has_exact_figures() {
        let text = spreadsheet(&done(false));
        assert_eq!(
            text.lines().nth(1),
            Some("openai,gpt-5,open,1200,3,2.000000000,1.500000000,-0.500000000"),
            "{text}"
        );
    }
}
