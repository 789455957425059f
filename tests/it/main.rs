//! Black-box stories: the real binary between a scripted provider and a plain client, one module per subject.
//!
//! | module | what belongs there |
//! | --- | --- |
//! | [`harness`] | the provider, the sidecar, the policy text and the client that stories are made of; no assertions about the router |
//! | `harness_tests` | proof that the scripted provider and the client do what a script says, without a sidecar |

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on should stop")]
#![allow(unreachable_pub, reason = "one binary: `pub` says which pieces of the harness are for stories")]

mod cancel;
mod cooldown;
mod drain;
mod failover;
mod harness;
mod harness_tests;
mod resume;
mod streaming;
mod surfaces;
mod timeouts;
mod traffic;
