//! Feature flags for clients: names and values, without the rules.

use serde::{Deserialize, Serialize};

/// `GET /v1/flags`. The list is short and has no pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagList {
    /// Every flag, by name.
    pub data: Vec<Flag>,
}

/// A flag with its value for the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: FlagValue,
}

/// The value of a flag. It stays of one kind for as long as the flag exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FlagValue {
    /// On or off.
    Switch(bool),
    /// One of several variants.
    Variant(String),
}
