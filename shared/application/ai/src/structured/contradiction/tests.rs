use super::contradiction;
use serde_json::{Map, Value, json};

/// An object with one required member of this schema.
fn with(member: Value) -> Value {
    json!({"type": "object", "required": ["a"], "properties": {"a": member}})
}

#[test]
fn what_nothing_matches_is_seen() {
    for (schema, keyword) in [
        (json!(false), "false"),
        (json!({"type": "object", "minProperties": 1, "maxProperties": 0}), "minProperties"),
        (json!({"type": "object", "required": ["a", "b"], "maxProperties": 1}), "required"),
        (json!({"type": "object", "required": ["a"], "additionalProperties": false}), "required"),
        (
            json!({"type": "object", "minProperties": 2, "additionalProperties": false, "properties": {"a": {}}}),
            "minProperties",
        ),
        (
            json!({"type": "object", "minProperties": 1, "additionalProperties": false, "properties": {"a": false}}),
            "minProperties",
        ),
        (json!({"type": "object", "required": ["a"], "propertyNames": {"maxLength": 0}}), "propertyNames"),
        (json!({"type": "object", "required": ["a"], "propertyNames": false}), "propertyNames"),
        (
            json!({"type": "object", "required": ["a"], "dependentRequired": {"a": ["b"]}, "maxProperties": 1}),
            "required",
        ),
        (
            json!({"type": "object", "required": ["a"], "dependentSchemas": {"a": {"maxProperties": 0}}}),
            "required",
        ),
        (json!({"type": "object", "not": {}}), "false"),
        (json!({"type": "object", "const": 3}), "enum"),
        (json!({"type": "object", "enum": ["a", 1, null]}), "enum"),
        (json!({"type": "object", "required": ["a"], "enum": [{}, {"b": 1}]}), "enum"),
        (with(json!(false)), "required"),
        (with(json!({"type": "string", "minLength": 3, "maxLength": 2})), "required"),
        (with(json!({"type": "string", "enum": []})), "required"),
        (with(json!({"type": "string", "enum": [1, 2]})), "required"),
        (with(json!({"type": "string", "const": "abc", "maxLength": 2})), "required"),
        (with(json!({"enum": ["a", "b"], "const": "c"})), "required"),
        (with(json!({"type": "integer", "minimum": 5, "maximum": 4})), "required"),
        (with(json!({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2})), "required"),
        (with(json!({"type": "number", "minimum": 1, "exclusiveMaximum": 1})), "required"),
        (with(json!({"type": "integer", "minimum": 1, "maximum": 6, "multipleOf": 7})), "required"),
        (with(json!({"type": "number", "minimum": 0.11, "maximum": 0.19, "multipleOf": 0.1})), "required"),
        (with(json!({"type": "array", "minItems": 2, "maxItems": 1})), "required"),
        (with(json!({"type": "array", "minItems": 1, "items": false})), "required"),
        (with(json!({"type": "array", "minItems": 2, "prefixItems": [{}], "items": false})), "required"),
        (with(json!({"type": "array", "contains": false})), "required"),
        (with(json!({"type": "array", "contains": {}, "maxItems": 0})), "required"),
        (with(json!({"type": "array", "contains": {}, "minContains": 3, "maxContains": 2})), "required"),
        (
            with(json!({"type": "array", "uniqueItems": true, "minItems": 3, "items": {"type": "boolean"}})),
            "required",
        ),
        (with(json!({"allOf": [{"type": "string"}, {"type": "number"}]})), "required"),
        (with(json!({"type": "string", "allOf": [{"minLength": 5}, {"maxLength": 4}]})), "required"),
        (with(json!({"type": "string", "anyOf": [{"type": "number"}, {"type": "null"}]})), "required"),
        (with(json!({"type": "string", "oneOf": [{"const": 1}, false]})), "required"),
        (with(json!({"type": "string", "not": {"type": "string"}})), "required"),
        (with(json!({"type": []})), "required"),
        (
            json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}},
                   "$defs": {"a": {"type": "array", "minItems": 1, "maxItems": 0}}}),
            "required",
        ),
        // A tree without leaves.
        (json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}), "required"),
        (with(json!({"type": "array", "minItems": 1, "items": {"$ref": "#"}})), "required"),
    ] {
        assert_eq!(contradiction(&schema), Some(keyword), "{schema}");
    }
}

#[test]
fn what_something_matches_is_left_alone() {
    for schema in [
        json!({"type": "object"}),
        json!({"type": "object", "minProperties": 1}),
        json!({"type": "object", "properties": {"a": false}}),
        json!({"type": "object", "properties": {"a": {"$ref": "#"}}}),
        json!({"type": "object", "required": ["a"], "additionalProperties": false, "patternProperties": {"^a$": {}}}),
        json!({"type": "object", "required": ["a"], "additionalProperties": {"type": "string"}}),
        with(json!({"type": ["string", "null"], "minLength": 3, "maxLength": 2})),
        with(json!({"minLength": 3, "maxLength": 2})),
        with(json!({"type": "number", "minimum": 1, "maximum": 1})),
        with(json!({"type": "integer", "minimum": 0.3, "maximum": 1.2})),
        with(json!({"type": "number", "minimum": 0.3, "maximum": 0.3, "multipleOf": 0.1})),
        with(json!({"type": "array", "items": {"$ref": "#"}})),
        with(json!({"type": "array", "items": false})),
        with(json!({"type": "array", "contains": false, "minContains": 0})),
        with(json!({"anyOf": [{"type": "null"}, {"$ref": "#"}]})),
        with(json!({"enum": [1.0], "const": 1})),
        json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "required": ["a"],
               "properties": {"a": {"$ref": "#/definitions/a", "type": "string"}},
               "definitions": {"a": {"type": "number"}}}),
    ] {
        assert_eq!(contradiction(&schema), None, "{schema}");
    }
}

/// Repeatable numbers: xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn value(&mut self, depth: u64) -> Value {
        match self.below(if depth > 2 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.below(5)),
            3 => json!(self.below(10) as f64 / 2.0),
            4 => json!("x".repeat(usize::try_from(self.below(4)).unwrap())),
            5 => (0..self.below(3)).map(|_| self.value(depth + 1)).collect(),
            _ => self.object(depth),
        }
    }

    fn object(&mut self, depth: u64) -> Value {
        let members = (0..self.below(4)).map(|_| (self.name(), self.value(depth + 1)));
        Value::Object(members.collect())
    }

    fn name(&mut self) -> String {
        ["a", "b", "c"][usize::try_from(self.below(3)).unwrap()].to_owned()
    }

    fn schema(&mut self, depth: u64) -> Value {
        if depth > 3 || self.below(12) == 0 {
            return json!(self.below(4) != 0);
        }
        let mut schema = Map::new();
        for _ in 0..=self.below(4) {
            let (keyword, value) = match self.below(20) {
                0 => ("minProperties", json!(self.below(3))),
                1 => ("maxProperties", json!(self.below(3))),
                2 => ("required", json!([self.name()])),
                3 => ("additionalProperties", self.schema(depth + 1)),
                4 => ("minLength", json!(self.below(3))),
                5 => ("maxLength", json!(self.below(3))),
                6 => ("minimum", json!(self.below(8) as f64 / 2.0)),
                7 => ("exclusiveMaximum", json!(self.below(8) as f64 / 2.0)),
                8 => ("multipleOf", json!(0.5 + self.below(4) as f64 / 2.0)),
                9 => ("minItems", json!(self.below(3))),
                10 => ("maxItems", json!(self.below(3))),
                11 => ("items", self.schema(depth + 1)),
                12 => ("prefixItems", json!([self.schema(depth + 1)])),
                13 => ("contains", self.schema(depth + 1)),
                14 => ("enum", json!([self.value(1), self.value(1)])),
                15 => ("not", self.schema(depth + 1)),
                16 => ("anyOf", json!([self.schema(depth + 1), self.schema(depth + 1)])),
                17 => ("allOf", json!([self.schema(depth + 1), self.schema(depth + 1)])),
                18 => ("propertyNames", self.schema(depth + 1)),
                _ => {
                    let kinds = ["null", "boolean", "integer", "number", "string", "array", "object"];
                    ("type", json!(kinds[usize::try_from(self.below(7)).unwrap()]))
                }
            };
            schema.insert(keyword.to_owned(), value);
        }
        if self.below(2) == 0 {
            schema.insert(
                "properties".to_owned(),
                json!({"a": self.schema(depth + 1), "b": self.schema(depth + 1)}),
            );
        }
        Value::Object(schema)
    }
}

#[test]
fn no_schema_that_something_matches_is_called_a_contradiction() {
    let mut numbers = Numbers(0x5eed_0007);
    let (mut seen, mut matched) = (0, 0);
    for _ in 0..3000 {
        let schema = numbers.schema(0);
        let validator = jsonschema::validator_for(&schema).unwrap();
        let why = contradiction(&schema);
        seen += u32::from(why.is_some());
        let found = (0..40).map(|_| numbers.value(0)).find(|value| validator.is_valid(value));
        if let Some(value) = found {
            matched += 1;
            assert_eq!(why, None, "{value} matches {schema}");
        }
    }
    assert!(seen > 100 && matched > 1000, "{seen} contradictions, {matched} with a value");
}
