//! The edits of a conversation that shorten it before a model reads it: older reasoning, and older results of tools, are
//! taken out. Something stands in the place of what was taken out, so that turns and blocks keep their places.

use application_ai::estimated_tokens;
use contracts::anthropic::{AppliedContextEdit, InputBlock, InputContent, MessageRole, MessageTurn};
use domain::ai::PromptSize;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The model reads this in the place of a result that was taken out.
const TAKEN_OUT: &str = "[This older result was taken out to save space.]";

/// When results are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// The prompt has more tokens, by an estimate.
    InputTokens(u64),
    /// The conversation has more calls with results.
    ToolUses(u64),
}

/// The tools whose arguments are taken out with their results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClearedInputs {
    None,
    All,
    /// Tools of these names.
    Of(Vec<String>),
}

impl ClearedInputs {
    fn contain(&self, tool: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Of(names) => names.iter().any(|name| name == tool),
        }
    }
}

/// Which results are taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolUsesEdit {
    pub(crate) trigger: Trigger,
    /// The newest calls, which keep their results.
    pub(crate) keep: usize,
    /// The fewest tokens to take out, by an estimate; with fewer nothing is taken out.
    pub(crate) at_least: u64,
    pub(crate) inputs: ClearedInputs,
    /// The names of the tools whose results stay.
    pub(crate) excluded: Vec<String>,
}

/// Takes the reasoning out of all turns of the model except the newest ones that have some. `None` if there was nothing
/// to take out.
pub(crate) fn clear_thinking(turns: &mut [MessageTurn], keep: usize) -> Option<AppliedContextEdit> {
    let (mut with_thinking, mut cleared, mut size) = (0_usize, 0_u64, PromptSize::default());
    for turn in turns.iter_mut().rev().filter(|turn| turn.role == MessageRole::Assistant) {
        let mut thoughts = blocks_of(turn).filter(|block| is_thinking(block)).peekable();
        if thoughts.peek().is_none() {
            continue;
        }
        with_thinking += 1;
        if with_thinking <= keep {
            continue;
        }
        cleared += 1;
        for block in thoughts {
            size = size + block.size();
            *block = nothing();
        }
    }
    let cleared_input_tokens = estimated_tokens(size.text_bytes);
    (cleared > 0).then_some(AppliedContextEdit::ClearThinking {
        cleared_input_tokens,
        cleared_thinking_turns: cleared,
    })
}

/// Takes the results of older calls out. `None` if the trigger was not reached, or if there was too little to take out.
pub(crate) fn clear_tool_uses(
    turns: &mut [MessageTurn],
    around: PromptSize,
    edit: &ToolUsesEdit,
) -> Option<AppliedContextEdit> {
    let whole = around + turns.iter().map(MessageTurn::size).sum();
    let calls = calls_with_results(turns);
    let is_reached = match edit.trigger {
        Trigger::InputTokens(tokens) => estimated_tokens(whole.text_bytes) > tokens,
        Trigger::ToolUses(uses) => calls.len() as u64 > uses,
    };
    let older = calls.len().saturating_sub(edit.keep);
    let cleared: HashMap<String, String> =
        calls.into_iter().take(older).filter(|(_, name)| !edit.excluded.contains(name)).collect();
    if !is_reached || cleared.is_empty() {
        return None;
    }
    let mut shorter = turns.to_vec();
    for block in shorter.iter_mut().flat_map(blocks_of) {
        take_out(block, &cleared, &edit.inputs);
    }
    let left = around + shorter.iter().map(MessageTurn::size).sum();
    let tokens = estimated_tokens(whole.text_bytes.saturating_sub(left.text_bytes));
    if tokens < edit.at_least {
        return None;
    }
    turns.clone_from_slice(&shorter);
    Some(AppliedContextEdit::ClearToolUses {
        cleared_input_tokens: tokens,
        cleared_tool_uses: cleared.len() as u64,
    })
}

/// The ids and tools of the calls whose results the conversation still has, in their order.
fn calls_with_results(turns: &[MessageTurn]) -> Vec<(String, String)> {
    let blocks = || {
        turns.iter().flat_map(|turn| match &turn.content {
            InputContent::Blocks(blocks) => blocks.as_slice(),
            InputContent::Text(_) => &[],
        })
    };
    let results: HashSet<&str> = blocks()
        .filter(|block| {
            block.kind == "tool_result" && block.members.get("content") != Some(&TAKEN_OUT.into())
        })
        .filter_map(|block| text(block, "tool_use_id"))
        .collect();
    let calls = blocks().filter(|block| block.kind == "tool_use");
    let named = calls.filter_map(|block| Some((text(block, "id")?, text(block, "name")?)));
    let answered = named.filter(|(id, _)| results.contains(id));
    answered.map(|(id, name)| (id.to_owned(), name.to_owned())).collect()
}

/// Takes the result, or the arguments, out of a block of one of these calls.
fn take_out(block: &mut InputBlock, cleared: &HashMap<String, String>, inputs: &ClearedInputs) {
    let tool_of = |member| cleared.get(text(block, member)?);
    let (member, value) = match block.kind.as_str() {
        "tool_result" if tool_of("tool_use_id").is_some() => ("content", Value::from(TAKEN_OUT)),
        "tool_use" if tool_of("id").is_some_and(|tool| inputs.contain(tool)) => {
            ("input", Value::Object(Map::new()))
        }
        _ => return,
    };
    block.members.insert(member.to_owned(), value);
}

fn blocks_of(turn: &mut MessageTurn) -> impl Iterator<Item = &mut InputBlock> {
    let blocks = match &mut turn.content {
        InputContent::Blocks(blocks) => blocks.as_mut_slice(),
        InputContent::Text(_) => &mut [],
    };
    blocks.iter_mut()
}

fn text<'a>(block: &'a InputBlock, member: &str) -> Option<&'a str> {
    block.members.get(member)?.as_str()
}

fn is_thinking(block: &InputBlock) -> bool {
    matches!(block.kind.as_str(), "thinking" | "redacted_thinking")
}

/// A block that says nothing.
fn nothing() -> InputBlock {
    let members = Map::from_iter([("text".to_owned(), Value::from(""))]);
    InputBlock { kind: "text".to_owned(), members }
}
