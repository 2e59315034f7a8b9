//! E-mail addresses: a local part, `@` and a host with a dot.

use super::{is_hex, width};
use std::ops::Range;

/// The places of all addresses, in the order of the text.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        let local = before.rfind(|c| !in_local(c)).map_or(0, |end| end + width(before, end));
        let local = local + escape_width(text, local);
        let long =
            after.find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '.')).unwrap_or(after.len());
        let host = after.get(..long).unwrap_or_default().trim_end_matches(['.', '-']);
        let top = host.rsplit_once('.').map_or("", |(_, top)| top);
        if local < at && top.chars().count() >= 2 && !host.starts_with('.') {
            found.push(local..at + 1 + host.len());
        }
    }
    found.dedup_by(|next, last| next.start < last.end);
    found
}

fn in_local(c: char) -> bool {
    c.is_alphanumeric() || "._%+-!#$*^~".contains(c)
}

/// The number of bytes from here that belong to an escape of a JSON text whose backslash stands before.
fn escape_width(text: &str, at: usize) -> usize {
    if !text.get(..at).is_some_and(|before| before.ends_with('\\')) {
        return 0;
    }
    let rest = text.get(at..).unwrap_or_default();
    match rest.strip_prefix('u').and_then(|rest| rest.get(..4)) {
        Some(code) if is_hex(code) => 5,
        _ => usize::from(rest.starts_with(['n', 'r', 't', 'b', 'f'])),
    }
}
