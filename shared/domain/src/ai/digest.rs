//! SHA-256 of uploaded files, as their owners declare them.

/// A SHA-256, base64: 32 bytes.
const DIGEST_LENGTH: usize = 44;

/// Whether a text is 32 bytes in canonical base64: the last letter holds four bits.
pub(super) fn is_sha256(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let Some(body) = text.strip_suffix('=') else { return false };
    text.len() == DIGEST_LENGTH
        && body.bytes().all(letter)
        && body.ends_with(|last| "AEIMQUYcgkosw048".contains(last))
}
