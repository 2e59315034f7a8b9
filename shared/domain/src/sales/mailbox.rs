//! Providers of free mailboxes, whose addresses give no information about a company. The list and its licence are in
//! `free_mailboxes.txt`.

use std::cmp::Ordering;

/// One domain on each line, sorted by bytes, after a header whose lines begin with `#`.
const DOMAINS: &str = include_str!("free_mailboxes.txt");

/// Whether a domain in lower case belongs to a provider of free mailboxes. It is a binary search in the sorted text, so
/// that nothing has to be built at the start of a process.
pub(super) fn is_free_mailbox(domain: &str) -> bool {
    let text = DOMAINS.as_bytes();
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low.midpoint(high);
        let start = text.get(..middle).unwrap_or_default().iter().rposition(|byte| *byte == b'\n');
        let start = start.map_or(0, |at| at + 1);
        let length = text.get(start..).unwrap_or_default().iter().position(|byte| *byte == b'\n');
        let end = length.map_or(text.len(), |length| start + length);
        let line = text.get(start..end).unwrap_or_default();
        let order = if line.starts_with(b"#") { Ordering::Less } else { line.cmp(domain.as_bytes()) };
        match order {
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
            Ordering::Equal => return !domain.is_empty(),
        }
    }
    false
}
