//! `Begun`: an attempt that is about to be sent.

use outrigger_route::Target;

use super::{NAME, bytes::Writer};

/// Most bytes of a route's or a provider's `namespace/name`.
pub(super) const PATH: usize = 320;

/// An attempt, and the request it belongs to.
pub(super) struct Begun<'a> {
    pub(super) id: &'a str,
    pub(super) attempt: u32,
    pub(super) at_ms: u64,
    pub(super) payer: &'a [u8],
    pub(super) route: &'a str,
    pub(super) target: &'a Target,
}

impl Begun<'_> {
    /// As an entry without a number.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.message(2, |writer| {
            writer.text(1, self.id, NAME);
            writer.number(2, self.attempt.into());
            writer.number(3, self.at_ms);
            writer.bytes(4, self.payer);
            writer.text(5, self.route, PATH);
            writer.message(6, |writer| target(writer, self.target));
        });
    }
}

/// A `Target`.
pub(super) fn target(writer: &mut Writer, target: &Target) {
    writer.text(1, &target.provider.name, PATH);
    writer.text(2, &target.provider.slug, NAME);
    writer.text(3, &target.upstream_name, NAME);
}
