//! A report as it is sent.

use outrigger_api::fleet::{CountsResponse, ObjectCounts};
use outrigger_cluster::status::Counts;
use outrigger_compile::{Kind, ObjectRef};

use crate::tally::counting::Report;

pub(super) fn encode(instance: &str, report: &Report) -> CountsResponse {
    let Report { settling, counts } = report;
    let object = |(object, counts): (&ObjectRef, &Counts)| {
        let ObjectRef { kind, namespace, name } = object;
        let Counts { generation, total, current, rejected, held, rejection, holder } = counts;
        ObjectCounts {
            kind: kind.as_str().to_owned(),
            namespace: namespace.clone(),
            name: name.clone(),
            generation: *generation,
            total: *total,
            current: *current,
            rejected: *rejected,
            held: *held,
            rejection: rejection.clone(),
            holder: holder.clone(),
        }
    };
    CountsResponse { instance: instance.to_owned(), settling: *settling, objects: counts.iter().map(object).collect() }
}

/// The instance, and what it says.
pub(super) fn decode(message: CountsResponse) -> (Box<str>, Report) {
    let CountsResponse { instance, settling, objects } = message;
    let object = |it: ObjectCounts| {
        let ObjectCounts { kind, namespace, name, generation, total, current, rejected, held, rejection, holder } = it;
        let kinds = [Kind::ModelProvider, Kind::ModelRoute, Kind::ModelPolicy];
        let kind = kinds.into_iter().find(|known| known.as_str() == kind)?;
        let counts = Counts { generation, total, current, rejected, held, rejection, holder };
        Some((ObjectRef { kind, namespace, name }, counts))
    };
    (instance.into(), Report { settling, counts: objects.into_iter().filter_map(object).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_what_arrives() {
        let object = |kind| ObjectRef { kind, namespace: "demo".to_owned(), name: "x".to_owned() };
        let counts = Counts {
            generation: Some(7),
            total: 4,
            current: 3,
            rejected: 2,
            held: 1,
            rejection: "no".to_owned(),
            holder: "p".to_owned(),
        };
        let counts = [(object(Kind::ModelRoute), counts), (object(Kind::ModelPolicy), Counts::default())].into();
        let report = Report { settling: true, counts };
        let mut message = encode("me", &report);
        assert_eq!(decode(message.clone()), ("me".into(), report.clone()));
        // Of a later version.
        message.objects.push(ObjectCounts { kind: "ModelBudget".to_owned(), ..ObjectCounts::default() });
        assert_eq!(decode(message).1, report);
    }
}
