//! Schemas that one value must match at the same time: given ones, and those that they refer to or combine.

use super::members;
use super::value;
use crate::structured::references::{only_ref_counts, target};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Kinds of values, as bits.
#[derive(Clone, Copy)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    pub(super) const FRACTION: Self = Self(8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);
    const ALL: Self = Self(127);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds that a `type` allows.
    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self(Self::INTEGER.0 | Self::FRACTION.0),
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self::ALL,
        }
    }

    fn of_keyword(kind: &Value) -> Self {
        match kind {
            Value::String(name) => Self::named(name),
            Value::Array(names) => {
                let bits = names.iter().filter_map(Value::as_str).map(|name| Self::named(name).0);
                Self(bits.fold(0, |all, one| all | one))
            }
            _ => Self::ALL,
        }
    }

    /// The kind of a value.
    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) => {
                let whole = number.as_f64().is_none_or(|number| number.fract() == 0.0);
                if whole { Self::INTEGER } else { Self::FRACTION }
            }
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }
}

/// Schemas that apply together.
pub(super) struct Parts<'a> {
    pub(super) schemas: Vec<&'a Value>,
    /// Whether one of them is `false`.
    pub(super) never: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn of(root: &'a Value, schemas: &[&'a Value]) -> Self {
        let mut parts = Self { schemas: Vec::new(), never: false };
        schemas.iter().for_each(|schema| parts.add(root, schema));
        parts
    }

    /// These schemas and one more.
    pub(super) fn and(&self, root: &'a Value, schema: &'a Value) -> Self {
        let mut parts = Self { schemas: self.schemas.clone(), never: self.never };
        parts.add(root, schema);
        parts
    }

    fn add(&mut self, root: &'a Value, schema: &'a Value) {
        match schema {
            Value::Bool(false) => self.never = true,
            Value::Object(members) => {
                if self.schemas.iter().any(|known| std::ptr::eq(*known, schema)) {
                    return;
                }
                self.schemas.push(schema);
                if let Some(reference) = members.get("$ref").and_then(Value::as_str)
                    && let Some(target) = target(root, reference)
                {
                    if only_ref_counts(root) {
                        self.schemas.pop();
                    }
                    self.add(root, target);
                    if only_ref_counts(root) {
                        return;
                    }
                }
                for part in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                    self.add(root, part);
                }
                if members.get("not").is_some_and(matches_all) {
                    self.never = true;
                }
            }
            _ => {}
        }
    }

    /// A key that is the same for the same schemas.
    pub(super) fn key(&self) -> Vec<*const Value> {
        let mut key: Vec<*const Value> =
            self.schemas.iter().map(|schema| std::ptr::from_ref(*schema)).collect();
        key.sort_unstable();
        key
    }

    fn objects(&self) -> impl Iterator<Item = &'a Map<String, Value>> + '_ {
        self.schemas.iter().filter_map(|schema| schema.as_object())
    }

    /// The values of a keyword in all schemas.
    pub(super) fn of_keyword(&self, keyword: &'static str) -> impl Iterator<Item = &'a Value> + '_ {
        self.objects().filter_map(move |schema| schema.get(keyword))
    }

    pub(super) fn numbers(&self, keyword: &'static str) -> impl Iterator<Item = f64> + '_ {
        self.of_keyword(keyword).filter_map(Value::as_f64)
    }

    pub(super) fn greatest(&self, keyword: &'static str) -> Option<f64> {
        self.numbers(keyword).reduce(f64::max)
    }

    pub(super) fn least(&self, keyword: &'static str) -> Option<f64> {
        self.numbers(keyword).reduce(f64::min)
    }

    pub(super) fn types(&self) -> Types {
        let mut bits = Types::ALL.0;
        for kind in self.of_keyword("type") {
            bits &= Types::of_keyword(kind).0;
        }
        // `not` with a type alone removes kinds.
        for kind in self.of_keyword("not").filter_map(Value::as_object).filter(|not| not.len() == 1) {
            bits &= !kind.get("type").map_or(0, |kind| Types::of_keyword(kind).0);
        }
        Types(bits)
    }

    /// The allowed values, when `const` or `enum` names them.
    pub(super) fn values(&self) -> Option<Vec<&'a Value>> {
        if let Some(only) = self.of_keyword("const").next() {
            return Some(vec![only]);
        }
        self.of_keyword("enum").find_map(Value::as_array).map(|values| values.iter().collect())
    }

    pub(super) fn choices(&self) -> Vec<(&'static str, &'a Vec<Value>)> {
        let of = |keyword: &'static str| {
            self.of_keyword(keyword).filter_map(Value::as_array).map(move |branches| (keyword, branches))
        };
        of("anyOf").chain(of("oneOf")).collect()
    }

    /// The names of required members, including those that other members require.
    pub(super) fn required(&self) -> BTreeSet<&'a str> {
        let texts = |names: &'a Value| names.as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut required: BTreeSet<&str> = self.of_keyword("required").flat_map(texts).collect();
        loop {
            let known = required.len();
            for dependents in self.of_keyword("dependentRequired").filter_map(Value::as_object) {
                for (name, names) in dependents {
                    if required.contains(name.as_str()) {
                        required.extend(texts(names));
                    }
                }
            }
            if required.len() == known {
                return required;
            }
        }
    }

    /// The schemas that apply because these members are present.
    pub(super) fn depending_on(&self, names: &BTreeSet<&str>) -> Vec<&'a Value> {
        let dependents = self.objects().filter_map(|schema| members(schema, "dependentSchemas"));
        dependents
            .flatten()
            .filter(|(name, _)| names.contains(name.as_str()))
            .map(|(_, schema)| schema)
            .collect()
    }

    /// The schemas for a member of this name.
    pub(super) fn member(&self, name: &str) -> Vec<&'a Value> {
        let of = |schema: &'a Map<String, Value>| {
            let named = members(schema, "properties").and_then(|members| members.get(name));
            let patterns = members(schema, "patternProperties").is_some_and(|patterns| !patterns.is_empty());
            named.or_else(|| schema.get("additionalProperties").filter(|_| !patterns))
        };
        self.objects().filter_map(of).collect()
    }

    /// The allowed names of members, when only some are allowed.
    pub(super) fn only_names(&self) -> Option<Vec<&'a str>> {
        let closed = self.objects().filter(|schema| {
            let patterns = members(schema, "patternProperties").is_some_and(|patterns| !patterns.is_empty());
            schema.get("additionalProperties") == Some(&Value::Bool(false)) && !patterns
        });
        let names = closed.map(|schema| {
            let named = members(schema, "properties").into_iter().flatten();
            named.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        });
        names.min_by_key(Vec::len)
    }

    /// Whether a member may have this name.
    pub(super) fn may_be_named(&self, root: &'a Value, name: &str) -> bool {
        let name = Value::from(name);
        self.of_keyword("propertyNames").all(|schema| {
            let names = Parts::of(root, &[schema]);
            !names.never && value::may_match(&name, &names)
        })
    }

    /// The number of items that have schemas of their own.
    pub(super) fn prefix_length(&self) -> usize {
        self.prefixes().map(Vec::len).max().unwrap_or_default()
    }

    fn prefixes(&self) -> impl Iterator<Item = &'a Vec<Value>> + '_ {
        self.objects().filter_map(|schema| prefix(schema))
    }

    /// The schemas for the item at this place.
    pub(super) fn item(&self, at: usize) -> Vec<&'a Value> {
        let of = |schema: &'a Map<String, Value>| {
            let own = prefix(schema).and_then(|prefix| prefix.get(at));
            own.or_else(|| {
                // Before draft 2020-12 a list of schemas stood in `items`, and the rest in `additionalItems`.
                let rest = schema.get("items").filter(|items| !items.is_array());
                rest.or_else(|| schema.get("additionalItems").filter(|_| schema.get("items").is_some()))
            })
        };
        self.objects().filter_map(of).collect()
    }

    /// The most different items, when they must be different and have few possible values.
    pub(super) fn distinct_items(&self) -> Option<f64> {
        let unique = self.of_keyword("uniqueItems").any(|unique| *unique == Value::Bool(true));
        if !unique || self.prefix_length() > 0 {
            return None;
        }
        let counts = self.of_keyword("items").filter_map(Value::as_object).filter_map(|items| {
            let listed = items.get("enum").and_then(Value::as_array).map(Vec::len);
            let only = items.get("const").map(|_| 1);
            let by_type = items.get("type").and_then(Value::as_str).and_then(|kind| match kind {
                "null" => Some(1),
                "boolean" => Some(2),
                _ => None,
            });
            [listed, only, by_type].into_iter().flatten().min()
        });
        counts.min().map(|count| count as f64)
    }
}

fn prefix(schema: &Map<String, Value>) -> Option<&Vec<Value>> {
    schema.get("prefixItems").or_else(|| schema.get("items")).and_then(Value::as_array)
}

/// Whether a schema matches everything.
fn matches_all(schema: &Value) -> bool {
    *schema == Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty)
}
