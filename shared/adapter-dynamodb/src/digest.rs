//! Turns several fields into bytes, so that no two lists of fields give the same bytes: each field is preceded by its
//! length.

use ring::digest::{SHA256, SHA256_OUTPUT_LEN};

/// The fields, each after its length in 4 bytes.
pub(crate) fn framed<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        // Fields are far below 4 GiB: an item has at most 400 KB.
        bytes.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// SHA-256 of the framed fields.
pub(crate) fn digest<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> [u8; SHA256_OUTPUT_LEN] {
    let digest = ring::digest::digest(&SHA256, &framed(fields));
    let mut bytes = [0; SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn moving_a_border_between_fields_changes_the_digest() {
        assert_ne!(digest([b"ab".as_slice(), b"c"]), digest([b"a".as_slice(), b"bc"]));
        assert_ne!(digest([b"".as_slice(), b"a"]), digest([b"a".as_slice(), b""]));
    }
}
