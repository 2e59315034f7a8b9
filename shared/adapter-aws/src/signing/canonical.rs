//! The canonical form of a request, which is what Signature Version 4 signs.

use std::fmt::Write;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use ring::digest;
use time::OffsetDateTime;

use super::SigningError;

/// The canonical request, and the names of the signed headers: `content-type`, `host` and every `x-amz-` header.
pub(super) fn canonical(request: &HttpRequest, path: &str) -> Result<(String, String), SigningError> {
    let body = request.body().bytes().ok_or(SigningError::Stream)?;
    let mut headers: Vec<(&str, &str)> = request
        .headers()
        .iter()
        .filter(|(name, _)| *name == "content-type" || name.starts_with("x-amz-"))
        .map(|(name, value)| (name, value.trim()))
        .chain([("host", host(request.uri())?)])
        .collect();
    headers.sort_unstable_by_key(|(name, _)| *name);
    let mut canonical = String::with_capacity(1024);
    let mut signed = String::with_capacity(80);
    for part in ["POST\n", path, "\n\n"] {
        canonical.push_str(part);
    }
    for (name, value) in headers {
        for part in [name, ":", value, "\n"] {
            canonical.push_str(part);
        }
        if !signed.is_empty() {
            signed.push(';');
        }
        signed.push_str(name);
    }
    canonical.push('\n');
    canonical.push_str(&signed);
    canonical.push('\n');
    push_hex(&mut canonical, digest::digest(&digest::SHA256, body).as_ref());
    Ok((canonical, signed))
}

/// The `Host` that the HTTP client will send: with the port, unless it is the scheme's own.
fn host(address: &str) -> Result<&str, SigningError> {
    let (scheme, rest) = address.split_once("://").ok_or(SigningError::NoHost)?;
    let authority =
        rest.split(['/', '?']).next().filter(|host| !host.is_empty()).ok_or(SigningError::NoHost)?;
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    Ok(authority.strip_suffix(own_port).unwrap_or(authority))
}

pub(super) fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.extend(DIGITS.get(usize::from(half)).map(|digit| char::from(*digit)));
        }
    }
}

/// The path as it is sent, percent-encoded once more, as every service but S3 wants it. The SDK signs a path without empty
/// and relative parts. No operation that is called has one, so such a path is refused.
pub(super) fn canonical_path(path: &str) -> Result<String, SigningError> {
    let parts = path.strip_prefix('/').ok_or(SigningError::Path)?;
    if !parts.is_empty() && parts.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(SigningError::Path);
    }
    let mut canonical = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            canonical.push(char::from(byte));
        } else {
            write!(canonical, "%{byte:02X}").map_err(|_| SigningError::Path)?;
        }
    }
    Ok(canonical)
}

/// Such as `20261129T235544Z`.
pub(super) fn timestamp(seconds: i64) -> Result<String, SigningError> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| SigningError::Time)?;
    let mut text = String::with_capacity(16);
    write!(
        text,
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
    .map_err(|_| SigningError::Time)?;
    Ok(text)
}
