//! Resolves the references of a schema, and decides whether validation by it ends. A validator follows references and
//! combinations without looking ahead: a schema that refers to itself in place never ends, and one that doubles itself
//! thirty times takes hours. Callers write schemas, so both are refused before a validator sees them.

use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The most steps of validating one value, without those for its parts.
const MOST_STEPS: u64 = 10_000;
/// The greatest nesting of references and combinations.
const MOST_DEPTH: usize = 100;
/// Keywords whose schemas apply to the same value.
const COMBINATIONS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const CONDITIONS: [&str; 4] = ["not", "if", "then", "else"];
/// Keywords that hold values and no schemas.
const VALUES: [&str; 4] = ["const", "enum", "default", "examples"];
/// Keywords that change the meaning of references.
const UNSUPPORTED: [&str; 4] = ["$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor"];

/// The schema that a reference leads to; `None` when it is not within `root`.
pub(super) fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = percent_encoding::percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
    root.pointer(&pointer)
}

/// Whether keywords beside `$ref` are ignored, as in the drafts before 2019-09.
pub(super) fn only_ref_counts(root: &Value) -> bool {
    let draft = root.get("$schema").and_then(Value::as_str).unwrap_or_default();
    ["draft-03", "draft-04", "draft-06", "draft-07"].iter().any(|old| draft.contains(old))
}

/// The reason why no validator may be made of this schema, if there is one.
pub(super) fn endless(root: &Value) -> Option<String> {
    let mut measured = Measured { root, steps: HashMap::new(), on_path: HashSet::new() };
    walk(root, true, &mut |schema, is_root| {
        if let Some(keyword) = UNSUPPORTED.into_iter().find(|keyword| schema.contains_key(*keyword)) {
            return Some(format!("must not have {keyword}"));
        }
        if !is_root && schema.get("$id").is_some_and(Value::is_string) {
            return Some("must not have $id below its root".to_owned());
        }
        match measured.steps_of(schema, 0) {
            Ok(steps) if steps <= MOST_STEPS => None,
            Ok(_) | Err(Endless::Deep) => {
                Some("is too complex: its references and combinations multiply".to_owned())
            }
            Err(Endless::Circle) => Some("refers to itself without end".to_owned()),
            Err(Endless::Outside) => Some("must be a JSON Schema without outside references".to_owned()),
        }
    })
}

/// Calls `judge` for every object of a schema that may be a schema itself, until it objects.
fn walk<'a>(
    value: &'a Value,
    is_root: bool,
    judge: &mut impl FnMut(&'a Map<String, Value>, bool) -> Option<String>,
) -> Option<String> {
    match value {
        Value::Object(schema) => judge(schema, is_root).or_else(|| {
            let parts = schema.iter().filter(|(keyword, _)| !VALUES.contains(&keyword.as_str()));
            parts.into_iter().find_map(|(_, part)| walk(part, false, judge))
        }),
        Value::Array(parts) => parts.iter().find_map(|part| walk(part, false, judge)),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Endless {
    Circle,
    Deep,
    Outside,
}

struct Measured<'a> {
    root: &'a Value,
    /// Keyed by the address of the schema, which does not move.
    steps: HashMap<*const Map<String, Value>, u64>,
    on_path: HashSet<*const Map<String, Value>>,
}

impl<'a> Measured<'a> {
    /// The steps of validating one value by this schema.
    fn steps_of(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Result<u64, Endless> {
        let address = std::ptr::from_ref(schema);
        if let Some(steps) = self.steps.get(&address) {
            return Ok(*steps);
        }
        if depth > MOST_DEPTH {
            return Err(Endless::Deep);
        }
        if !self.on_path.insert(address) {
            return Err(Endless::Circle);
        }
        let mut steps = 1_u64;
        for part in self.in_place(schema)? {
            if let Value::Object(part) = part {
                steps = steps.saturating_add(self.steps_of(part, depth + 1)?);
            }
        }
        self.on_path.remove(&address);
        self.steps.insert(address, steps);
        Ok(steps)
    }

    /// The schemas that apply to the same value as this one.
    fn in_place(&self, schema: &'a Map<String, Value>) -> Result<Vec<&'a Value>, Endless> {
        let mut parts: Vec<&Value> = Vec::new();
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let root = self.root;
            match target(root, reference) {
                Some(target) => parts.push(target),
                // An anchor, which the validator finds, or nothing, which it refuses.
                None if reference.starts_with('#') => parts.extend(anchored(root, reference)),
                None => return Err(Endless::Outside),
            }
        }
        for keyword in COMBINATIONS {
            parts.extend(schema.get(keyword).and_then(Value::as_array).into_iter().flatten());
        }
        parts.extend(CONDITIONS.iter().filter_map(|keyword| schema.get(*keyword)));
        for keyword in ["dependentSchemas", "dependencies"] {
            let of = schema.get(keyword).and_then(Value::as_object);
            parts.extend(of.into_iter().flat_map(Map::values));
        }
        Ok(parts)
    }
}

/// The schema with this `$anchor`.
fn anchored<'a>(value: &'a Value, reference: &str) -> Option<&'a Value> {
    match value {
        Value::Object(schema) => {
            let named = schema.get("$anchor").and_then(Value::as_str);
            if named.is_some() && named == reference.strip_prefix('#') {
                return Some(value);
            }
            schema.values().find_map(|part| anchored(part, reference))
        }
        Value::Array(parts) => parts.iter().find_map(|part| anchored(part, reference)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_refers_to_itself_in_place_or_multiplies_is_refused() {
        let doubled: Map<String, Value> = (0..40)
            .map(|at| {
                let next = json!({"$ref": format!("#/$defs/{}", at + 1)});
                (at.to_string(), json!({"allOf": [next, next]}))
            })
            .chain([("40".to_owned(), json!({"type": "string"}))])
            .collect();
        let chained: Map<String, Value> = (0..500)
            .map(|at| (at.to_string(), json!({"$ref": format!("#/$defs/{}", at + 1)})))
            .chain([("500".to_owned(), json!(true))])
            .collect();
        for (schema, says) in [
            (
                json!({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}),
                "itself",
            ),
            (
                json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
                "itself",
            ),
            (json!({"$defs": {"a": {"$anchor": "here", "allOf": [{"$ref": "#here"}]}}}), "itself"),
            (
                json!({"properties": {"x": {"$ref": "#/%24defs/a"}}, "$defs": {"a": {"$ref": "#/%24defs/a"}}}),
                "itself",
            ),
            (json!({"properties": {"a": {"$ref": "#/$defs/0"}}, "$defs": doubled}), "multiply"),
            (json!({"properties": {"a": {"$ref": "#/$defs/0"}}, "$defs": chained}), "multiply"),
            (json!({"properties": {"a": {"$ref": "https://example.com/a"}}}), "outside"),
            (json!({"properties": {"a": {"$dynamicRef": "#a"}}}), "$dynamicRef"),
            (json!({"properties": {"a": {"$id": "b"}}}), "$id"),
        ] {
            let why = endless(&schema).unwrap_or_default();
            assert!(why.contains(says), "{schema}: {why}");
        }
    }

    #[test]
    fn ordinary_references_are_taken() {
        for schema in [
            json!({"type": "object", "properties": {"child": {"$ref": "#"}}}),
            json!({"$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a"}, "y": {"$ref": "#/$defs/a"}}}),
            json!({"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}}),
            json!({"enum": [{"$ref": "#"}], "default": {"$dynamicRef": "x"}}),
        ] {
            assert_eq!(endless(&schema), None, "{schema}");
        }
    }
}
