//! An image archive, as `ctr images import` and `docker load` read it, from a folder: the same folder, the same digest.

use std::{
    env::consts::ARCH,
    fs::{self, File},
    io::{self, BufWriter, Read as _, Seek as _, Write},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use anyhow::{Context as _, Result};
use ring::digest::{Context, SHA256, digest};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

/// What is said of an image beside what is in it.
#[derive(Debug)]
pub(super) struct Image<'a> {
    /// With their tags: one image, by each of these names.
    pub(super) names: &'a [&'a str],
    pub(super) entrypoint: &'a [&'a str],
    /// `65532:65532`; root where it is empty.
    pub(super) user: &'a str,
    pub(super) env: &'a [&'a str],
    pub(super) folder: &'a str,
}

/// The media types of manifest, configuration and layer.
const TYPE: &str = "application/vnd.oci.image";

impl Image<'_> {
    /// Writes the archive; the digest of its manifest.
    pub(super) fn write(&self, root: &Path, archive: &Path) -> Result<String> {
        let mut layer = tempfile::tempfile()?;
        let (layer_digest, layer_size) = pack(root, &mut layer)?;
        let architecture = match ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Entrypoint": self.entrypoint,
                "User": self.user,
                "WorkingDir": self.folder,
                "Env": self.env,
            },
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]},
        });
        let config = Blob::of(&config);
        let manifest = Blob::of(&json!({
            "schemaVersion": 2,
            "mediaType": format!("{TYPE}.manifest.v1+json"),
            "config": config.described("config.v1+json"),
            // As it is: to compress it would only take time, since it does not travel.
            "layers": [{
                "mediaType": format!("{TYPE}.layer.v1.tar"),
                "digest": format!("sha256:{layer_digest}"),
                "size": layer_size,
            }],
        }));
        let described = self.names.iter().map(|name| {
            let mut described = manifest.described("manifest.v1+json");
            described["platform"] = json!({"architecture": architecture, "os": "linux"});
            described["annotations"] = json!({
                // containerd takes the whole name from here.
                "io.containerd.image.name": name,
                "org.opencontainers.image.ref.name": name.rsplit(':').next().unwrap_or_default(),
            });
            described
        });
        let described: Vec<Value> = described.collect();
        let index = json!({
            "schemaVersion": 2,
            "mediaType": format!("{TYPE}.index.v1+json"),
            "manifests": described,
        });
        let draft = archive.with_extension("draft");
        let mut tar = Builder::new(BufWriter::new(File::create(&draft)?));
        put(&mut tar, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        put(&mut tar, "index.json", index.to_string().as_bytes())?;
        for blob in [&config, &manifest] {
            put(&mut tar, &format!("blobs/sha256/{}", blob.digest), &blob.bytes)?;
        }
        layer.rewind()?;
        let mut header = plain(EntryType::Regular, 0o644, layer_size);
        tar.append_data(&mut header, format!("blobs/sha256/{layer_digest}"), layer.take(layer_size))?;
        tar.into_inner()?.flush()?;
        fs::rename(&draft, archive)?;
        Ok(manifest.digest)
    }
}

/// Something small that is known by its digest.
struct Blob {
    bytes: Vec<u8>,
    digest: String,
}

impl Blob {
    fn of(value: &Value) -> Self {
        let bytes = value.to_string().into_bytes();
        let digest = hex(digest(&SHA256, &bytes).as_ref());
        Self { bytes, digest }
    }

    fn described(&self, kind: &str) -> Value {
        json!({
            "mediaType": format!("{TYPE}.{kind}"),
            "digest": format!("sha256:{}", self.digest),
            "size": self.bytes.len(),
        })
    }
}

/// What is written is hashed on its way.
struct Hashing<W> {
    to: W,
    hashed: Context,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hashed.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes a folder as a layer, with nothing in it of who made it and when; its digest and its size.
fn pack(root: &Path, layer: &mut File) -> Result<(String, u64)> {
    let to = Hashing { to: BufWriter::new(layer), hashed: Context::new(&SHA256), size: 0 };
    let mut tar = Builder::new(to);
    pack_below(&mut tar, root, Path::new(""))?;
    let mut hashing = tar.into_inner()?;
    hashing.flush()?;
    Ok((hex(hashing.hashed.finish().as_ref()), hashing.size))
}

fn pack_below<W: Write>(tar: &mut Builder<W>, root: &Path, below: &Path) -> Result<()> {
    let folder = root.join(below);
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    for name in names {
        let (own, path) = (below.join(&name), folder.join(&name));
        let about = fs::symlink_metadata(&path)?;
        let mode = about.permissions().mode() & 0o7777;
        if about.is_symlink() {
            let mut header = plain(EntryType::Symlink, 0o777, 0);
            tar.append_link(&mut header, &own, fs::read_link(&path)?)?;
        } else if about.is_dir() {
            tar.append_data(&mut plain(EntryType::Directory, mode, 0), own.join(""), io::empty())?;
            pack_below(tar, root, &own)?;
        } else if about.is_file() {
            tar.append_data(&mut plain(EntryType::Regular, mode, about.len()), &own, File::open(&path)?)?;
        }
    }
    Ok(())
}

fn put<W: Write>(tar: &mut Builder<W>, name: &str, bytes: &[u8]) -> Result<()> {
    Ok(tar.append_data(&mut plain(EntryType::Regular, 0o644, bytes.len() as u64), name, bytes)?)
}

/// Of root, of no time.
fn plain(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const IMAGE: Image<'static> =
        Image { names: &["localhost/x:dev"], entrypoint: &["/x"], user: "65532:65532", env: &[], folder: "/" };

    fn folder(order: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        fs::set_permissions(folder.path().join("d"), fs::Permissions::from_mode(0o755)).unwrap();
        for name in order {
            let path = folder.path().join(name);
            fs::write(&path, *name).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink("x", folder.path().join("y")).unwrap();
        folder
    }

    #[test]
    fn the_same_folder_gives_the_same_digest() {
        let written = |order: &[&str]| {
            let root = folder(order);
            let archive = root.path().with_extension("tar");
            let digest = IMAGE.write(root.path(), &archive).unwrap();
            (digest, fs::read(&archive).and_then(|bytes| fs::remove_file(&archive).map(|()| bytes)).unwrap())
        };
        let (one, other) = (written(&["x", "d/z"]), written(&["d/z", "x"]));
        assert!(one == other);
        // By hand: `tar -x` of the archive, and `sha256sum` of the one manifest in it.
        if ARCH == "x86_64" {
            assert_eq!(one.0, "c5cefa51aec9bce6880be395cd575d55965a07e43dffa1cebc86408bd59bed08");
        }
    }

    #[test]
    fn what_is_named_in_an_archive_is_in_it() {
        let root = folder(&["x", "d/z"]);
        let archive = root.path().with_extension("tar");
        let manifest = IMAGE.write(root.path(), &archive).unwrap();
        let mut files = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(File::open(&archive).unwrap()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(entry.path().unwrap().display().to_string(), bytes);
        }
        fs::remove_file(&archive).unwrap();
        for (name, bytes) in &files {
            if let Some(wanted) = name.strip_prefix("blobs/sha256/") {
                assert_eq!(hex(digest(&SHA256, bytes).as_ref()), wanted);
            }
        }
        let manifest: Value = serde_json::from_slice(&files[&format!("blobs/sha256/{manifest}")]).unwrap();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
        let mut layer = tar::Archive::new(files[&layer].as_slice());
        let names = layer.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
        assert_eq!(names.collect::<Vec<_>>(), ["d/", "d/z", "x", "y"]);
        let config = manifest["config"]["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
        let config: Value = serde_json::from_slice(&files[&config]).unwrap();
        assert_eq!(config["config"]["Entrypoint"], json!(["/x"]));
    }
}
