//! Black-box stories: the real binary between a scripted provider and a plain client, one module per subject.
//!
//! | module | what belongs there |
//! | --- | --- |
//! | [`harness`] | the provider, the sidecar, the policy text and the client that stories are made of; no assertions about the router |
//! | `harness_tests` | proof that the scripted provider and the client do what a script says, without a sidecar |
//! | `surfaces` | chat, messages and responses behind one face, so that a rule is told once for all three |
//! | `streaming` | relaying, moving on before the first content, breaking honestly behind it |
//! | `resume` | going on elsewhere behind a break, on routes that opt in |
//! | `failover` | what one request may cost in calls, what moves it on, what its caller hears |
//! | `cooldown` | targets and keys that rest, and how they come back |
//! | `sticky` | conversations that stay with their provider |
//! | `timeouts` | each time limit alone, and none that nobody set |
//! | `towards` | the way to a provider: authorities that are not public, proxies |
//! | `cancel` | callers that leave |
//! | `input` | requests that are wrong, too large or too slow, and starts that cannot be |
//! | `exact` | the same bytes on both sides |
//! | `translation` | a caller of one dialect, a provider of another |
//! | `tokens` | how long a prompt is, before it is sent |
//! | `traffic` | recorded exchanges, replayed |
//! | `operations` | every other path: embeddings, images, audio, forms |
//! | `models` | the catalogue as callers see it |
//! | `usage` | tokens and what they cost |
//! | `books` | the same to the last nano-dollar: iterations, tiers, tools, stated costs, what cannot be |
//! | `ledger` | what the ledger is told, whoever dies meanwhile |
//! | `chaos` | whoever is killed, disks that are full, clocks that jump; the provider's own books held against the ledger's |
//! | `traces` | what a collector of traces is told, however it behaves |
//! | `collected` | decisions that a collector is told, and what `outrigger run` tells one |
//! | `inventory` | metrics of running programs, held against the lists of them |
//! | `phoenix` | what a receiver of traces that is not ours makes of them |
//! | `observe` | metrics, headers, metadata, logs |
//! | `security` | keys, hosts, ports, quotas |
//! | `pushed` | policy that a control plane pushes: edits, faults, keys, identity, being without it |
//! | `changes` | what an edit would change, by the command line |
//! | `commands` | words of the command line that mean nothing, and output that nobody reads |
//! | `private` | what other processes see of ours |
//! | `policy_edit` | policy that changes under traffic, and whom it serves |
//! | `memory` | a flood, and what is held of it |
//! | `drain` | SIGTERM, readiness, liveness |

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on should stop")]
#![allow(unreachable_pub, reason = "one binary: `pub` says which pieces of the harness are for stories")]

mod booked;
mod books;
mod cancel;
mod changes;
mod chaos;
mod collected;
mod commands;
mod cooldown;
mod drain;
mod exact;
mod failover;
mod halves;
mod hardened;
mod harness;
mod harness_tests;
mod input;
mod inventory;
mod ledger;
mod memory;
mod models;
mod observe;
mod operations;
mod phoenix;
mod policy_edit;
mod private;
mod pushed;
mod resume;
mod security;
mod sticky;
mod streaming;
mod surfaces;
mod timeouts;
mod tokens;
mod towards;
mod traces;
mod traffic;
mod translation;
mod usage;
