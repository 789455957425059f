//! The charts on an API server, by Helm 3 and Helm 4.
//!
//! What has no namespace has a fixed name, a webhook that nobody answers keeps pods from being made, and kinds are deleted:
//! so no other story runs meanwhile.

mod checked;
mod dry;
mod helm;
mod kinds;
mod mounts;
mod release;
mod uninstall;
