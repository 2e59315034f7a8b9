//! Documents in the codings in which functions send them. They are compressed at build time, so that no request waits
//! for it.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// The size of the buffer of Brotli in bytes.
const BUFFER: usize = 1 << 16;
/// The best quality of Brotli, and a window of 4 MiB.
const QUALITY: u32 = 11;
const WINDOW_BITS: u32 = 22;

/// Writes a document as `<name>`, `<name>.gz` and `<name>.br`, and its hash as `<name>.hash`.
pub fn write_compressed(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes())?;
    let mut brotli = brotli::CompressorWriter::new(Vec::new(), BUFFER, QUALITY, WINDOW_BITS);
    brotli.write_all(text.as_bytes())?;
    let hash: String = blake3::hash(text.as_bytes()).to_hex().chars().take(32).collect();
    fs::write(folder.join(name), text)?;
    fs::write(folder.join(format!("{name}.gz")), gzip.finish()?)?;
    fs::write(folder.join(format!("{name}.br")), brotli.into_inner())?;
    fs::write(folder.join(format!("{name}.hash")), hash)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;

    #[test]
    fn every_coding_is_the_document() {
        let folder = std::env::temp_dir().join(format!("sextant-compressed-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let text = "a document that repeats itself, ".repeat(100);
        super::write_compressed(&folder, "page", &text).unwrap();
        let read = |name: &str| fs::read(folder.join(name)).unwrap();
        let (gzip, brotli) = (read("page.gz"), read("page.br"));
        let mut from_gzip = String::new();
        flate2::read::GzDecoder::new(gzip.as_slice()).read_to_string(&mut from_gzip).unwrap();
        let mut from_brotli = String::new();
        brotli::Decompressor::new(brotli.as_slice(), 4096).read_to_string(&mut from_brotli).unwrap();
        assert_eq!((from_gzip.as_str(), from_brotli.as_str()), (text.as_str(), text.as_str()));
        assert!(gzip.len() < 200 && brotli.len() < 200);
        let hash = String::from_utf8(read("page.hash")).unwrap();
        assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        super::write_compressed(&folder, "page", "another").unwrap();
        assert_ne!(read("page.hash"), hash.into_bytes());
        fs::remove_dir_all(&folder).unwrap();
    }
}
