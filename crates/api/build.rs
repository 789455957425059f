//! The messages and the stub, from the files in `proto`: compiled in Rust, so that nothing has to be installed.

use std::{error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let files = protox::compile(
        [
            "outrigger/fleet/v1/fleet.proto",
            "outrigger/ledger/v1/ledger.proto",
            "outrigger/policy/v1/bootstrap.proto",
            "outrigger/policy/v1/policy.proto",
        ],
        [&root],
    )?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .bytes(".outrigger.policy.v1.Resource")
        // Keys of providers and for users: what has no `Debug` reaches no log.
        .skip_debug([
            ".outrigger.policy.v1.Credential",
            ".outrigger.policy.v1.Resource",
            ".outrigger.ledger.v1.AppendResponse",
        ])
        .compile_fds(files)?;
    Ok(())
}
