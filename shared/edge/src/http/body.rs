//! JSON bodies: checked completely in one pass before they are deserialized, with problems that name the wrong field by
//! JSON pointer (RFC 6901). An answer must never repeat a value of the caller.

use super::Request;
use super::strict_objects::from_document;
use super::syntax::{CheckedJson, check};
use super::whole_numbers::as_integers;
use super::wrong_fields::{Repaired, read_repaired};
use crate::Problem;
use crate::problem::Kind;
use contracts::problem::FieldProblem;
use domain::InvalidFields;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The most bytes of a body.
const LARGEST: usize = 256 * 1024;
/// The most bytes of a body on routes that call a model. As JSON in the event the body is up to twice as long, which is
/// still below Lambda's 6 MB. It is longer than the context of most models.
const LARGEST_PROMPT: usize = 2 * 1024 * 1024;

/// The limit of a body.
struct BodyLimit {
    bytes: usize,
    /// The greatest nesting of objects and arrays.
    depth: usize,
    /// The detail of the answer to a longer body.
    message: &'static str,
}

const USUAL: BodyLimit = BodyLimit { bytes: LARGEST, depth: 32, message: "At most 256 KiB are allowed." };
/// Schemas are deep: each object that may be null adds five levels, so this is room for twenty of them in each other.
/// serde_json reads no more than 127.
const PROMPT: BodyLimit =
    BodyLimit { bytes: LARGEST_PROMPT, depth: 120, message: "At most 2 MiB are allowed." };

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

    /// The same for prompts to models: 413 above 2 MiB, 400 when it is nested deeper than 120.
    pub fn long_json<T: DeserializeOwned>(
        &self,
        judge: impl FnOnce(&T) -> Result<(), InvalidFields>,
    ) -> Result<T, Problem> {
        self.read_json(&PROMPT, &[], judge).map(|replacement| replacement.body)
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
        self.check_media_type()?;
        read_json(&self.body, limit, read_only, judge)
    }
}

/// The JSON text of a prompt to a model as a `T`, with the problems that [`Request::long_json`] has: for prompts that
/// don't come in a request of their own.
pub fn read_prompt<T: DeserializeOwned>(
    text: &[u8],
    judge: impl FnOnce(&T) -> Result<(), InvalidFields>,
) -> Result<T, Problem> {
    read_json(text, &PROMPT, &[], judge).map(|replacement| replacement.body)
}

fn read_json<T: DeserializeOwned>(
    text: &[u8],
    limit: &BodyLimit,
    read_only: &[&str],
    judge: impl FnOnce(&T) -> Result<(), InvalidFields>,
) -> Result<Replacement<T>, Problem> {
    let CheckedJson { twice: mut wrong, has_arrays } = check_json(text, limit)?;
    if wrong.is_empty()
        && let Some(body) = read_at_once(text, has_arrays)
    {
        return Ok(Replacement { body, read_only: Map::new() });
    }
    let mut document = serde_json::from_slice(text).map_err(Problem::internal)?;
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
        None if wrong.is_empty() => Err(Problem::invalid_request("The body is not what this route takes.")),
        None => Err(Problem::fields(wrong)),
    }
}

/// The body as a `T`, if it has the right form. An array could stand in the place of an object, which only a document
/// tells; a body without arrays needs none.
fn read_at_once<T: DeserializeOwned>(text: &[u8], has_arrays: bool) -> Option<T> {
    if has_arrays {
        from_document(&serde_json::from_slice(text).ok()?).ok()
    } else {
        serde_json::from_slice(text).ok()
    }
}

/// Refuses a body that is not a JSON object of the right size.
fn check_json(text: &[u8], limit: &BodyLimit) -> Result<CheckedJson, Problem> {
    if text.len() > limit.bytes {
        return Err(Problem::new(Kind::BODY_TOO_LARGE).with_detail(limit.message));
    }
    if text.is_empty() {
        return Err(Problem::invalid_request("The body is missing."));
    }
    if let Err(error) = std::str::from_utf8(text) {
        let at = error.valid_up_to() + 1;
        return Err(Problem::invalid_request(format!(
            "The body is not UTF-8: byte {at} is part of no character."
        )));
    }
    let checked = check(text, limit.depth)?;
    // serde would accept the items of an array as the members in their order.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::field("", "type", "must be an object"));
    }
    Ok(checked)
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
