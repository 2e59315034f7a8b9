//! Schemas as tables of their fields.

use super::html::{escape, inline};
use super::node::Node;

/// The section of a named schema.
pub(crate) fn section(name: &str, schema: &Node) -> String {
    let description = schema.text_of("description");
    let about =
        if description.is_empty() { String::new() } else { format!("<p>{}</p>", inline(description)) };
    let body = if schema.get("properties").is_some() {
        fields(schema)
    } else {
        format!("<p class=\"kind\">{}</p>", kind(schema))
    };
    format!("<section class=\"schema\" id=\"schema-{0}\"><h3>{0}</h3>{about}{body}</section>", escape(name))
}

/// A table of an object's fields, those of nested objects under dotted names.
pub(crate) fn fields(schema: &Node) -> String {
    let mut rows = String::new();
    add_rows(schema, "", &mut rows);
    format!(
        "<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"Fields\"><table><thead><tr><th>Field</th>\
         <th>Type</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn add_rows(schema: &Node, prefix: &str, rows: &mut String) {
    let required = schema.get("required").map(Node::items).unwrap_or_default();
    for (name, field) in schema.get("properties").map(Node::members).unwrap_or_default() {
        let must = required.iter().any(|item| item.text() == Some(name));
        let mark = if must { "<span class=\"must\">required</span>" } else { "" };
        rows.push_str(&format!(
            "<tr><td><code>{}{}</code>{mark}</td><td>{}</td><td>{}</td></tr>",
            escape(prefix),
            escape(name),
            kind(field),
            inline(field.text_of("description"))
        ));
        if field.get("properties").is_some() {
            add_rows(field, &format!("{prefix}{name}."), rows);
        }
    }
}

/// The allowed values: a link to a named schema, or the type with its bounds.
pub(crate) fn kind(schema: &Node) -> String {
    if let Some(name) = reference(schema) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    if let Some(kinds) = schema.get("oneOf") {
        return kinds.items().iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let base = schema.text_of("type");
    if base == "array" {
        let item = schema.get("items").map(kind).unwrap_or_default();
        return format!("array of {item}");
    }
    let mut out = escape(if base.is_empty() { "any" } else { base });
    if let Some(format) = schema.get("format").and_then(Node::text) {
        out = escape(format) + " " + &out;
    }
    if matches!(schema.get("nullable"), Some(Node::Bool(true))) {
        out.push_str(" or null");
    }
    let mut bounds = Vec::new();
    if let Some(values) = schema.get("enum") {
        let values: Vec<_> =
            values.items().iter().map(|value| format!("<code>{}</code>", escape(&value.scalar()))).collect();
        bounds.push(values.join(" "));
    }
    bounds.extend(range(schema, "minimum", "maximum", ""));
    bounds.extend(range(schema, "minLength", "maxLength", " characters"));
    if let Some(default) = schema.get("default") {
        bounds.push(format!("default <code>{}</code>", escape(&default.scalar())));
    }
    for bound in bounds {
        out.push_str(&format!("<span class=\"bound\">{bound}</span>"));
    }
    out
}

fn range(schema: &Node, lowest: &str, highest: &str, unit: &str) -> Option<String> {
    let text = match (schema.get(lowest).map(Node::scalar), schema.get(highest).map(Node::scalar)) {
        (Some(low), Some(high)) => format!("{low} to {high}{unit}"),
        (Some(low), None) => format!("at least {low}{unit}"),
        (None, Some(high)) => format!("at most {high}{unit}"),
        (None, None) => return None,
    };
    Some(escape(&text))
}

/// The name of the schema that a reference points to.
pub(crate) fn reference(schema: &Node) -> Option<&str> {
    schema.get("$ref")?.text()?.strip_prefix("#/components/schemas/")
}
