//! The replacement of placeholders: `{{name}}`.

use crate::TemplateError;

/// The template with its values. Values are not read again, so a value with a placeholder stays as it is.
pub(crate) fn filled(template: &str, values: &[(&str, String)]) -> Result<String, TemplateError> {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, from)) = rest.split_once("{{") {
        let (name, after) = from.split_once("}}").ok_or(TemplateError::Unclosed)?;
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        text.push_str(before);
        text.push_str(value.ok_or_else(|| TemplateError::UnknownPlaceholder(name.to_owned()))?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The value in one line: control characters and line separators become spaces.
pub(crate) fn one_line(value: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    value.chars().map(|c| if is_break(c) { ' ' } else { c }).collect()
}

/// The value for HTML text and for attributes in quotes.
pub(crate) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            c => text.push(c),
        }
    }
    text
}
