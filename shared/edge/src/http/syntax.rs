//! The first pass over a body: it must be JSON, not nested too deep, and not have too many values. Nothing of it is kept.

use super::not_json::not_json;
use super::wrong_fields::{MOST_FAULTS, push};
use crate::Problem;
use contracts::problem::FieldProblem;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// How many parts of a place are named when a body is nested too deep: enough for the schema of a tool.
const NAMED_PARTS: usize = 4;
/// How many values a body may have. As a document in memory each takes some hundred bytes, and a body that is refused is read
/// again for each of its faults; a conversation of 1,000 messages has 6,000.
const MOST_VALUES: usize = 20_000;

/// The results of the first pass over a body.
#[derive(Debug)]
pub(super) struct CheckedJson {
    /// The members that are given twice.
    pub(super) twice: Vec<FieldProblem>,
    pub(super) has_arrays: bool,
}

/// Reads a document without keeping it.
struct JsonShapeCheck {
    /// JSON pointer to the current place.
    pointer: String,
    depth: usize,
    /// The greatest nesting of objects and arrays.
    deepest: usize,
    too_deep: bool,
    /// Values read so far, members of objects included.
    values: usize,
    has_arrays: bool,
    /// The members that are given twice.
    twice: Vec<FieldProblem>,
}

/// 400 when the body is not JSON, or has more than `deepest` objects and arrays in each other.
pub(super) fn check(body: &[u8], deepest: usize) -> Result<CheckedJson, Problem> {
    let mut state = JsonShapeCheck {
        pointer: String::new(),
        depth: 0,
        deepest,
        too_deep: false,
        values: 0,
        has_arrays: false,
        twice: Vec::new(),
    };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = Element(&mut state).deserialize(&mut reader).and_then(|()| reader.end());
    if state.too_deep {
        let parts: Vec<&str> = state.pointer.split('/').skip(1).take(NAMED_PARTS).collect();
        let message = format!("must not have more than {deepest} objects and lists in each other");
        return Err(Problem::field(&format!("/{}", parts.join("/")), "too_deep", message));
    }
    if state.values > MOST_VALUES {
        return Err(Problem::invalid_request(format!("The body has more than {MOST_VALUES} values.")));
    }
    match read {
        Ok(()) => Ok(CheckedJson { twice: state.twice, has_arrays: state.has_arrays }),
        Err(error) => Err(not_json(&error, &state.pointer)),
    }
}

struct Element<'a>(&'a mut JsonShapeCheck);

impl Element<'_> {
    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.0.depth += 1;
        if self.0.depth > self.0.deepest {
            self.0.too_deep = true;
            return Err(E::custom("too deep"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.values += 1;
        if self.0.values > MOST_VALUES {
            return Err(serde::de::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        self.enter()?;
        self.0.has_arrays = true;
        let parent = self.0.pointer.len();
        for place in 0_usize.. {
            push(&mut self.0.pointer, &place.to_string());
            if elements.next_element_seed(Element(&mut *self.0))?.is_none() {
                break;
            }
            self.0.pointer.truncate(parent);
        }
        self.0.pointer.truncate(parent);
        self.0.depth -= 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut seen = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            let parent = self.0.pointer.len();
            push(&mut self.0.pointer, &key);
            if !seen.insert(key) && self.0.twice.len() < MOST_FAULTS {
                self.0.twice.push(FieldProblem {
                    field: self.0.pointer.clone(),
                    code: "duplicate".to_owned(),
                    message: "must be given once".to_owned(),
                });
            }
            entries.next_value_seed(Element(&mut *self.0))?;
            self.0.pointer.truncate(parent);
        }
        self.0.depth -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn allows_the_levels_and_not_one_more_and_names_the_place() {
        assert!(check(nested(32).as_bytes()).is_ok());
        assert_eq!(check(nested(33).as_bytes()).unwrap_err().kind(), Kind::INVALID_REQUEST);
        assert!(check(nested(100_000).as_bytes()).is_err());
        let body = format!(r#"{{"a":{{"b":{{"c":{{"d":{{"e":{}}}}}}}}}}}"#, nested(40));
        let refused = check(body.as_bytes()).unwrap_err();
        assert_eq!(refused.errors()[0].field, "/a/b/c/d");
    }

    fn check(body: &[u8]) -> Result<CheckedJson, Problem> {
        super::check(body, 32)
    }

    #[test]
    fn names_duplicate_keys_however_they_are_spelled() {
        for (body, pointer) in [
            (r#"{"a":1,"a":2}"#, "/a"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
            (r#"{"x":{"a/b":[],"a/b":{}}}"#, "/x/a~1b"),
        ] {
            let twice = check(body.as_bytes()).unwrap().twice;
            assert_eq!(twice.into_iter().map(|problem| problem.field).collect::<Vec<_>>(), [pointer]);
        }
        let both = check(br#"{"a":1,"b":{"c":1,"c":2},"a":3}"#).unwrap().twice;
        assert_eq!(both.into_iter().map(|problem| problem.field).collect::<Vec<_>>(), ["/b/c", "/a"]);
        assert!(check(br#"[{"a":1},{"a":1}]"#).unwrap().twice.is_empty());
    }

    #[test]
    fn refuses_what_is_not_one_document() {
        for body in ["{", "{}{}", "nul", "'a'", "[1,]", "{\"a\":1e999}", "\u{feff}{}", "\"a\u{0}b\"", "// x"]
        {
            assert!(check(body.as_bytes()).is_err(), "{body}");
        }
    }
}
