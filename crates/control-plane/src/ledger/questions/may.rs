//! Who may ask what, and what they are told when the books do not answer.

use http::{HeaderMap, Response, StatusCode};
use outrigger_ledger::{Blame, Error};

use super::Asker;
use crate::{
    ledger::{
        program::Program,
        readers::{Scope, Verb},
    },
    roster::{Page, refusal},
};

impl Program {
    /// About whom an answer may be.
    pub(super) async fn scope(
        &self,
        headers: &HeaderMap,
        asker: Asker,
        asked: Option<&str>,
    ) -> Result<Scope, Box<Response<Page>>> {
        match asker {
            Asker::OnThisMachine => Ok(asked.map(|namespace| vec![namespace.to_owned()])),
            Asker::WithToken => self.readers.scope(headers, asked).await,
        }
    }

    /// Whether whoever asks may change that, of this namespace or of all.
    pub(super) async fn may_change(
        &self,
        headers: &HeaderMap,
        asker: Asker,
        verb: Verb,
        namespace: Option<&str>,
    ) -> Result<(), Box<Response<Page>>> {
        match asker {
            Asker::OnThisMachine => Ok(()),
            Asker::WithToken => self.readers.may(headers, verb, namespace).await,
        }
    }

    /// What whoever asks is told of a failure.
    pub(super) fn unanswered(&self, why: &Error) -> Box<Response<Page>> {
        let (status, code) = match why.blame() {
            Blame::Asker if matches!(why, Error::TooMuch(_)) => (StatusCode::BAD_REQUEST, "too_much"),
            Blame::Asker => (StatusCode::BAD_REQUEST, "bad_query"),
            Blame::Stranger => (StatusCode::FORBIDDEN, "forbidden"),
            Blame::Busy | Blame::Closing => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Blame::Store => {
                self.complain(why);
                let why = "the books cannot be read: the ledger's log says why";
                return Box::new(refusal(StatusCode::SERVICE_UNAVAILABLE, "store_failed", why));
            }
        };
        Box::new(refusal(status, code, &why.to_string()))
    }
}
