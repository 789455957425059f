//! The figures of a report, asked of a ledger question by question.

use anyhow::ensure;
use outrigger_report::{Closed, Dear, Figures, Group, Missing, Quarter};
use serde::Deserialize;

use crate::{plane::ask::Asker, usage::ask::read};

/// Groups of one page.
const PAGE: u64 = 2_000;
/// Pages of one question: more groups than the names that a ledger keeps apart in a quarter.
const PAGES: usize = 100;
/// How often all is asked again because the books grew meanwhile.
const AGAIN: usize = 3;
/// Expensive requests.
const DEAR: u64 = 10;

/// `GET /usage`, as far as a report needs it.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    rows: Vec<Group>,
    total: Group,
    next: Option<u64>,
    missing: Missing,
}

/// Asks for all that a report of this quarter needs.
///
/// # Errors
///
/// Why the ledger cannot be asked, or what it says instead.
pub(super) async fn ask(
    ledger: &Asker,
    quarter: Quarter,
    namespace: Option<&str>,
    asked_at: String,
) -> anyhow::Result<Figures> {
    let about = |quarter: Quarter| Question { ledger, quarter, namespace };
    let (now, before) = (about(quarter), about(quarter.before()));
    let mut figures = Figures {
        period: quarter.name(),
        before_period: quarter.before().name(),
        before_day: quarter.before().first_day(),
        first_day: quarter.first_day(),
        end_day: quarter.after().first_day(),
        asked_at,
        namespace: namespace.map(str::to_owned),
        before: before.by("").await?.total,
        // What was booked in closed months is of all namespaces.
        closed: match namespace {
            None => Some(read::<Vec<Closed>>(&ledger.get("/usage/closed", &[]).await?)?),
            Some(_) => None,
        },
        ..Figures::default()
    };
    for _ in 0..AGAIN {
        let all = now.by("").await?;
        figures.days = now.by("day,vendor").await?.rows;
        figures.months = now.by("month").await?.rows;
        figures.teams = now.by("team").await?.rows;
        figures.offers = now.by("route,vendor,model,source").await?.rows;
        figures.workloads = now.by("workload").await?.rows;
        figures.providers = now.by("provider,vendor,outcome").await?.rows;
        figures.dear = now.dear().await?;
        let last = now.by("").await?;
        figures.steady = all.total == last.total;
        (figures.total, figures.missing) = (last.total, last.missing);
        if figures.steady {
            break;
        }
    }
    Ok(figures)
}

/// What all questions about a quarter have in common.
struct Question<'a> {
    ledger: &'a Asker,
    quarter: Quarter,
    namespace: Option<&'a str>,
}

impl Question<'_> {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let named = self.namespace.map(|name| ("namespace", name.to_owned()));
        [("period", self.quarter.name())].into_iter().chain(named).collect()
    }

    /// All groups, page by page.
    async fn by(&self, by: &str) -> anyhow::Result<Answer> {
        let mut asked = self.pairs();
        asked.extend([("limit", PAGE.to_string()), ("by", by.to_owned())]);
        let mut whole: Answer = read(&self.ledger.get("/usage", &asked).await?)?;
        for _ in 1..PAGES {
            let Some(next) = whole.next else { break };
            let mut page = asked.clone();
            page.push(("offset", next.to_string()));
            let page: Answer = read(&self.ledger.get("/usage", &page).await?)?;
            whole.rows.extend(page.rows);
            whole.next = page.next;
        }
        ensure!(whole.next.is_none(), "there are more than 200,000 groups by {by}: report one namespace at a time");
        Ok(whole)
    }

    async fn dear(&self) -> anyhow::Result<Vec<Dear>> {
        let mut asked = self.pairs();
        asked.push(("limit", DEAR.to_string()));
        read(&self.ledger.get("/usage/expensive", &asked).await?)
    }
}
