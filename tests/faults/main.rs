//! Every misbehaviour of a provider, on every surface: `cargo xtask faults`, or `cargo test --test faults`.
//!
//! | module | what belongs there |
//! | --- | --- |
//! | [`misbehaviours`] | THE list of what goes wrong: a row is a name, a script and what is to come of it, and a test |
//! | [`surfaces`] | THE list of who asks whom for what: a row meets all that goes wrong |
//! | [`words`] | each dialect: how one asks, how a good answer is written and read, how an error looks |
//! | [`peer`] | the provider that does what a script says, plain, by TLS, by HTTP/2 |
//! | [`run`] | one misbehaviour on all its surfaces: a sidecar, a provider for each |
//! | [`aftermath`] | what holds of a sidecar that has been through it |
//! | [`verdict`] | what holds of each answer; pure |
//! | [`report`] | the table |
//!
//! Each misbehaviour meets each surface twice: with a second target that is good, and alone. What is to hold of all of them
//! stands in [`verdict`] and [`aftermath`]; a row says only what its caller is to see.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on should stop")]
#![allow(unreachable_pub, reason = "one binary")]

mod aftermath;
mod misbehaviours;
mod peer;
mod report;
mod run;
mod surfaces;
mod verdict;
mod words;

/// The sidecar, the policy text, the client and the authority of the stories.
#[path = "../it"]
mod it {
    pub mod harness;
}
use it::harness;
