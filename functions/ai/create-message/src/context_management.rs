//! Reads the edits of a conversation that a caller asks for (`context_management`) and has them made. Anthropic's own
//! summaries of conversations are refused by name.

use crate::context_edits::{ClearedInputs, ToolUsesEdit, Trigger, clear_thinking, clear_tool_uses};
use crate::members::Members;
use contracts::anthropic::{AppliedContextEdit, AppliedContextEdits, MessageTurn};
use domain::ai::PromptSize;
use domain::field::FieldChecks;
use serde_json::Value;

/// The newest turns that keep their reasoning when the caller names no number.
const KEPT_THINKING_TURNS: u64 = 1;
/// The calls that keep their results when the caller names no number.
const KEPT_TOOL_USES: u64 = 3;
/// The tokens of a prompt above which results are taken out when the caller names no number.
const USUAL_TRIGGER: u64 = 100_000;

/// The most edits of a request. Each reads the whole conversation.
const MOST_EDITS: usize = 10;

/// The field of the edits.
const FIELD: &str = "context_management";

/// Makes the edits in their order. `around` is the size of everything beside the turns. `None` if the caller asks for no
/// edits; wrong members are noted.
pub(crate) fn edit(
    asked: Option<Value>,
    turns: &mut [MessageTurn],
    around: PromptSize,
    check: &mut FieldChecks,
) -> Option<AppliedContextEdits> {
    let Value::Object(members) = asked.filter(|asked| !asked.is_null())? else {
        check.wrong(FIELD, "type", "must be an object");
        return None;
    };
    let mut management = Members::new(members, FIELD.to_owned(), check);
    let edits = management.array("edits");
    if edits.len() > MOST_EDITS {
        management.wrong("edits", "length", &format!("must have at most {MOST_EDITS} edits"));
    }
    management.finish(&[]);
    let mut applied_edits = Vec::new();
    for (at, edit) in edits.into_iter().take(MOST_EDITS).enumerate() {
        let field = format!("{FIELD}.edits.{at}");
        match edit {
            Value::Object(members) => {
                applied_edits.extend(edit_once(Members::new(members, field, check), turns, around));
            }
            _ => check.wrong(&field, "type", "must be an object"),
        }
    }
    Some(AppliedContextEdits { applied_edits })
}

fn edit_once(
    mut edit: Members<'_>,
    turns: &mut [MessageTurn],
    around: PromptSize,
) -> Option<AppliedContextEdit> {
    match edit.text("type")?.as_str() {
        "clear_thinking_20251015" => {
            let keep = kept_thinking(&mut edit);
            edit.finish(&[]);
            clear_thinking(turns, usize::try_from(keep?).unwrap_or(usize::MAX))
        }
        "clear_tool_uses_20250919" => {
            let asked = tool_uses_edit(&mut edit);
            edit.finish(&[]);
            clear_tool_uses(turns, around, &asked)
        }
        _ => {
            let kinds = "must be clear_thinking_20251015 or clear_tool_uses_20250919: conversations are not summed up here";
            edit.wrong("type", "unsupported", kinds);
            None
        }
    }
}

/// The number of turns that keep their reasoning; `None` for all.
fn kept_thinking(edit: &mut Members<'_>) -> Option<u64> {
    if edit.get("keep").is_some_and(|keep| *keep == "all" || keep["type"] == "all") {
        edit.take("keep");
        return None;
    }
    let kept = limit(edit, "keep", &["thinking_turns"]).map_or(KEPT_THINKING_TURNS, |(_, turns)| turns);
    if kept == 0 {
        edit.wrong("keep.value", "range", "must be at least 1");
    }
    Some(kept)
}

fn tool_uses_edit(edit: &mut Members<'_>) -> ToolUsesEdit {
    let trigger = match limit(edit, "trigger", &["input_tokens", "tool_uses"]) {
        Some(("tool_uses", uses)) => Trigger::ToolUses(uses),
        Some((_, tokens)) => Trigger::InputTokens(tokens),
        None => Trigger::InputTokens(USUAL_TRIGGER),
    };
    let keep = limit(edit, "keep", &["tool_uses"]).map_or(KEPT_TOOL_USES, |(_, uses)| uses);
    let inputs = match edit.take("clear_tool_inputs") {
        None | Some(Value::Bool(false)) => ClearedInputs::None,
        Some(Value::Bool(true)) => ClearedInputs::All,
        Some(names) => ClearedInputs::Of(texts(edit, "clear_tool_inputs", names)),
    };
    let excluded = edit.take("exclude_tools").map(|names| texts(edit, "exclude_tools", names));
    ToolUsesEdit {
        trigger,
        keep: usize::try_from(keep).unwrap_or(usize::MAX),
        at_least: limit(edit, "clear_at_least", &["input_tokens"]).map_or(0, |(_, tokens)| tokens),
        inputs,
        excluded: excluded.unwrap_or_default(),
    }
}

/// A number with its unit, such as `{"type": "tool_uses", "value": 3}`; `None` if it is left out or wrong.
fn limit<'a>(edit: &mut Members<'_>, member: &str, units: &[&'a str]) -> Option<(&'a str, u64)> {
    let mut limit = edit.optional_object(member)?;
    let (named, value) = (limit.text("type"), limit.whole_number("value"));
    let unit = units.iter().find(|unit| named.as_deref().is_none_or(|named| named == **unit)).copied();
    if unit.is_none() {
        limit.wrong("type", "unsupported", &format!("must be {}", units.join(" or ")));
    }
    limit.finish(&[]);
    Some((unit?, value?))
}

/// The names in an array.
fn texts(edit: &mut Members<'_>, member: &str, names: Value) -> Vec<String> {
    let names: Option<Vec<String>> = serde_json::from_value(names).ok();
    if names.is_none() {
        edit.wrong(member, "type", "must be an array of strings");
    }
    names.unwrap_or_default()
}
