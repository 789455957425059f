//! The data plane: sockets, pools, attempts, streams.
