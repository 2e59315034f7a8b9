//! Finds schemas that nothing can match. It finds contradictions without trying values: bounds that cross, required
//! members that are forbidden, values of another type, trees that never end. It never calls a satisfiable schema
//! contradictory, and abstains when it does not know. A contradiction that it misses ends as a completion that does not
//! match.

mod parts;
mod value;

use parts::{Parts, Types};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// The most schemas that are looked at before it gives up.
const MOST_LOOKS: u32 = 20_000;
/// The greatest nesting of members and items.
const MOST_DEPTH: usize = 60;

/// The keyword by which a schema contradicts itself, if nothing matches it.
pub(super) fn contradiction(root: &Value) -> Option<&'static str> {
    let mut search = Search { root, looks: MOST_LOOKS, on_path: HashSet::new() };
    search.empty(&[root], 0)
}

struct Search<'a> {
    root: &'a Value,
    looks: u32,
    /// The sets of schemas on the current path. A value that must contain another one of the same kind never ends.
    on_path: HashSet<Vec<*const Value>>,
}

impl<'a> Search<'a> {
    /// The keyword that keeps every value from matching all of these schemas; `None` when a value may match.
    fn empty(&mut self, schemas: &[&'a Value], depth: usize) -> Option<&'static str> {
        let parts = Parts::of(self.root, schemas);
        if depth > MOST_DEPTH {
            return None;
        }
        self.looks = self.looks.checked_sub(1)?;
        let key = parts.key();
        if !self.on_path.insert(key.clone()) {
            return Some("$ref");
        }
        let why = self.empty_parts(&parts, depth).or_else(|| self.empty_choice(&parts, depth));
        self.on_path.remove(&key);
        why
    }

    /// A choice of which no branch can match together with the rest.
    fn empty_choice(&mut self, parts: &Parts<'a>, depth: usize) -> Option<&'static str> {
        for (keyword, branches) in parts.choices() {
            let none = branches.iter().all(|branch| {
                let together = parts.and(self.root, branch);
                self.looks > 0 && self.empty_parts(&together, depth).is_some()
            });
            if none {
                return Some(keyword);
            }
        }
        None
    }

    fn empty_parts(&mut self, parts: &Parts<'a>, depth: usize) -> Option<&'static str> {
        self.looks = self.looks.checked_sub(1)?;
        if parts.never {
            return Some("false");
        }
        if let Some(values) = parts.values() {
            return values.into_iter().all(|value| !value::may_match(value, parts)).then_some("enum");
        }
        let types = parts.types();
        let mut why = "type";
        for (of, empty) in [
            (Types::NULL, None),
            (Types::BOOLEAN, None),
            (Types::INTEGER, value::no_number(parts, true)),
            (Types::FRACTION, value::no_number(parts, false)),
            (Types::STRING, crossed(parts, "minLength", "maxLength")),
        ] {
            if types.has(of) {
                why = empty?;
            }
        }
        if types.has(Types::ARRAY) {
            why = self.no_array(parts, depth)?;
        }
        if types.has(Types::OBJECT) {
            why = self.no_object(parts, depth)?;
        }
        Some(why)
    }

    fn no_array(&mut self, parts: &Parts<'a>, depth: usize) -> Option<&'static str> {
        if let Some(crossed) = crossed(parts, "minItems", "maxItems") {
            return Some(crossed);
        }
        let contains: Vec<&Value> = parts.of_keyword("contains").collect();
        let least_contained = match parts.greatest("minContains") {
            _ if contains.is_empty() => 0.0,
            least => least.unwrap_or(1.0),
        };
        if least_contained > 0.0 {
            if parts.least("maxContains").is_some_and(|most| most < least_contained) {
                return Some("maxContains");
            }
            if parts.least("maxItems").is_some_and(|most| most < least_contained) {
                return Some("contains");
            }
            if contains.iter().any(|schema| self.empty(&[schema], depth + 1).is_some()) {
                return Some("contains");
            }
        }
        let least = parts.greatest("minItems").unwrap_or_default().max(least_contained);
        if parts.distinct_items().is_some_and(|most| most < least) {
            return Some("uniqueItems");
        }
        // The required items: those with schemas of their own, and one after them.
        let first_alike = parts.prefix_length();
        for at in (0..=first_alike).take_while(|at| (*at as f64) < least) {
            let item = parts.item(at);
            if !item.is_empty() && self.empty(&item, depth + 1).is_some() {
                return Some("items");
            }
        }
        None
    }

    fn no_object(&mut self, parts: &Parts<'a>, depth: usize) -> Option<&'static str> {
        if let Some(crossed) = crossed(parts, "minProperties", "maxProperties") {
            return Some(crossed);
        }
        let required = parts.required();
        let least = parts.greatest("minProperties").unwrap_or_default().max(required.len() as f64);
        if parts.least("maxProperties").is_some_and(|most| most < least) {
            return Some("required");
        }
        for name in &required {
            if !parts.may_be_named(self.root, name) {
                return Some("propertyNames");
            }
            let member = parts.member(name);
            if !member.is_empty() && self.empty(&member, depth + 1).is_some() {
                return Some("required");
            }
        }
        let conditional = parts.depending_on(&required);
        if !conditional.is_empty() {
            let all: Vec<&Value> = parts.schemas.iter().copied().chain(conditional).collect();
            let together = Parts::of(self.root, &all);
            if together.key() != parts.key() {
                return self.empty_parts(&together, depth + 1);
            }
        }
        if least == 0.0 {
            return None;
        }
        let names = parts.only_names()?;
        let possible = names.iter().filter(|name| {
            let member = parts.member(name);
            member.is_empty() || self.empty(&member, depth + 1).is_none()
        });
        ((possible.count() as f64) < least).then_some("minProperties")
    }
}

/// The keyword, when the greatest lower bound is above the least upper bound.
fn crossed(parts: &Parts<'_>, lower: &'static str, upper: &'static str) -> Option<&'static str> {
    let (lowest, highest) = (parts.greatest(lower)?, parts.least(upper)?);
    (lowest > highest).then_some(lower)
}

/// The members of an object that are schemas by name.
fn members<'a>(schema: &'a Map<String, Value>, keyword: &str) -> Option<&'a Map<String, Value>> {
    schema.get(keyword).and_then(Value::as_object)
}

#[cfg(test)]
mod tests;
