//! Packs the catalogue: 1.5 MB of text in every sidecar's binary would be ten times what it says.

use std::{env, fs, io::Write as _, path::Path};

use flate2::{Compression, write::DeflateEncoder};

fn main() -> std::io::Result<()> {
    let source = "data/catalog.json";
    println!("cargo::rerun-if-changed={source}");
    let out = env::var_os("OUT_DIR").ok_or(std::io::ErrorKind::NotFound)?;
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&fs::read(source)?)?;
    fs::write(Path::new(&out).join("catalog.json.deflate"), packed.finish()?)
}
