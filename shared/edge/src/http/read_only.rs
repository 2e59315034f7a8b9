//! Members of an entity that a caller can read but not set. A client that changes one field sends the whole entity back
//! as it read it, so unchanged members must be accepted.

use domain::field::FieldError;
use domain::{InvalidFields, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

/// Refuses members that differ from the entity's. `current` is the entity in the form of a read.
pub fn unchanged<T: Serialize>(sent: &Map<String, Value>, current: &T) -> Result<(), InvalidFields> {
    if sent.is_empty() {
        return Ok(());
    }
    let current = serde_json::to_value(current).unwrap_or_default();
    let changed =
        sent.iter().filter(|(name, value)| !same(value, current.get(name.as_str()).unwrap_or(&Value::Null)));
    let errors: Vec<FieldError> = changed
        .map(|(name, _)| FieldError {
            field: name.clone(),
            code: "read_only",
            message: "can't be set: leave it out, or send it as it was read".to_owned(),
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(InvalidFields(errors)) }
}

/// Whether two values are equal: clients may write a number or a time in another form.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::String(one), Value::String(other)) => {
            one == other
                || Timestamp::parse(one)
                    .is_ok_and(|one| Timestamp::parse(other).is_ok_and(|other| one == other))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::unchanged;
    use serde_json::{Value, json};

    fn changed(sent: &Value) -> Vec<String> {
        let current = json!({"id": "lead_1", "score": 71, "scored_at": null, "created_at": "2026-11-02T09:00:00.000Z",
            "breakdown": {"need": 70, "budget": 80}});
        let sent = sent.as_object().unwrap();
        unchanged(sent, &current)
            .err()
            .map_or(Vec::new(), |invalid| invalid.0.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn what_says_the_same_is_left_alone() {
        for sent in [
            json!({}),
            json!({"id": "lead_1", "score": 71, "scored_at": null, "breakdown": {"budget": 80, "need": 70}}),
            json!({"score": 71.0, "created_at": "2026-11-02T10:00:00+01:00"}),
        ] {
            assert_eq!(changed(&sent), Vec::<String>::new(), "{sent}");
        }
    }

    #[test]
    fn what_was_changed_is_named() {
        let sent = json!({"id": "lead_2", "score": null, "scored_at": "now", "breakdown": {"budget": 80},
            "created_at": "2026-11-02T09:00:00.001Z"});
        assert_eq!(changed(&sent), ["id", "score", "scored_at", "breakdown", "created_at"]);
    }
}
