//! Whole numbers that are written with a fraction or an exponent: `850.0` and `8.5e2` are integers (JSON Schema
//! validation, section 6.1.1). Clients in languages with only one type of number send them in this form.

use serde_json::{Number, Value};

/// Above this, a double does not represent every whole number (RFC 8259, section 6).
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Rewrites every whole number of a document as an integer.
pub(super) fn as_integers(document: &mut Value) {
    match document {
        Value::Number(number) => {
            if let Some(integer) = integer(number) {
                *number = integer;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_integers),
        Value::Object(members) => members.values_mut().for_each(as_integers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn integer(number: &Number) -> Option<Number> {
    let double = number.as_f64().filter(|double| number.is_f64() && double.fract() == 0.0)?;
    // A double without a fraction is written like the integer.
    (double.abs() <= LARGEST_EXACT)
        .then(|| format!("{double:.0}").parse::<i64>().ok())
        .flatten()
        .map(Number::from)
}

#[cfg(test)]
mod tests {
    use super::as_integers;
    use serde_json::{Value, json};

    #[test]
    fn what_is_whole_becomes_an_integer_and_nothing_else_changes() {
        let mut document: Value = serde_json::from_str(
            r#"{"a": [850.0, 8.5e2, -3.0, -0.0, 0.5, 850, "850.0", 9007199254740992.0, 1e300], "b": {"c": 1E2}}"#,
        )
        .unwrap();
        as_integers(&mut document);
        let expected = json!({"a": [850, 850, -3, 0, 0.5, 850, "850.0", 9_007_199_254_740_992_i64, 1e300], "b": {"c": 100}});
        assert_eq!(document, expected);
    }
}
