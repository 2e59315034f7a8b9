//! The settings of a function from its environment, read once at start. Nothing else that ships reads the environment,
//! except the SDK for its credentials. Settings must never be shown: some are secrets.

use std::collections::BTreeMap;
use std::fmt;

/// The environment variables of a function.
#[derive(Clone, Default)]
pub struct Settings(BTreeMap<String, String>);

/// A function can't start. The error names the variable, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The variable is absent or blank.
    #[error("the environment variable {0} is missing")]
    Missing(String),
    /// The variable's value can't be used.
    #[error("the environment variable {name} {reason}")]
    Invalid {
        /// The name of the variable.
        name: String,
        /// The fault of the value, without the value.
        reason: &'static str,
    },
}

impl StartError {
    /// The error for a variable whose value can't be used.
    pub fn invalid(name: &str, reason: &'static str) -> Self {
        Self::Invalid { name: name.to_owned(), reason }
    }
}

impl Settings {
    /// The process's environment; variables that are not text are left out.
    pub fn from_env() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// Every variable with its value.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a variable that must be there.
    pub fn required(&self, name: &str) -> Result<&str, StartError> {
        self.optional(name).ok_or_else(|| StartError::Missing(name.to_owned()))
    }

    /// The value of a variable, unless it is absent or blank.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Settings {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl fmt::Debug for Settings {
    /// Shows the names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_missing_or_blank_variable() {
        let settings = Settings::from([("STATE_TABLE", "state"), ("CURSOR_SECRET_ID", " ")]);
        assert_eq!(settings.required("STATE_TABLE").unwrap(), "state");
        let missing = settings.required("CURSOR_SECRET_ID").unwrap_err();
        assert_eq!(missing.to_string(), "the environment variable CURSOR_SECRET_ID is missing");
        assert_eq!(settings.optional("LOG_LEVEL"), None);
    }

    #[test]
    fn shows_no_values() {
        assert_eq!(format!("{:?}", Settings::from([("STATE_TABLE", "s3cret")])), r#"{"STATE_TABLE"}"#);
    }
}
