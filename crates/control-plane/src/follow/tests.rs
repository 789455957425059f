//! Streams over a socket, of pods that an API server made of functions knows.

mod client;
mod cluster;
mod stories;

use std::time::{Duration, SystemTime};

use super::*;
use client::Sidecar;
use cluster::Plane;

/// Whatever happens to a pod reaches its stream within this.
const SOON: Duration = Duration::from_secs(2);
