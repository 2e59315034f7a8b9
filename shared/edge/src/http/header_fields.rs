//! The headers of a request. The lines of one name are joined when the event is read, so that no code takes the last
//! line for the whole header.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Headers by name. A request has few, so a name is found by looking at all.
pub(super) struct HeaderFields(Vec<HeaderField>);

struct HeaderField {
    name: String,
    /// The values of all lines, joined with commas.
    value: String,
    lines: usize,
}

impl HeaderFields {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|field| field.value.as_str())
    }

    pub(super) fn lines(&self, name: &str) -> usize {
        self.find(name).map_or(0, |field| field.lines)
    }

    fn find(&self, name: &str) -> Option<&HeaderField> {
        self.0.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Adds the lines of a name. The gateway may list the spellings of one name apart.
    fn add(&mut self, name: String, lines: HeaderLines) {
        match self.0.iter_mut().find(|field| field.name.eq_ignore_ascii_case(&name)) {
            None => self.0.push(HeaderField { name, value: lines.value, lines: lines.count }),
            Some(field) => {
                field.value.push_str(", ");
                field.value.push_str(&lines.value);
                field.lines += lines.count;
            }
        }
    }
}

impl<'de> Deserialize<'de> for HeaderFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = HeaderFields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<HeaderFields, A::Error> {
        let mut fields = HeaderFields(Vec::new());
        while let Some((name, lines)) = entries.next_entry::<String, HeaderLines>()? {
            if lines.count > 0 {
                fields.add(name, lines);
            }
        }
        Ok(fields)
    }
}

/// The lines of one name: a text in `headers`, an array of texts in `multiValueHeaders`.
struct HeaderLines {
    value: String,
    count: usize,
}

impl<'de> Deserialize<'de> for HeaderLines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LinesVisitor)
    }
}

struct LinesVisitor;

impl<'de> Visitor<'de> for LinesVisitor {
    type Value = HeaderLines;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lines of a header")
    }

    fn visit_str<E>(self, line: &str) -> Result<HeaderLines, E> {
        Ok(HeaderLines { value: line.to_owned(), count: 1 })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<HeaderLines, A::Error> {
        let Some(value) = values.next_element()? else {
            return Ok(HeaderLines { value: String::new(), count: 0 });
        };
        let mut lines = HeaderLines { value, count: 1 };
        while let Some(line) = values.next_element::<String>()? {
            lines.value.push_str(", ");
            lines.value.push_str(&line);
            lines.count += 1;
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::HeaderFields;

    fn read(json: &str) -> HeaderFields {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn joins_the_lines_of_a_name_however_it_is_spelled() {
        let headers = read(
            r#"{"Cache-Control": ["no-store", "max-age=60"], "cache-control": ["no-cache"], "Accept": ["*/*"]}"#,
        );
        assert_eq!(headers.get("CACHE-CONTROL"), Some("no-store, max-age=60, no-cache"));
        assert_eq!(headers.lines("Cache-Control"), 3);
        assert_eq!((headers.get("accept"), headers.lines("accept")), (Some("*/*"), 1));
        assert_eq!((headers.get("If-Match"), headers.lines("If-Match")), (None, 0));
    }

    #[test]
    fn reads_one_text_for_each_name_too() {
        let headers = read(r#"{"Content-Type": "application/json", "X-Empty": ""}"#);
        assert_eq!(headers.get("content-type"), Some("application/json"));
        assert_eq!((headers.get("x-empty"), headers.lines("x-empty")), (Some(""), 1));
    }

    #[test]
    fn a_name_without_lines_is_absent() {
        let headers = read(r#"{"If-Match": []}"#);
        assert_eq!((headers.get("If-Match"), headers.lines("If-Match")), (None, 0));
    }
}
