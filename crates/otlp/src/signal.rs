//! What is sent: spans or logs, each by a service of its own.

use outrigger_proxy::About;
use prost::Message;

use crate::message::Resource;

/// One of the kinds of things that collectors take.
pub(crate) trait Signal {
    /// One of them, as the data plane tells it.
    type Item;
    type Request: Message + Clone + 'static;
    type Response: Message + Default + 'static;
    /// The method, as OTLP's services name it.
    const EXPORT: &'static str;
    /// What they are called, and the code of a log line of those that do not go.
    const WHAT: &'static str;
    const LOST: &'static str;

    /// The call that tells `items`.
    fn request(items: &[Self::Item], resource: &Resource, about: Option<&About>) -> Self::Request;

    /// How many of them the collector did not take, which has answered so.
    fn rejected(answer: Self::Response) -> i64;
}
