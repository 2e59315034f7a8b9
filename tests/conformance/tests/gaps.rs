//! Known gaps: disagreements that are allowed for now. Their number may only shrink.

use crate::tree::read;
use std::collections::BTreeSet;

/// The number of known gaps. It may only go down.
const MOST: usize = 0;

/// Fails unless the found disagreements are exactly the known ones: a new disagreement is an error, and so is a closed
/// gap that is still listed.
pub(crate) fn settle(check: &str, found: impl IntoIterator<Item = String>) {
    let found: BTreeSet<String> = found.into_iter().map(|what| format!("{check}: {what}")).collect();
    let known: BTreeSet<String> =
        listed().into_iter().filter(|line| line.starts_with(&format!("{check}: "))).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let closed: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty(), "new disagreements: {new:#?}");
    assert!(closed.is_empty(), "closed: take these out of known-gaps.txt: {closed:#?}");
}

fn listed() -> Vec<String> {
    read("tests/conformance/known-gaps.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn known_gaps_only_shrink() {
    assert_eq!(
        listed().len(),
        MOST,
        "write the new number here if it went down; close the gap if it went up"
    );
}
