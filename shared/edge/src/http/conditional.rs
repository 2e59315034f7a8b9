//! `If-None-Match` (RFC 9110, section 13.1.2): a reader who has the current representation is answered 304 without it.
//!
//! Every 200 of GET and HEAD has a validator. A handler whose entity has a version names it with [`Response::with_etag`];
//! everything else gets a hash of its bytes here, which is strong, because other bytes have another hash. What changes from
//! one read to the next says so with [`Response::without_revalidation`].

use super::response::Response;
use std::hash::{DefaultHasher, Hasher as _};

/// The tag of these bytes. Another release of the compiler may hash otherwise, which costs each reader one whole answer.
fn tag_of(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("\"{:016x}\"", hasher.finish())
}

/// The answer itself, with a validator; or 304 when `if_none_match` names the answer that the reader would get.
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

/// Whether a list of tags holds this one by weak comparison, or is `*`. What is no tag names nothing.
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
        // A tag may hold commas, so that its end is its second quote.
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
