//! Tools of a request: their form, and the check of the model's calls. Calls are checked as they are; nothing in them is
//! filled in.

use super::ask::{CompletionFaults, ToolCallCheck};
use super::structured::{schema_faults, validator};
use domain::field::{FieldChecks, InvalidFields, all_of};
use ports::{Tool, ToolCall, ToolChoice, ToolSet};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most tools of a request: OpenAI's limit.
const MOST_TOOLS: usize = 128;
/// The most characters of a tool's name. Providers take 64 of few kinds; their adapters map longer ones.
const LONGEST_NAME: usize = 256;
/// The most characters of a tool's description.
const LONGEST_DESCRIPTION: usize = 100_000;

/// Checks the form of tools. `strict` ones must also have a schema that the gateway can check.
pub(super) fn check_tools(set: &ToolSet) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    let ToolSet { tools, choice, one_at_a_time: _ } = set;
    if tools.len() > MOST_TOOLS {
        check.wrong("tools", "length", format!("must be at most {MOST_TOOLS}"));
    }
    let mut names = HashSet::new();
    for (at, tool) in tools.iter().enumerate() {
        let field = |of: &str| format!("tools.{at}.{of}");
        check.line(&field("name"), &tool.name, LONGEST_NAME);
        if !names.insert(tool.name.as_str()) {
            check.wrong(&field("name"), "taken", "must not be the name of an earlier tool");
        }
        check.verbatim(
            &field("description"),
            tool.description.as_deref().unwrap_or_default(),
            LONGEST_DESCRIPTION,
        );
        // All providers take an object of named arguments alone.
        if tool.parameters.get("type").is_none_or(|kind| kind != "object") {
            check.wrong(
                &field("parameters"),
                "format",
                "must be a JSON Schema with the type object in its root",
            );
        }
    }
    match choice {
        ToolChoice::Auto | ToolChoice::None => {}
        ToolChoice::Required if !tools.is_empty() => {}
        ToolChoice::Required => {
            check.wrong("tool_choice", "unsupported", "must not be required without tools")
        }
        ToolChoice::Named(name) if names.contains(name.as_str()) => {}
        ToolChoice::Named(_) => check.wrong("tool_choice", "unknown", "must name one of the tools"),
    }
    let schemas = tools.iter().enumerate().filter(|(_, tool)| tool.strict).map(|(at, tool)| {
        let refused = validator(&format!("tools.{at}.parameters"), &tool.parameters);
        refused.map(drop)
    });
    all_of(check.finish(()), schemas.fold(Ok(()), all_of))
}

/// Checks the names of the allowed tools: at least one, all of them tools of the request.
pub(super) fn check_allowed(check: &mut FieldChecks, set: &ToolSet, allowed: Option<&[String]>) {
    let Some(allowed) = allowed else { return };
    if allowed.is_empty() {
        check.wrong("allowed_tools", "length", "must name at least one tool");
    }
    for (at, name) in allowed.iter().enumerate() {
        if set.tool(name).is_none() {
            check.wrong(&format!("allowed_tools.{at}"), "unknown", "must name one of the tools");
        }
    }
}

/// The tools that are offered. A tool that may not be called is left out, because no provider but OpenAI has a choice
/// among some of the tools.
pub(super) fn only_allowed(mut set: ToolSet, allowed: Option<&[String]>) -> ToolSet {
    if let Some(allowed) = allowed {
        set.tools.retain(|tool| allowed.contains(&tool.name));
    }
    set
}

/// The check of calls; `None` without tools.
pub(super) fn tool_call_check(set: &ToolSet) -> Result<Option<ToolCallCheck>, InvalidFields> {
    if set.tools.is_empty() {
        return Ok(None);
    }
    let mut validators = HashMap::new();
    for (at, Tool { name, parameters, strict, .. }) in set.tools.iter().enumerate() {
        let compiled =
            strict.then(|| validator(&format!("tools.{at}.parameters"), parameters)).transpose()?;
        validators.insert(name.clone(), compiled);
    }
    let choice = set.choice.clone();
    Ok(Some(Arc::new(move |calls: &[ToolCall]| {
        let mut faults = faults_of_choice(&choice, calls);
        for call in calls {
            faults.extend(faults_of_call(&validators, call));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    })))
}

fn faults_of_choice(choice: &ToolChoice, calls: &[ToolCall]) -> CompletionFaults {
    let fault = match choice {
        ToolChoice::None if !calls.is_empty() => "no tool may be called",
        ToolChoice::Required if calls.is_empty() => "a tool must be called",
        ToolChoice::Named(name) if !calls.iter().any(|call| call.name == *name) => {
            "the named tool must be called"
        }
        _ => return Vec::new(),
    };
    vec![fault.to_owned()]
}

fn faults_of_call(
    validators: &HashMap<String, Option<jsonschema::Validator>>,
    call: &ToolCall,
) -> CompletionFaults {
    let Some(validator) = validators.get(&call.name) else {
        return vec!["there is no tool of this name".to_owned()];
    };
    match serde_json::from_str::<Value>(&call.arguments) {
        Ok(arguments) if arguments.is_object() => {
            validator.as_ref().map(|validator| schema_faults(validator, &arguments)).unwrap_or_default()
        }
        _ => vec!["the arguments are not a JSON object".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool(name: &str, strict: bool, parameters: Value) -> Tool {
        Tool { name: name.to_owned(), description: None, parameters, strict }
    }

    fn call(name: &str, arguments: &str) -> ToolCall {
        ToolCall { id: "i".to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
    }

    fn set(choice: ToolChoice) -> ToolSet {
        let city =
            json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let tools = vec![tool("loose", false, city.clone()), tool("strict", true, city)];
        ToolSet { tools, choice, one_at_a_time: false }
    }

    fn passes(choice: ToolChoice, calls: &[ToolCall]) -> bool {
        tool_call_check(&set(choice)).unwrap().unwrap()(calls).is_ok()
    }

    #[test]
    fn calls_must_name_a_tool_and_have_an_object_and_strict_ones_match_the_schema() {
        for (name, arguments, good) in [
            ("loose", r#"{"city": 1}"#, true),
            ("strict", r#"{"city": "Bonn"}"#, true),
            ("strict", r#"{"city": 1}"#, false),
            ("loose", "[]", false),
            ("loose", r#"{"city": "#, false),
            ("other", "{}", false),
        ] {
            assert_eq!(passes(ToolChoice::Auto, &[call(name, arguments)]), good, "{name} {arguments}");
        }
    }

    #[test]
    fn calls_follow_the_choice() {
        let made = [call("loose", "{}")];
        let named = |name: &str| ToolChoice::Named(name.to_owned());
        assert!(passes(ToolChoice::Auto, &[]) && passes(ToolChoice::Required, &made));
        assert!(passes(named("loose"), &made) && passes(ToolChoice::None, &[]));
        assert!(!passes(ToolChoice::Required, &[]) && !passes(ToolChoice::None, &made));
        assert!(!passes(named("strict"), &made));
    }

    #[test]
    fn a_wrong_tool_is_named_by_its_field() {
        let tools = vec![
            tool("a", false, json!({"type": "object"})),
            tool("a", false, json!({"type": "string"})),
            tool("b", true, json!({"type": "object", "minProperties": 1, "maxProperties": 0})),
        ];
        let wrong = ToolSet { tools, choice: ToolChoice::Named("c".to_owned()), one_at_a_time: false };
        let InvalidFields(errors) = check_tools(&wrong).unwrap_err();
        let named: Vec<(&str, &str)> = errors.iter().map(|it| (it.field.as_str(), it.code)).collect();
        let expected = [
            ("tools.1.name", "taken"),
            ("tools.1.parameters", "format"),
            ("tool_choice", "unknown"),
            ("tools.2.parameters", "unsatisfiable"),
        ];
        assert_eq!(named, expected);
    }
}
