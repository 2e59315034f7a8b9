//! JSON bodies: checked completely in one pass before they are deserialized, with problems that name the wrong field by
//! JSON pointer (RFC 6901). An answer must never repeat a value of the caller.

use super::Request;
use super::not_json::not_json;
use super::whole_numbers::as_integers;
use super::wrong_fields::{MOST_FAULTS, Repaired, push, read_repaired};
use crate::Problem;
use crate::problem::Kind;
use contracts::problem::FieldProblem;
use domain::InvalidFields;
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;

/// The most bytes of a body.
const LARGEST: usize = 256 * 1024;
/// The most bytes of a body on routes that call a model. As JSON in the event the body is up to twice as long, which is
/// still below Lambda's 6 MB. It is longer than the context of most models.
const LARGEST_QUESTION: usize = 2 * 1024 * 1024;
/// The greatest nesting of objects and arrays.
const DEEPEST: usize = 32;
/// How many values a body may have. As a document in memory each takes some hundred bytes, and a body that is refused is read
/// again for each of its faults; a conversation of 1,000 messages has 6,000.
const MOST_VALUES: usize = 20_000;

/// The limit of a body.
struct BodyLimit {
    bytes: usize,
    /// The detail of the answer to a longer body.
    message: &'static str,
}

const USUAL: BodyLimit = BodyLimit { bytes: LARGEST, message: "At most 256 KiB are allowed." };
const QUESTION: BodyLimit = BodyLimit { bytes: LARGEST_QUESTION, message: "At most 2 MiB are allowed." };

/// A body that replaces an entity.
#[derive(Debug)]
pub struct Replacement<T> {
    /// The replacing fields.
    pub body: T,
    /// The members that were read and can't be set: compare them with [`super::unchanged`].
    pub read_only: Map<String, Value>,
}

impl Request {
    /// The JSON body as a `T`. 415 unless it is `application/json`, 413 above 256 KiB; 400 when it is not JSON, nested
    /// deeper than 32, names a key twice, or is not a `T`.
    ///
    /// A 400 names every wrong field. Errors in the form of the body are found here. Other errors are found by `judge`. It
    /// is called only if the form is wrong, and then gets placeholders for the wrong fields. The values of a body of the
    /// right form are checked by its user.
    pub fn json<T: DeserializeOwned>(
        &self,
        judge: impl FnOnce(&T) -> Result<(), InvalidFields>,
    ) -> Result<T, Problem> {
        self.read_json(&USUAL, &[], judge).map(|replacement| replacement.body)
    }

    /// The same for prompts to models: 413 above 2 MiB.
    pub fn long_json<T: DeserializeOwned>(
        &self,
        judge: impl FnOnce(&T) -> Result<(), InvalidFields>,
    ) -> Result<T, Problem> {
        self.read_json(&QUESTION, &[], judge).map(|replacement| replacement.body)
    }

    /// The same for a body that replaces an entity. Members with one of the names in `read_only` may be in it, so that
    /// the answer of a GET can be sent back.
    pub fn replacement<T: DeserializeOwned>(
        &self,
        read_only: &[&str],
        judge: impl FnOnce(&T) -> Result<(), InvalidFields>,
    ) -> Result<Replacement<T>, Problem> {
        self.read_json(&USUAL, read_only, judge)
    }

    fn read_json<T: DeserializeOwned>(
        &self,
        limit: &BodyLimit,
        read_only: &[&str],
        judge: impl FnOnce(&T) -> Result<(), InvalidFields>,
    ) -> Result<Replacement<T>, Problem> {
        let mut wrong = self.check_json(limit.bytes, limit.message)?;
        if wrong.is_empty()
            && let Ok(body) = serde_json::from_slice(&self.body)
        {
            return Ok(Replacement { body, read_only: Map::new() });
        }
        let mut document = serde_json::from_slice(&self.body).map_err(Problem::internal)?;
        as_integers(&mut document);
        let Repaired { body, wrong: form, read_only } = read_repaired(document, read_only);
        add(&mut wrong, form);
        match body {
            Some(body) if wrong.is_empty() => Ok(Replacement { body, read_only }),
            Some(body) => {
                if let Err(invalid) = judge(&body) {
                    add(&mut wrong, Problem::from(invalid).errors().to_vec());
                }
                Err(Problem::fields(wrong))
            }
            None if wrong.is_empty() => {
                Err(Problem::invalid_request("The body is not what this route takes."))
            }
            None => Err(Problem::fields(wrong)),
        }
    }

    /// Refuses a body that is not a JSON object of the right size, and returns the members that are given twice.
    fn check_json(&self, largest: usize, too_large: &str) -> Result<Vec<FieldProblem>, Problem> {
        self.check_media_type()?;
        if self.body.len() > largest {
            return Err(Problem::new(Kind::BODY_TOO_LARGE).with_detail(too_large));
        }
        if self.body.is_empty() {
            return Err(Problem::invalid_request("The body is missing."));
        }
        if let Err(error) = std::str::from_utf8(&self.body) {
            let at = error.valid_up_to() + 1;
            return Err(Problem::invalid_request(format!(
                "The body is not UTF-8: byte {at} is part of no character."
            )));
        }
        let twice = check(&self.body)?;
        // serde would accept the items of an array as the members in their order.
        if self.body.trim_ascii_start().first() != Some(&b'{') {
            return Err(Problem::field("", "type", "must be an object"));
        }
        Ok(twice)
    }
}

/// Adds faults of fields without a fault. The fault of a field covers everything within it.
fn add(wrong: &mut Vec<FieldProblem>, more: Vec<FieldProblem>) {
    for problem in more {
        let known = wrong.iter().any(|known| {
            problem
                .field
                .strip_prefix(&known.field)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !known {
            wrong.push(problem);
        }
    }
}

/// Reads a document without keeping it.
struct JsonShapeCheck {
    /// JSON pointer to the current place.
    pointer: String,
    depth: usize,
    too_deep: bool,
    /// Values read so far, members of objects included.
    values: usize,
    /// The members that are given twice.
    twice: Vec<FieldProblem>,
}

/// The members that are given twice. 400 when the body is not JSON, or nested too deep.
fn check(body: &[u8]) -> Result<Vec<FieldProblem>, Problem> {
    let mut state =
        JsonShapeCheck { pointer: String::new(), depth: 0, too_deep: false, values: 0, twice: Vec::new() };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = Element(&mut state).deserialize(&mut reader).and_then(|()| reader.end());
    if state.too_deep {
        return Err(Problem::invalid_request(format!("The body is nested deeper than {DEEPEST}.")));
    }
    if state.values > MOST_VALUES {
        return Err(Problem::invalid_request(format!("The body has more than {MOST_VALUES} values.")));
    }
    match read {
        Ok(()) => Ok(state.twice),
        Err(error) => Err(not_json(&error, &state.pointer)),
    }
}

struct Element<'a>(&'a mut JsonShapeCheck);

impl Element<'_> {
    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.0.depth += 1;
        if self.0.depth > DEEPEST {
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
        while elements.next_element_seed(Element(&mut *self.0))?.is_some() {}
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

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn allows_32_levels_and_not_33() {
        assert!(check(nested(32).as_bytes()).is_ok());
        assert_eq!(check(nested(33).as_bytes()).unwrap_err().kind(), Kind::INVALID_REQUEST);
        assert!(check(nested(100_000).as_bytes()).is_err());
    }

    #[test]
    fn names_duplicate_keys_however_they_are_spelled() {
        for (body, pointer) in [
            (r#"{"a":1,"a":2}"#, "/a"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
            (r#"{"x":{"a/b":[],"a/b":{}}}"#, "/x/a~1b"),
        ] {
            let twice = check(body.as_bytes()).unwrap();
            assert_eq!(twice.into_iter().map(|problem| problem.field).collect::<Vec<_>>(), [pointer]);
        }
        let both = check(br#"{"a":1,"b":{"c":1,"c":2},"a":3}"#).unwrap();
        assert_eq!(both.into_iter().map(|problem| problem.field).collect::<Vec<_>>(), ["/b/c", "/a"]);
        assert!(check(br#"[{"a":1},{"a":1}]"#).unwrap().is_empty());
    }

    #[test]
    fn refuses_what_is_not_one_document() {
        for body in ["{", "{}{}", "nul", "'a'", "[1,]", "{\"a\":1e999}", "\u{feff}{}", "\"a\u{0}b\"", "// x"]
        {
            assert!(check(body.as_bytes()).is_err(), "{body}");
        }
    }
}
