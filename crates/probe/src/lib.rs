//! How a cluster looks at a program of ours: three pages on a listener of their own, and the bounded accept loop that every
//! page of ours is served by.
//!
//! [`Listen`] is an address as people write it, [`bind`] makes a listener of it, [`serve`] answers `/metrics`, `/readyz` and
//! `/livez` there and nothing else. [`accept`](fn@accept) is the loop below that, for pages of another kind; [`browser`] says
//! which requests come from a web page and not from a person or a program on this machine.

mod accept;
pub mod browser;
mod listen;
mod pages;

pub use accept::{Accept, Peer, accept};
pub use listen::{Listen, bind};
pub use pages::{Pages, serve};
