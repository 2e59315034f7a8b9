//! The end user whom a caller names in another provider's format, which may have several fields for that.

use application_ai::LONGEST_USER;
use domain::field::FieldChecks;

/// The caller's name of the end user, and the field that has it.
pub struct NamedEndUser {
    /// The name, if there is one.
    pub name: Option<String>,
    /// The field that has the name.
    pub field: &'static str,
}

impl NamedEndUser {
    /// The first of two fields with a name that is not blank. The use case checks the name that is used, so only the
    /// other one is checked here.
    pub fn of(
        first: (&'static str, Option<&str>),
        second: (&'static str, Option<&str>),
        check: &mut FieldChecks,
    ) -> Self {
        let is_named = first.1.is_some_and(|name| !name.trim().is_empty());
        let (used, other) = if is_named { (first, second) } else { (second, first) };
        check.verbatim(other.0, other.1.unwrap_or_default(), LONGEST_USER);
        Self { name: used.1.map(str::to_owned), field: used.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_with_a_name_counts_and_the_other_one_is_checked() {
        let long = "x".repeat(513);
        for (first, second, name, field, faults) in [
            (None, None, None, "user", 0),
            (Some("a"), None, Some("a"), "safety_identifier", 0),
            (None, Some("b"), Some("b"), "user", 0),
            (Some("a"), Some("b"), Some("a"), "safety_identifier", 0),
            (Some(" "), Some("b"), Some("b"), "user", 0),
            (Some("a"), Some(long.as_str()), Some("a"), "safety_identifier", 1),
        ] {
            let mut check = FieldChecks::default();
            let user = NamedEndUser::of(("safety_identifier", first), ("user", second), &mut check);
            assert_eq!((user.name.as_deref(), user.field), (name, field));
            let found = check.finish(()).err().map_or(0, |wrong| wrong.0.len());
            assert_eq!(found, faults);
        }
    }
}
