//! Stories in which pods run: `cargo xtask cluster test`, or `cargo xtask test` with the others.
//!
//! They run in the network of the node, so pods and services are reached by their addresses, and 127.0.0.1 is the node's.
//! Each is marked `#[ignore = "needs a node: cargo xtask test"]`, so that `cargo test` neither runs it nor counts it as
//! passed. That nothing is left behind in the end is checked by whoever started the node.
//!
//! | module | what belongs there |
//! | --- | --- |
//! | [`harness`] | namespaces whose pods run, and what these say; no assertions about ours |
//! | `images` | our images, and that those of a caller hold what they should |
//! | `injected` | the charts installed, and pods with sidecars |

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on should stop")]
#![allow(unreachable_pub, reason = "one binary: `pub` says which pieces of the harness are for stories")]

mod harness;
mod images;
mod injected;
