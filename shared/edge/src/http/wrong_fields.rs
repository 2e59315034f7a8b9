//! Finds every wrong field of a body. serde stops at the first fault, so the body is repaired there and read again
//! until no fault is left: an unknown member is removed, and a missing or mistyped one gets a placeholder. Only a
//! refused body comes here.
//!
//! serde has its errors only as text. This module reads how the text begins and which type serde expected; the caller's
//! value stands between the two and is never shown.

use super::strict_objects::StrictObjects;
use contracts::problem::FieldProblem;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use serde_path_to_error::{Path, Segment};
use std::collections::BTreeMap;

/// The most faults that are named.
pub(super) const MOST_FAULTS: usize = 100;
/// How often a body is read again: a fault can take two or three placeholders.
const MOST_READS: usize = 4 * MOST_FAULTS;

/// A body after its repair.
pub(crate) struct Repaired<T> {
    /// The body with placeholders for wrong values; `None` when there is too much to repair.
    pub(crate) body: Option<T>,
    /// The faults; empty when only `read_only` members were in the way.
    pub(crate) wrong: Vec<FieldProblem>,
    /// The members that a caller may send but not change.
    pub(super) read_only: Map<String, Value>,
}

/// Reads a body that was refused. Members of the whole body with one of the names in `read_only` are set aside.
pub(crate) fn read_repaired<T: DeserializeOwned>(document: Value, read_only: &[&str]) -> Repaired<T> {
    let mut repair = Repair { document, placeholders: BTreeMap::new(), wrong: Vec::new() };
    let mut set_aside = Map::new();
    if let Value::Object(members) = &mut repair.document {
        for name in read_only {
            if let Some((name, value)) = members.remove_entry(*name) {
                set_aside.insert(name, value);
            }
        }
    }
    let mut body = None;
    for _ in 0..MOST_READS {
        match serde_path_to_error::deserialize::<_, T>(StrictObjects(&repair.document)) {
            Ok(read) => {
                body = Some(read);
                break;
            }
            Err(error) => {
                let fault = Fault::read(error.path(), &error.inner().to_string());
                if repair.wrong.len() >= MOST_FAULTS || repair.mend(fault).is_none() {
                    break;
                }
            }
        }
    }
    Repaired { body, wrong: repair.wrong, read_only: set_aside }
}

struct Repair {
    document: Value,
    /// The number of tried placeholders, by place.
    placeholders: BTreeMap<Vec<Step>, usize>,
    wrong: Vec<FieldProblem>,
}

impl Repair {
    /// Adds a fault and repairs the document there; `None` when it can't be repaired. Faults within a placeholder are
    /// not the caller's.
    fn mend(&mut self, fault: Fault) -> Option<()> {
        let within = (0..=fault.place.len())
            .any(|end| fault.place.get(..end).is_some_and(|before| self.placeholders.contains_key(before)));
        if !within {
            self.wrong.push(fault.problem());
        }
        if fault.kind == FaultKind::Unknown {
            let (last, parent) = fault.place.split_last()?;
            find(&mut self.document, parent)?.as_object_mut()?.remove(last.name()?)?;
            return Some(());
        }
        let tried = self.placeholders.entry(fault.place.clone()).or_default();
        let slot = find(&mut self.document, &fault.place)?;
        let wanted = fault.sample.filter(|sample| sample != slot);
        // serde does not always name the expected type. Then the types are tried one after the other.
        *slot = match wanted {
            Some(wanted) => wanted,
            None => [json!(null), json!(""), json!(0), json!(false), json!([]), json!({})]
                .into_iter()
                .nth(*tried)?,
        };
        *tried += 1;
        (*tried < 12).then_some(())
    }
}

/// The value at a place. A missing member is added.
fn find<'a>(document: &'a mut Value, place: &[Step]) -> Option<&'a mut Value> {
    place.iter().try_fold(document, |value, step| match step {
        Step::Member(name) => Some(value.as_object_mut()?.entry(name.clone()).or_insert(Value::Null)),
        Step::Item(index) => value.get_mut(*index),
    })
}

/// A step from a value to one within it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Member(String),
    Item(usize),
}

impl Step {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Member(name) => Some(name),
            Self::Item(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FaultKind {
    Missing,
    Unknown,
    Variant,
    Range,
    Type,
    Other,
}

/// The fault at which serde stopped.
struct Fault {
    place: Vec<Step>,
    kind: FaultKind,
    /// The expected type, in the words of JSON.
    wanted: String,
    /// A value of that type.
    sample: Option<Value>,
}

impl Fault {
    fn read(path: &Path, error: &str) -> Self {
        let steps = path.iter().filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Member(key.clone())),
            Segment::Seq { index } => Some(Step::Item(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let mut place: Vec<Step> = steps.collect();
        let kind = kind(error);
        if let (FaultKind::Missing, Some(name)) = (kind, error.split('`').nth(1)) {
            place.push(Step::Member(name.to_owned()));
        }
        // The last "expected" is serde's own: the caller's value stands before it.
        let expected = error.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
        let (wanted, sample) = match kind {
            // The names of the variants are not the caller's.
            FaultKind::Variant => (expected.replace('`', ""), expected.split('`').nth(1).map(Value::from)),
            _ => wanted(expected),
        };
        Self { place, kind, wanted, sample }
    }

    fn problem(&self) -> FieldProblem {
        let (code, message) = match self.kind {
            FaultKind::Missing => ("required", "must be given".to_owned()),
            FaultKind::Unknown => ("unknown", "is not a field of this body".to_owned()),
            FaultKind::Variant => ("format", format!("must be {}", self.wanted)),
            FaultKind::Range => ("range", format!("must be {}", self.wanted)),
            FaultKind::Type => ("type", format!("must be {}", self.wanted)),
            FaultKind::Other => ("format", "is not allowed".to_owned()),
        };
        let mut field = String::new();
        for step in &self.place {
            match step {
                Step::Member(name) => push(&mut field, name),
                Step::Item(index) => push(&mut field, &index.to_string()),
            }
        }
        FieldProblem { field, code: code.to_owned(), message }
    }
}

fn kind(error: &str) -> FaultKind {
    let kinds = [
        ("missing field `", FaultKind::Missing),
        ("unknown field `", FaultKind::Unknown),
        ("unknown variant `", FaultKind::Variant),
        ("invalid value: ", FaultKind::Range),
        ("number out of range", FaultKind::Range),
        ("invalid type: ", FaultKind::Type),
        ("invalid length ", FaultKind::Type),
    ];
    kinds
        .iter()
        .find(|(beginning, _)| error.starts_with(beginning))
        .map_or(FaultKind::Other, |(_, kind)| *kind)
}

/// The type that serde expected, in the words of JSON, and a value of that type.
fn wanted(expected: &str) -> (String, Option<Value>) {
    let (words, sample) = match expected {
        "a string" | "a borrowed string" | "string or map" => ("a string", json!("")),
        "a boolean" => ("a boolean", json!(false)),
        "u8" | "u16" | "u32" | "u64" | "usize" => {
            ("a whole number that is not negative and not too large", json!(0))
        }
        "i8" | "i16" | "i32" | "i64" | "isize" => ("a whole number that is not too large", json!(0)),
        "f32" | "f64" => ("a number", json!(0)),
        "a sequence" => ("an array", json!([])),
        "a map" => ("an object", json!({})),
        structure if structure.starts_with("struct ") => ("an object", json!({})),
        // Our own types, which name the types that they expect.
        ours if ours.starts_with("a string or ") => return (ours.to_owned(), Some(json!(""))),
        ours if ours.starts_with("a string, ") => return (ours.to_owned(), Some(json!(""))),
        ours if ours.starts_with("a whole number or ") => return (ours.to_owned(), Some(json!(1))),
        _ => return ("of another type".to_owned(), None),
    };
    (words.to_owned(), Some(sample))
}

/// Appends a name to a JSON pointer (RFC 6901). Names may be the caller's text, so they are cut, and control characters
/// are removed.
pub(super) fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    for c in name.chars().filter(|c| !c.is_control()).take(64) {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}
