//! `If-None-Match` (RFC 9110, section 13.1.2): a client that has the current representation gets 304 without a body.
//!
//! A handler whose entity has a version sets it as the validator with [`Response::with_etag`]. Every other 200 of GET and
//! HEAD gets a hash of its bytes here; this is a strong validator, because other bytes have another hash. A handler whose
//! answer differs with each read declares that with [`Response::without_revalidation`]: its answer gets no hash and is
//! never 304.

use super::response::Response;
use std::hash::{DefaultHasher, Hasher as _};

/// The entity tag of these bytes. Another release of the compiler may compute another hash; then each client reads the
/// whole answer once more.
fn tag_of(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("\"{:016x}\"", hasher.finish())
}

/// The answer with a validator, or 304 if `if_none_match` names the answer that the client would get.
pub(super) fn revalidated(response: Response, if_none_match: Option<&str>) -> Response {
    if response.status() != 200 || !response.is_revalidated() {
        return response;
    }
    let response = match response.header("ETag") {
        Some(_) => response,
        None => {
            let tag = tag_of(response.body());
            response.with_header("ETag", tag)
        }
    };
    let current = response.header("ETag").unwrap_or_default();
    match if_none_match {
        Some(sent) if names(sent, current) => response.not_modified(),
        _ => response,
    }
}

/// Whether a list of entity tags contains this tag by weak comparison, or is `*`. A text that is not an entity tag
/// matches nothing.
fn names(list: &str, current: &str) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let current = opaque(current);
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let after_weak = rest.strip_prefix("W/").unwrap_or(rest);
        // An entity tag may contain commas, so it ends at its second quote.
        let Some((value, after)) = after_weak.strip_prefix('"').and_then(|open| open.split_once('"')) else {
            return false;
        };
        if current.trim_matches('"') == value {
            return true;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_list_names_the_tags_in_it_by_weak_comparison() {
        for list in
            ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "\"6\",W/\"7\" , \"8\"", "*", " * ", "\"a,b\", \"7\""]
        {
            assert!(names(list, "\"7\""), "{list}");
        }
        assert!(names("\"7\"", "W/\"7\""));
        for list in ["\"70\"", "7", "", ",", "\"7", "\"6\" 7", "W/7", "*, \"6\"", "\"6,7\"", "'7'"] {
            assert!(!names(list, "\"7\""), "{list}");
        }
    }
}
