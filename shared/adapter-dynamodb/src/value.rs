//! Converts JSON to DynamoDB attributes and back, and reads items with types. It must never repeat a value in an error.

use crate::keys::Item;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use ports::StoreError;
use serde_json::{Map, Number, Value};
use std::str::FromStr;

/// The largest size of an item, names included (DynamoDB: 400 KB).
const LARGEST_ITEM: usize = 400 * 1024;

/// A JSON value as an attribute.
pub(crate) fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(values) => AttributeValue::L(values.iter().map(attribute).collect()),
        Value::Object(fields) => {
            AttributeValue::M(fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
        }
    }
}

/// An attribute as a JSON value.
pub(crate) fn json(attribute: &AttributeValue) -> Result<Value, StoreError> {
    Ok(match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(value) => Value::Bool(*value),
        AttributeValue::N(digits) => Value::Number(number(digits)?),
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(values) => Value::Array(values.iter().map(json).collect::<Result<_, _>>()?),
        AttributeValue::M(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), json(value)?)))
                .collect::<Result<Map<_, _>, StoreError>>()?,
        ),
        _ => return Err(StoreError::Malformed("a document holds something that is not JSON")),
    })
}

fn number(digits: &str) -> Result<Number, StoreError> {
    digits
        .parse::<i64>()
        .map(Number::from)
        .or_else(|_| digits.parse::<u64>().map(Number::from))
        .ok()
        .or_else(|| digits.parse::<f64>().ok().and_then(Number::from_f64))
        .ok_or(StoreError::Malformed("a document holds a number out of range"))
}

/// A text attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(crate) fn digits(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A binary attribute.
pub(crate) fn binary(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Reads a required text attribute.
pub(crate) fn read_text<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, StoreError> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or(StoreError::Malformed(name))
}

/// Reads a required text attribute of a certain form.
pub(crate) fn read_parsed<T: FromStr>(item: &Item, name: &'static str) -> Result<T, StoreError> {
    read_text(item, name)?.parse().map_err(|_| StoreError::Malformed(name))
}

/// Reads a required number attribute.
pub(crate) fn read_number<T: FromStr>(item: &Item, name: &'static str) -> Result<T, StoreError> {
    item.get(name)
        .and_then(|value| value.as_n().ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or(StoreError::Malformed(name))
}

/// Reads a required binary attribute.
pub(crate) fn read_binary<'a>(item: &'a Item, name: &'static str) -> Result<&'a [u8], StoreError> {
    item.get(name).and_then(|value| value.as_b().ok()).map(AsRef::as_ref).ok_or(StoreError::Malformed(name))
}

/// Reads a required document attribute.
pub(crate) fn read_json(item: &Item, name: &'static str) -> Result<Value, StoreError> {
    json(item.get(name).ok_or(StoreError::Malformed(name))?)
}

/// Refuses an item that DynamoDB would refuse for its size.
pub(crate) fn check_size(item: &Item) -> Result<(), StoreError> {
    let size: usize = item.iter().map(|(name, value)| name.len() + size(value)).sum();
    if size > LARGEST_ITEM { Err(StoreError::TooLarge) } else { Ok(()) }
}

/// The bytes that DynamoDB counts for a value; a little more for numbers.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 2,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(fields) => {
            3 + fields.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{attribute, check_size, json, text};
    use serde_json::json as value;
    use std::collections::HashMap;

    #[test]
    fn documents_come_back_as_they_were() {
        let document = value!({
            "empty": "", "nothing": null, "yes": true, "text": "Ünï\u{1F600}\u{0}\n", "list": [1, [], {}, null],
            "small": -9_223_372_036_854_775_808_i64, "large": 18_446_744_073_709_551_615_u64, "half": 0.5,
            "deep": {"a": {"b": [{"c": ""}]}},
        });
        assert_eq!(json(&attribute(&document)).unwrap(), document);
    }

    #[test]
    fn items_over_400_kb_are_refused() {
        let item = |length| HashMap::from([("a".to_owned(), text("x".repeat(length)))]);
        assert!(check_size(&item(400 * 1024 - 1)).is_ok());
        assert!(check_size(&item(400 * 1024)).is_err());
    }
}
