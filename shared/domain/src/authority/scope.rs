//! Scopes of API keys. A scope is the name of a permission that keys may hold.

use super::{CreateCompletions, CreateEmbeddings, Permission, ReadFlags, ReadModels};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::str::FromStr;

/// A scope of an API key: the name of a permission that keys may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(&'static str);

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [
        Self::of::<CreateCompletions>(),
        Self::of::<CreateEmbeddings>(),
        Self::of::<ReadModels>(),
        Self::of::<ReadFlags>(),
    ];

    /// The scope for a permission. A permission that keys may not hold does not compile in a constant.
    const fn of<P: Permission>() -> Self {
        assert!(P::FOR_KEYS, "no key may hold this permission");
        Self(P::NAME)
    }

    /// The name in claims and bodies, which is the permission's.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// The text names no scope.
#[derive(Debug, thiserror::Error)]
#[error("no such scope")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.0 == text).ok_or(UnknownScope)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
