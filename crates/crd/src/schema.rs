//! What the schemas of several fields share.

use schemars::Schema;

/// A name of an object: DNS labels with dots between them.
pub(crate) const SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// `name` or `namespace/name`, where a namespace is one DNS label.
pub(crate) const REFERENCE: &str =
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// A key of a `Secret`.
pub(crate) const DATA_KEY: &str = "^[-._a-zA-Z0-9]+$";
/// A token of RFC 9110.
pub(crate) const HEADER_NAME: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
/// A name that a caller can write as `model`: no spaces, no control characters.
pub(crate) const CALLABLE: &str = r"^[^\s\p{Z}\p{Cc}]+$";
/// An amount of a resource, as Kubernetes writes it, without exponents.
pub(crate) const QUANTITY: &str = r"^[0-9]{1,9}(\.[0-9]{1,3})?(m|k|M|G|Ki|Mi|Gi)?$";
/// A whole name, or the beginning of one and a star.
pub(crate) const PATTERN: &str = r"^[^*]*\*?$";
/// Something that is not all spaces.
pub(crate) const NOT_BLANK: &str = r"[^\s\p{Z}]";

/// A rule: the header is none of those that frame a message or name its host.
pub(crate) const NOT_RESERVED: &str = "!(self.lowerAscii() in ['host', 'content-length', 'content-type', \
     'transfer-encoding', 'connection', 'te', 'trailer', 'upgrade', 'expect'])";

/// Takes the text of a type off its schema. Where an enum is optional it would stand in place of the text of the field,
/// which is the one that says what the words mean there, and which is the default.
pub(crate) fn undescribed(schema: &mut Schema) {
    schema.remove("description");
}
