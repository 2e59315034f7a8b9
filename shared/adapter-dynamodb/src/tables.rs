//! The names of the three tables.

/// The names of the three tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// Immutable events.
    pub ledger: String,
    /// Current states, keys of data subjects, unique values, the audit log.
    pub state: String,
    /// Everything that expires.
    pub ephemeral: String,
}
