//! Single values and numbers against schemas.

use super::parts::{Parts, Types};
use serde_json::Value;

/// Whether a value may match all of these schemas; `true` when that is not known.
pub(super) fn may_match(value: &Value, parts: &Parts<'_>) -> bool {
    if parts.never || !parts.types().has(Types::of_value(value)) {
        return false;
    }
    let listed = parts.of_keyword("enum").filter_map(Value::as_array);
    let mut listed = listed.map(|values| values.iter().any(|other| same(value, other)));
    let mut only = parts.of_keyword("const").map(|other| same(value, other));
    listed.all(|may| may) && only.all(|may| may) && in_bounds(value, parts)
}

fn in_bounds(value: &Value, parts: &Parts<'_>) -> bool {
    let between = |size: usize, lower, upper| {
        parts.greatest(lower).is_none_or(|lowest| size as f64 >= lowest)
            && parts.least(upper).is_none_or(|highest| size as f64 <= highest)
    };
    match value {
        Value::Number(number) => number.as_f64().is_none_or(|number| {
            parts.numbers("minimum").all(|bound| number >= bound)
                && parts.numbers("maximum").all(|bound| number <= bound)
                && parts.numbers("exclusiveMinimum").all(|bound| number > bound)
                && parts.numbers("exclusiveMaximum").all(|bound| number < bound)
        }),
        Value::String(text) => between(text.chars().count(), "minLength", "maxLength"),
        Value::Array(items) => between(items.len(), "minItems", "maxItems"),
        Value::Object(object) => {
            let required = parts.required();
            let closed = parts.only_names();
            between(object.len(), "minProperties", "maxProperties")
                && required.iter().all(|name| object.contains_key(*name))
                && closed.is_none_or(|names| object.keys().all(|name| names.contains(&name.as_str())))
        }
        Value::Null | Value::Bool(_) => true,
    }
}

/// Whether two values are equal in JSON Schema, where 1 equals 1.0.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        // Numbers inside other values are not compared more closely.
        _ => one == other || one.is_array() || one.is_object(),
    }
}

/// The keyword that keeps every whole number, or every other number, from matching.
pub(super) fn no_number(parts: &Parts<'_>, whole: bool) -> Option<&'static str> {
    let lowest = parts.greatest("minimum").unwrap_or(f64::NEG_INFINITY);
    let above = parts.greatest("exclusiveMinimum").unwrap_or(f64::NEG_INFINITY);
    let highest = parts.least("maximum").unwrap_or(f64::INFINITY);
    let below = parts.least("exclusiveMaximum").unwrap_or(f64::INFINITY);
    let crossed = lowest > highest || lowest >= below || above >= highest || above >= below;
    if crossed {
        return Some("minimum");
    }
    let steps = parts.numbers("multipleOf").chain(whole.then_some(1.0)).filter(|step| *step > 0.0);
    for step in steps {
        // A small tolerance, because a bound such as 0.3 is not an exact multiple of 0.1 in binary.
        let slack = step * 1e-9;
        let first = ((lowest.max(above) - slack) / step).ceil() * step;
        let first = if first <= above + slack { first + step } else { first };
        let too_high = first > highest + slack || first >= below;
        if first.is_finite() && too_high {
            return Some(if step == 1.0 { "minimum" } else { "multipleOf" });
        }
    }
    None
}
