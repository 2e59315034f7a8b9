//! JSON bodies: checked as a whole in one pass before anything is made of them, and problems that name the wrong field by
//! JSON pointer (RFC 6901). An answer must never repeat a value that the caller sent.

use super::Request;
use crate::Problem;
use crate::problem::Kind;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::Segment;
use std::collections::HashSet;
use std::fmt;

/// Bytes of the largest body.
const LARGEST: usize = 256 * 1024;
/// Bytes of the largest body that is a question to a model. Twice as long as JSON in the event it still is below Lambda's
/// 6 MB, and it is longer than the context of most models.
const LARGEST_QUESTION: usize = 2 * 1024 * 1024;
/// How deep objects and arrays may be nested.
const DEEPEST: usize = 32;

impl Request {
    /// The JSON body as a `T`. 415 unless it is `application/json`, 413 above 256 KiB; 400 when it is not JSON, nested
    /// deeper than 32, names a key twice, or is not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.json_up_to(LARGEST, "At most 256 KiB are allowed.")
    }

    /// The same for questions to models: 413 above 2 MiB.
    pub fn long_json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.json_up_to(LARGEST_QUESTION, "At most 2 MiB are allowed.")
    }

    fn json_up_to<T: DeserializeOwned>(&self, largest: usize, too_large: &str) -> Result<T, Problem> {
        self.check_json(largest, too_large)?;
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| wrong_field(error.path(), &error.inner().to_string()))
    }

    fn check_json(&self, largest: usize, too_large: &str) -> Result<(), Problem> {
        let media_type =
            self.header("Content-Type").and_then(|value| value.split(';').next()).unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(Kind::UNSUPPORTED_MEDIA_TYPE).with_detail("Send application/json."));
        }
        if self.body.len() > largest {
            return Err(Problem::new(Kind::BODY_TOO_LARGE).with_detail(too_large));
        }
        if self.body.is_empty() {
            return Err(Problem::invalid_request("The body is missing."));
        }
        if std::str::from_utf8(&self.body).is_err() {
            return Err(Problem::invalid_request("The body is not UTF-8."));
        }
        check(&self.body)
    }
}

/// What is wrong with a document, beyond its syntax.
enum Fault {
    TooDeep,
    Duplicate(String),
}

/// Reads a document without keeping it.
struct Check {
    /// JSON pointer to where it is.
    pointer: String,
    depth: usize,
    fault: Option<Fault>,
}

fn check(body: &[u8]) -> Result<(), Problem> {
    let mut state = Check { pointer: String::new(), depth: 0, fault: None };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = Element(&mut state).deserialize(&mut reader).and_then(|()| reader.end());
    match (state.fault, read) {
        (Some(Fault::TooDeep), _) => {
            Err(Problem::invalid_request(format!("The body is nested deeper than {DEEPEST}.")))
        }
        (Some(Fault::Duplicate(pointer)), _) => {
            Err(Problem::field(&pointer, "duplicate", "must be given once"))
        }
        (None, Err(error)) => Err(Problem::invalid_request(format!(
            "The body is not JSON: line {}, column {}.",
            error.line(),
            error.column()
        ))),
        (None, Ok(())) => Ok(()),
    }
}

struct Element<'a>(&'a mut Check);

impl Element<'_> {
    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.0.depth += 1;
        if self.0.depth > DEEPEST {
            self.0.fault = Some(Fault::TooDeep);
            return Err(E::custom("too deep"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
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
            if !seen.insert(key) {
                self.0.fault = Some(Fault::Duplicate(std::mem::take(&mut self.0.pointer)));
                return Err(A::Error::custom("duplicate key"));
            }
            entries.next_value_seed(Element(&mut *self.0))?;
            self.0.pointer.truncate(parent);
        }
        self.0.depth -= 1;
        Ok(())
    }
}

/// Appends a key to a JSON pointer. Keys may be the caller's own, so they are cut and freed from control characters.
fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    for c in key.chars().filter(|c| !c.is_control()).take(64) {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// The problem for a body that is JSON but not what is asked for. serde has its errors as text only, so this reads how
/// the text begins; it can quote the caller's value, so nothing before what was expected is shown.
fn wrong_field(path: &serde_path_to_error::Path, error: &str) -> Problem {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Enum { variant } => push(&mut pointer, variant),
            Segment::Unknown => push(&mut pointer, "?"),
        }
    }
    if let Some(field) = error.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        push(&mut pointer, field);
        return Problem::field(&pointer, "required", "must be given");
    }
    if error.starts_with("unknown field `") {
        return Problem::field(&pointer, "unknown", "is not a field of this body");
    }
    if error.starts_with("unknown variant `") {
        return Problem::field(&pointer, "format", "is not one of the allowed values");
    }
    if error.starts_with("invalid value: ") || error.starts_with("number out of range") {
        return Problem::field(&pointer, "range", format!("must be {}", expected(error)));
    }
    if error.starts_with("invalid type: ") || error.starts_with("invalid length ") {
        return Problem::field(&pointer, "type", format!("must be {}", expected(error)));
    }
    Problem::field(&pointer, "format", "is not allowed")
}

/// What serde wanted, in the words of JSON. The last "expected" is serde's: the caller's value stands before it.
fn expected(error: &str) -> &'static str {
    let wanted = error.rsplit_once(", expected ").map_or("", |(_, wanted)| wanted);
    let wanted = wanted.split(" at line ").next().unwrap_or_default();
    match wanted {
        "a string" | "a borrowed string" | "string or map" => "a string",
        "a boolean" => "a boolean",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative and not too large",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number that is not too large",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        wanted if wanted.starts_with("struct ") => "an object",
        _ => "of another type",
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
            let problem = check(body.as_bytes()).unwrap_err();
            assert_eq!(problem.errors().first().unwrap().field, pointer);
        }
        assert!(check(br#"[{"a":1},{"a":1}]"#).is_ok());
    }

    #[test]
    fn refuses_what_is_not_one_document() {
        for body in ["{", "{}{}", "nul", "'a'", "[1,]", "{\"a\":1e999}", "\u{feff}{}", "\"a\u{0}b\"", "// x"]
        {
            assert!(check(body.as_bytes()).is_err(), "{body}");
        }
    }
}
