//! Custom tools of OpenAI's formats, whose input is a text of any form. No provider but OpenAI has them, so a model gets a
//! function with one text, `input`, and callers get that text. A grammar stands in the description, because no provider
//! holds a model to one: callers check the input themselves.

use domain::field::FieldChecks;
use ports::Tool;
use serde_json::{Value, json};
use std::collections::HashSet;

/// The only argument.
const INPUT: &str = "input";
/// The most characters of a grammar.
const LONGEST_GRAMMAR: usize = 50_000;

/// The names of the custom tools of a request.
#[derive(Debug, Clone, Default)]
pub struct CustomTools(HashSet<String>);

impl CustomTools {
    /// Adds a custom tool, and returns the function for models. `field` is the caller's name of the format.
    pub fn function(
        &mut self,
        (name, description): (String, Option<String>),
        format: Option<&Value>,
        field: &str,
        check: &mut FieldChecks,
    ) -> Tool {
        let grammar = format.and_then(|format| grammar(format, field, check));
        let description = match (description, grammar) {
            (description, None) => description,
            (description, Some(grammar)) => Some(format!("{}{grammar}", description.unwrap_or_default())),
        };
        let input = json!({"type": "string", "description": "The whole input of the tool."});
        let parameters = json!({
            "type": "object", "properties": {INPUT: input}, "required": [INPUT], "additionalProperties": false,
        });
        self.0.insert(name.clone());
        Tool { name, description, parameters, strict: true }
    }

    /// Whether the tool with this name is a custom one.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// The input in the arguments of a call. A model that did not write the one argument wrote its input without it. Arguments
/// that were cut have no input.
pub fn input_of(arguments: &str) -> String {
    let read: Option<Value> = serde_json::from_str(arguments).ok();
    match read.as_ref().map(|read| read.get(INPUT)) {
        None => String::new(),
        Some(Some(Value::String(input))) => input.clone(),
        Some(_) => arguments.to_owned(),
    }
}

/// The arguments of a call with this input.
pub fn arguments_of(input: &str) -> String {
    json!({INPUT: input}).to_string()
}

/// The words for the grammar of a format; `None` for any text. Chat completions have the members of a grammar in an object
/// of their own.
fn grammar(format: &Value, field: &str, check: &mut FieldChecks) -> Option<String> {
    match format.get("type").and_then(Value::as_str) {
        _ if format.is_null() => return None,
        Some("text") => return None,
        Some("grammar") => {}
        _ => {
            check.wrong(&format!("{field}.type"), "unsupported", "must be text or grammar");
            return None;
        }
    }
    let grammar = format.get("grammar").unwrap_or(format);
    let text = |member: &str| grammar.get(member).and_then(Value::as_str);
    match (text("syntax"), text("definition")) {
        (Some(syntax @ ("lark" | "regex")), Some(definition)) => {
            check.verbatim(field, definition, LONGEST_GRAMMAR);
            let kind = if syntax == "lark" { "Lark grammar" } else { "regular expression" };
            Some(format!("\n\nThe input must match this {kind}:\n{definition}"))
        }
        _ => {
            check.wrong(
                field,
                "format",
                "must have a grammar with the syntax lark or regex and a definition",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::InvalidFields;

    fn described(format: &Value) -> Result<Option<String>, InvalidFields> {
        let mut check = FieldChecks::default();
        let named = ("patch".to_owned(), Some("Changes files.".to_owned()));
        let mut tools = CustomTools::default();
        let tool = tools.function(named, Some(format), "tools.0.format", &mut check);
        assert!(tools.has("patch") && !tools.has("other") && tool.strict);
        check.finish(tool.description)
    }

    #[test]
    fn a_grammar_is_told_in_words() {
        let grammar = json!({"syntax": "lark", "definition": "start: \"a\""});
        let told = "Changes files.\n\nThe input must match this Lark grammar:\nstart: \"a\"";
        let mut flat = grammar.clone();
        flat["type"] = json!("grammar");
        for format in [flat, json!({"type": "grammar", "grammar": grammar})] {
            assert_eq!(described(&format).unwrap().as_deref(), Some(told));
        }
        for format in [json!({"type": "text"}), Value::Null] {
            assert_eq!(described(&format).unwrap().as_deref(), Some("Changes files."));
        }
        for (format, field) in [
            (json!({"type": "json"}), "tools.0.format.type"),
            (json!({"type": "grammar"}), "tools.0.format"),
            (json!({"type": "grammar", "syntax": "ebnf", "definition": "a"}), "tools.0.format"),
        ] {
            assert_eq!(described(&format).unwrap_err().0[0].field, field);
        }
    }

    #[test]
    fn an_input_is_the_same_there_and_back() {
        for input in ["", "*** Begin\n\"ä\" \\ \u{1F426}"] {
            assert_eq!(input_of(&arguments_of(input)), input);
        }
        assert_eq!(arguments_of("a\n"), r#"{"input":"a\n"}"#);
        assert_eq!(input_of(r#"{"patch": 1}"#), r#"{"patch": 1}"#);
        assert_eq!(input_of(r#"{"input": "a"#), "");
    }
}
