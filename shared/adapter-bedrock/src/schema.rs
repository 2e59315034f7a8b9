//! Schemas as Nova takes them: at the root of a tool's schema it allows `type`, `properties` and `required` alone, so
//! definitions cannot stand there. References to them are replaced by what they refer to. The gateway checks a completion
//! against the caller's own schema all the same.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

/// The greatest nesting at which a reference is still replaced.
const MOST_DEPTH: usize = 150;

/// The members of a root that Nova allows.
const ROOT: [&str; 3] = ["type", "properties", "required"];

/// The schema in the form that the model takes.
pub(crate) fn schema_for<'a>(model: &str, schema: &'a Value) -> Cow<'a, Value> {
    match schema.as_object() {
        Some(root)
            if model.contains("amazon.nova") && root.keys().any(|name| !ROOT.contains(&name.as_str())) =>
        {
            // Definitions that refer to each other can multiply without end. The schema becomes twice as long at most,
            // which the amount set aside for the prompt allows.
            let left = schema.to_string().len();
            let mut inlining = Inlining { root: schema, path: Vec::new(), left, lengths: HashMap::new() };
            let members = root.iter().filter(|(name, _)| ROOT.contains(&name.as_str()));
            let members = members.map(|(name, value)| (name.clone(), inlining.inlined(value, 0)));
            Cow::Owned(Value::Object(members.collect::<Map<_, _>>()))
        }
        _ => Cow::Borrowed(schema),
    }
}

struct Inlining<'a> {
    root: &'a Value,
    /// The references that are being replaced.
    path: Vec<&'a str>,
    /// The bytes that may still be added.
    left: usize,
    /// The length of what a reference leads to, in bytes.
    lengths: HashMap<&'a str, usize>,
}

impl<'a> Inlining<'a> {
    fn inlined(&mut self, value: &'a Value, depth: usize) -> Value {
        match value {
            Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.target(reference, members, depth + 1),
                None => {
                    let part =
                        |(name, part): (&String, &'a Value)| (name.clone(), self.inlined(part, depth + 1));
                    Value::Object(members.iter().map(part).collect())
                }
            },
            Value::Array(parts) => parts.iter().map(|part| self.inlined(part, depth + 1)).collect(),
            other => other.clone(),
        }
    }

    /// The schema that a reference leads to, with the members beside the reference. A schema within itself, and one for
    /// which there is no room, is replaced by one for any value.
    fn target(&mut self, reference: &'a str, beside: &'a Map<String, Value>, depth: usize) -> Value {
        let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let mut found = match target {
            Some(target) if depth <= MOST_DEPTH && !self.path.contains(&reference) => {
                let length = *self.lengths.entry(reference).or_insert_with(|| target.to_string().len());
                match self.left.checked_sub(length) {
                    Some(left) => {
                        self.left = left;
                        self.path.push(reference);
                        let found = self.inlined(target, depth);
                        self.path.pop();
                        found
                    }
                    None => Value::Object(Map::new()),
                }
            }
            _ => Value::Object(Map::new()),
        };
        if let Value::Object(members) = &mut found {
            for (name, part) in beside.iter().filter(|(name, _)| *name != "$ref") {
                let part = self.inlined(part, depth);
                members.insert(name.clone(), part);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOVA: &str = "us.amazon.nova-pro-v1:0";

    #[test]
    fn nova_gets_definitions_where_they_are_used() {
        let city = json!({"type": "object", "properties": {"name": {"type": "string"}}});
        let schema = json!({
            "$defs": {"City": city, "Pair": {"type": "array", "items": {"$ref": "#/$defs/City"}}},
            "title": "Trip", "type": "object", "required": ["from"], "additionalProperties": false,
            "properties": {"from": {"$ref": "#/$defs/City", "description": "Where from."}, "via": {"$ref": "#/$defs/Pair"}},
        });
        let mut from = city.clone();
        from["description"] = json!("Where from.");
        let expected = json!({
            "type": "object", "required": ["from"],
            "properties": {"from": from, "via": {"type": "array", "items": city}},
        });
        assert_eq!(*schema_for(NOVA, &schema), expected);
        assert_eq!(*schema_for("us.anthropic.claude-sonnet-4-6", &schema), schema);
        assert!(matches!(schema_for(NOVA, &expected), Cow::Borrowed(_)));
    }

    #[test]
    fn a_tree_ends_and_definitions_that_multiply_do_too() {
        let tree = json!({
            "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
            "type": "object", "properties": {"root": {"$ref": "#/$defs/Node"}},
        });
        let root = json!({"type": "object", "properties": {"next": {}}});
        assert_eq!(*schema_for(NOVA, &tree), json!({"type": "object", "properties": {"root": root}}));
        let twice = |at: usize| {
            let next = json!({"$ref": format!("#/$defs/D{}", at + 1)});
            (format!("D{at}"), json!({"type": "object", "properties": {"a": next, "b": next}}))
        };
        let definitions: Map<String, Value> = (0..40).map(twice).collect();
        let many =
            json!({"$defs": definitions, "type": "object", "properties": {"x": {"$ref": "#/$defs/D0"}}});
        assert!(schema_for(NOVA, &many).to_string().len() <= 2 * many.to_string().len());
        // One long definition that is used often, and a chain of definitions as deep as a body allows.
        let long = json!({"type": "string", "description": "x".repeat(100_000)});
        let used: Map<String, Value> =
            (0..4_000).map(|at| (format!("a{at}"), json!({"$ref": "#/$defs/D"}))).collect();
        let often = json!({"$defs": {"D": long}, "type": "object", "properties": used});
        assert!(schema_for(NOVA, &often).to_string().len() <= 2 * often.to_string().len());
        let link = |at: usize| {
            let next = json!({"properties": {"a": {"$ref": format!("#/$defs/D{}", at + 1)}}});
            (format!("D{at}"), next)
        };
        let chain: Map<String, Value> = (0..6_000).map(link).collect();
        let deep = json!({"$defs": chain, "type": "object", "properties": {"x": {"$ref": "#/$defs/D0"}}});
        assert!(schema_for(NOVA, &deep).to_string().len() < 10_000);
    }
}
