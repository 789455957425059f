//! Two ways to give a ledger what is in a log.

use outrigger_api::ledger::AppendRequest;
use prost::Message as _;

use crate::{
    plane::Plane,
    usage::{
        args::{BooksArgs, ImportArgs},
        call::Ledger,
    },
};

/// One of them.
pub(super) enum Door {
    /// As whoever may `create` usage in the namespaces of the entries.
    Operator(Plane),
    /// As the workload whose entries they are.
    Workload(Box<Ledger>),
}

impl Door {
    /// The one that the arguments mean.
    ///
    /// # Errors
    ///
    /// Why the ledger cannot be reached.
    pub(super) async fn open(args: &ImportArgs) -> anyhow::Result<Self> {
        let BooksArgs { token_file, ca_file, .. } = &args.books;
        Ok(match (&args.ledger, token_file) {
            (Some(ledger), Some(token_file)) => {
                Self::Workload(Box::new(Ledger::connect(ledger, token_file, ca_file.as_deref()).await?))
            }
            _ => Self::Operator(Plane::ledger(&args.books.place())?),
        })
    }

    /// Whether it says by itself whose the entries are.
    pub(super) fn knows_whose(&self) -> bool {
        matches!(self, Self::Workload(_))
    }

    /// Has a batch booked under a namespace.
    ///
    /// # Errors
    ///
    /// What the ledger says instead.
    pub(super) async fn give(&mut self, namespace: &str, batch: &AppendRequest) -> anyhow::Result<()> {
        match self {
            Self::Operator(plane) => {
                let asked = [("namespace", namespace.to_owned())];
                plane.asker().post_to("/usage/import", &asked, batch.encode_to_vec()).await?;
            }
            Self::Workload(ledger) => {
                ledger.append(batch).await?;
            }
        }
        Ok(())
    }
}
