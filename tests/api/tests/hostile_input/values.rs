//! Values that a schema of the contract does not allow, for bodies and for parameters.

use super::{MARK, is_nullable, kind};
use serde_json::{Value, json};

/// Values that the schema of a field does not allow.
pub(super) fn wrong_values(schema: &Value) -> Vec<Value> {
    let mut wrong = match kind(schema) {
        // The schema accepts several types here; the tests of the route cover them.
        "anything" => return Vec::new(),
        "array" => vec![json!(true), json!({ MARK: 1 }), json!(1.5), json!(-1e300)],
        "boolean" => vec![json!(7), json!(MARK), json!([MARK]), json!({ MARK: 1 }), json!(-1e300)],
        "number" => vec![json!(true), json!(MARK), json!([MARK]), json!({ MARK: 1 }), json!(-1e300)],
        "object" => vec![json!(true), json!(MARK), json!([MARK]), json!(1.5), json!(-1e300)],
        _ => vec![json!(true), json!([MARK]), json!({ MARK: 1 }), json!(1.5), json!(-1e300)],
    };
    match kind(schema) {
        "boolean" | "number" | "object" => {}
        "string" => wrong.push(json!(7)),
        "integer" => wrong.extend([json!(MARK), json!("7"), json!(1e300), json!(u64::MAX)]),
        "array" => {
            wrong.extend([json!(7), json!(MARK)]);
            let items = &schema["items"];
            let (any_text, one) = match &items["enum"][0] {
                Value::Null => (kind(items) == "string", json!("x")),
                one => (false, one.clone()),
            };
            if !any_text {
                wrong.push(json!([MARK]));
            }
            if schema["minItems"].as_u64().is_some_and(|least| least > 0) {
                wrong.push(json!([]));
            }
            if let Some(most) = schema["maxItems"].as_u64().filter(|_| kind(items) == "string") {
                wrong.push(vec![one; usize::try_from(most).unwrap() + 1].into());
            }
        }
        other => panic!("what is wrong for {other}?"),
    }
    if !is_nullable(schema) {
        wrong.push(Value::Null);
    }
    if let Some(longest) = schema["maxLength"].as_u64() {
        let text = format!("{MARK}{}", "ü".repeat(usize::try_from(longest).unwrap()));
        wrong.push(text.into());
    }
    if let Some(shortest) = schema["minLength"].as_u64() {
        wrong.push("x".repeat(usize::try_from(shortest - 1).unwrap()).into());
    }
    if let Some(least) = schema["minimum"].as_i64() {
        wrong.push((least - 1).into());
    }
    if let Some(most) = schema["maximum"].as_i64() {
        wrong.push((most + 1).into());
    }
    if schema["enum"].is_array() {
        wrong.extend([json!(MARK), json!("New"), json!("")]);
    }
    if schema["format"] == "email" {
        wrong.extend([
            json!(MARK),
            json!(format!("{MARK}@host")),
            json!(format!("a@b.example,{MARK}@c.example")),
        ]);
    }
    wrong
}

/// NUL is allowed in a text that is only compared, because it matches nothing.
pub(super) fn wrong_texts(schema: &Value) -> Vec<String> {
    let mut wrong = vec![String::new(), format!("{MARK}\0")];
    if let Some(longest) = schema["maxLength"].as_u64() {
        wrong.push("x".repeat(usize::try_from(longest).unwrap() + 1));
    }
    if schema["enum"].is_array() || schema["pattern"].is_string() {
        wrong.extend([MARK.to_owned(), "NEW".to_owned(), "x".repeat(10_000)]);
    }
    if schema["type"] == "integer" {
        let (least, most) = (schema["minimum"].as_i64().unwrap(), schema["maximum"].as_i64().unwrap());
        wrong.extend([(least - 1).to_string(), (most + 1).to_string()]);
        wrong.extend(
            ["-0", "+5", "1.0", "1e1", "0x10", "٣", " 5", "5 ", "99999999999999999999"].map(str::to_owned),
        );
    }
    if schema["format"] == "date-time" {
        wrong.extend(
            ["yesterday", "2026-11-02", "1762074000", "2026-13-01T00:00:00Z", "2026-11-02T09:00:00"]
                .map(str::to_owned),
        );
    }
    wrong
}
