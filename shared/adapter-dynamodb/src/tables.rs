//! The names of the three tables, from the environment. It must never guess a name: a function without the name of a
//! table does not start.

use std::env;

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

/// A variable that names a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableVariable {
    /// `LEDGER_TABLE`
    Ledger,
    /// `STATE_TABLE`
    State,
    /// `EPHEMERAL_TABLE`
    Ephemeral,
}

/// A variable that names a table is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} is not set", .0.name())]
pub struct MissingTable(TableVariable);

impl TableVariable {
    /// The variable's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "LEDGER_TABLE",
            Self::State => "STATE_TABLE",
            Self::Ephemeral => "EPHEMERAL_TABLE",
        }
    }

    /// The table's name, for functions that use one table only.
    pub fn read(self) -> Result<String, MissingTable> {
        env::var(self.name()).ok().filter(|name| !name.trim().is_empty()).ok_or(MissingTable(self))
    }
}

impl Tables {
    /// Reads all three names.
    pub fn from_env() -> Result<Self, MissingTable> {
        Ok(Self {
            ledger: TableVariable::Ledger.read()?,
            state: TableVariable::State.read()?,
            ephemeral: TableVariable::Ephemeral.read()?,
        })
    }
}
