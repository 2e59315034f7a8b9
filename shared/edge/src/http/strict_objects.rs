//! Reads a document as a type whose structures must be objects. Derived readers would also take the items of an array as the
//! members of a structure in their order, so that `["Ada", "ada@northwind.example"]` were a contact.
//!
//! serde keeps the parts of flattened and untagged types before it reads them, so structures within these are not covered. Neither are those
//! within variants with data of externally tagged types.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

/// A document as a `T`.
pub(super) fn from_document<T: DeserializeOwned>(document: &Value) -> Result<T, Error> {
    T::deserialize(StrictObjects(document))
}

/// A value, read with this rule.
#[derive(Clone, Copy)]
pub(super) struct StrictObjects<'a>(pub(super) &'a Value);

impl<'de> IntoDeserializer<'de, Error> for StrictObjects<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for StrictObjects<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.iter().map(Self));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), Self(value)));
                let mut members = MapDeserializer::new(members);
                let value = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(value)
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(_) => Err(Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::from_document;
    use serde::Deserialize;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Lead {
        name: Option<String>,
        contact: Contact,
        others: Vec<Contact>,
        more: Option<Contact>,
        by_name: BTreeMap<String, Contact>,
        kind: Kind,
        pair: (u8, f64),
    }

    #[derive(Debug, Clone, PartialEq, Deserialize)]
    struct Contact {
        email: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        New,
    }

    fn document() -> Value {
        let contact = json!({"email": "ada@northwind.example"});
        json!({"name": null, "contact": contact, "others": [contact], "more": contact, "by_name": {"x": contact}, "kind": "new", "pair": [1, 2.5]})
    }

    #[test]
    fn an_array_is_no_object_however_deep_it_is() {
        let contact = Contact { email: "ada@northwind.example".to_owned() };
        let read = Lead {
            name: None,
            contact: contact.clone(),
            others: vec![contact.clone()],
            more: Some(contact.clone()),
            by_name: [("x".to_owned(), contact)].into(),
            kind: Kind::New,
            pair: (1, 2.5),
        };
        assert_eq!(from_document::<Lead>(&document()).unwrap(), read);
        for pointer in ["/contact", "/others/0", "/more", "/by_name/x"] {
            let mut wrong = document();
            *wrong.pointer_mut(pointer).unwrap() = json!(["ada@northwind.example"]);
            // serde_json takes it.
            assert!(Lead::deserialize(&wrong).is_ok(), "{pointer}");
            let error = from_document::<Lead>(&wrong).unwrap_err().to_string();
            assert_eq!(error, "invalid type: sequence, expected struct Contact", "{pointer}");
        }
    }
}
