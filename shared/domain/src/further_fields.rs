//! Members of a body in another provider's format that no type reads. A member that changes nothing about an answer is
//! accepted and ignored. One that would change it is refused by name, and so is one that the format does not have.

use crate::field::FieldChecks;
use serde_json::{Map, Value};

/// The most characters of an unknown name that are repeated.
const LONGEST_NAME: usize = 64;

/// The meaning of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldUse {
    /// It changes nothing.
    Nothing,
    /// It would change the answer.
    Something,
    /// It would change the answer; the text says what to send instead.
    Refused(&'static str),
    /// The format has no such member.
    Unknown,
}

impl FieldUse {
    /// Nothing for null and for the harmless values, something for others.
    pub fn only(value: &Value, harmless: &[Value]) -> Self {
        if value.is_null() || harmless.contains(value) { Self::Nothing } else { Self::Something }
    }
}

/// Notes the members that can't be ignored. Their names stand after `before`.
pub fn judge_fields(
    fields: &Map<String, Value>,
    check: &mut FieldChecks,
    before: &str,
    judge: impl Fn(&str, &Value) -> FieldUse,
) {
    for (name, value) in fields {
        let (code, message) = match judge(name, value) {
            FieldUse::Nothing => continue,
            FieldUse::Something => ("unsupported", "is not supported"),
            FieldUse::Refused(message) => ("unsupported", message),
            FieldUse::Unknown => ("unknown", "is not a field of this body"),
        };
        // The caller's text is cut, and characters that are not printable are removed.
        let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        check.wrong(&format!("{before}{name}"), code, message);
    }
}
