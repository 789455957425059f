//! What changes the books: a user is forgotten, a period is closed, prices are others.

use std::sync::Arc;

use http::{StatusCode, request::Parts};
use hyper::body::Incoming;
use outrigger_ledger::{Blame, PriceList, Query, Stretch, period::Period};
use serde::Deserialize;

use super::{
    Asker, BILL,
    said::{BODY, Pairs, Told, bad, body_of, json, named, now, only, read},
};
use crate::{
    ledger::{program::Program, readers::Verb, told},
    roster::refusal,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    user: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    period: String,
}

impl Program {
    /// Forgets somebody, in one namespace or in all.
    pub(super) async fn forget(&self, head: &Parts, asker: Asker, pairs: &Pairs, body: Incoming) -> Told {
        only(pairs, &["namespace"])?;
        let namespace = named(pairs);
        self.may_change(&head.headers, asker, Verb::Delete, namespace).await?;
        let Forget { user } = body_of(&read(body, BODY).await?)?;
        if user.is_empty() {
            return Err(bad("`user` is empty: whoever named none is nobody's to forget"));
        }
        Ok(json(&self.books.forget(&user, namespace).await.map_err(|why| self.unanswered(&why))?))
    }

    /// Closes a period, for everybody.
    pub(super) async fn close(&self, head: &Parts, asker: Asker, pairs: &Pairs, body: Incoming) -> Told {
        only(pairs, &[])?;
        self.may_change(&head.headers, asker, Verb::Update, None).await?;
        let Close { period } = body_of(&read(body, BODY).await?)?;
        let period: Period = period.parse().map_err(|why| self.unanswered(&why))?;
        Ok(json(&self.books.close(period, now()).await.map_err(|why| self.unanswered(&why))?))
    }

    /// Says what other prices make of a stretch of time, and books it where that is wanted. The body has the prices; an empty
    /// one means the list within this program.
    pub(super) async fn reprice(&self, head: &Parts, asker: Asker, pairs: Pairs, body: Incoming) -> Told {
        only(&pairs, &["since", "until", "period", "namespace", "apply"])?;
        let namespace = named(&pairs).map(str::to_owned);
        self.may_change(&head.headers, asker, Verb::Update, namespace.as_deref()).await?;
        let apply = match pairs.iter().find(|(name, _)| name == "apply").map(|(_, value)| value.as_str()) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(bad("`apply` is true or false")),
        };
        let times = pairs.iter().filter(|(name, _)| !matches!(name.as_str(), "apply" | "namespace"));
        let query = Query::parse(times.map(|(name, value)| (name.as_str(), value.as_str())), now());
        let query = query.map_err(|why| self.unanswered(&why))?;
        let body = read(body, BILL).await?;
        // A catalogue is megabytes of JSON.
        let prices = tokio::task::spawn_blocking(move || match body.is_empty() {
            true => Ok(PriceList::embedded()),
            false => PriceList::read(&body),
        });
        let prices = match prices.await {
            Ok(prices) => prices.map_err(|why| self.unanswered(&why))?,
            Err(_) => {
                return Err(Box::new(refusal(StatusCode::INTERNAL_SERVER_ERROR, "bug", "reading the prices failed")));
            }
        };
        let version = prices.version().to_owned();
        let (since_ms, until_ms) = (query.since_ms, query.until_ms);
        let done = if apply {
            // One at a time, and to its end whoever waits for it: what it writes builds on what it has written.
            let Ok(turn) = Arc::clone(&self.repricing).try_lock_owned() else {
                let why = "prices are being booked already: try again when that is done";
                return Err(Box::new(refusal(StatusCode::SERVICE_UNAVAILABLE, "busy", why)));
            };
            let books = self.books.clone();
            let booking = tokio::spawn(async move {
                let stretch = Stretch { since_ms, until_ms, namespace: namespace.as_deref() };
                let done = books.reprice(stretch, &prices, now()).await;
                drop(turn);
                // Whoever asked may have left.
                if let Err(why) = &done
                    && why.blame() == Blame::Store
                {
                    tracing::error!(code = "store_failed", "{why}");
                }
                done
            });
            let Ok(done) = booking.await else {
                return Err(Box::new(refusal(StatusCode::INTERNAL_SERVER_ERROR, "bug", "booking the prices failed")));
            };
            done
        } else {
            let stretch = Stretch { since_ms, until_ms, namespace: namespace.as_deref() };
            self.books.reprice_dry(stretch, &prices).await
        };
        let done = done.map_err(|why| self.unanswered(&why))?;
        Ok(json(&told::repriced(&done, (since_ms, until_ms), &version, apply)))
    }
}
