//! Pages of lists. A list never counts.

use serde::{Deserialize, Serialize};

/// One page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct List<T> {
    /// The entries, in the order of the list.
    pub data: Vec<T>,
    /// Opaque text to send as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}
