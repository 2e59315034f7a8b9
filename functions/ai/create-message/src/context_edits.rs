//! The edits of a conversation that shorten it before a model reads it: older reasoning, and older results of tools, are
//! taken out. Something stands in the place of what was taken out, so that turns and blocks keep their places.

use application_ai::estimated_prompt_tokens;
use contracts::anthropic::{AppliedContextEdit, InputBlock, InputContent, MessageRole, MessageTurn};
use domain::ai::PromptSize;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

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

/// Takes the reasoning out of all turns of the model except the newest ones that have some. One turn may span several
/// messages: calls of tools and their results are within it, so the turn that is going on stays whole. `None` if there was
/// nothing to take out.
pub(crate) fn clear_thinking(turns: &mut [MessageTurn], keep: usize) -> Option<AppliedContextEdit> {
    let (mut with_thinking, mut cleared, mut size) =
        (BTreeSet::new(), BTreeSet::new(), PromptSize::default());
    let numbers = model_turns(turns);
    for (turn, number) in turns.iter_mut().zip(numbers).rev() {
        let Some(number) = number else { continue };
        for block in blocks_of(turn).filter(|block| is_thinking(block)) {
            with_thinking.insert(number);
            if with_thinking.len() > keep {
                cleared.insert(number);
                size = size + block.size();
                *block = nothing();
            }
        }
    }
    (!cleared.is_empty()).then(|| AppliedContextEdit::ClearThinking {
        cleared_input_tokens: estimated_prompt_tokens(&size),
        cleared_thinking_turns: cleared.len() as u64,
    })
}

/// The number of the model's turn that each message of the model belongs to. Messages of the caller with results of tools
/// do not end a turn.
fn model_turns(turns: &[MessageTurn]) -> Vec<Option<u64>> {
    let (mut number, mut goes_on) = (0, true);
    let mut speaker = MessageRole::User;
    let mut numbers = Vec::with_capacity(turns.len());
    for turn in turns {
        let of_model = match turn.role {
            MessageRole::System => None,
            MessageRole::User => {
                let has_result = read_blocks(turn).iter().any(|block| block.kind == "tool_result");
                // Messages of the caller after each other are one turn.
                goes_on = has_result || (goes_on && speaker == MessageRole::User);
                speaker = MessageRole::User;
                None
            }
            MessageRole::Assistant => {
                if speaker == MessageRole::User && !goes_on {
                    number += 1;
                }
                speaker = MessageRole::Assistant;
                Some(number)
            }
        };
        numbers.push(of_model);
    }
    numbers
}

/// Takes the results of older calls out. `None` if the trigger was not reached, or if there was too little to take out.
pub(crate) fn clear_tool_uses(
    turns: &mut [MessageTurn],
    around: PromptSize,
    edit: &ToolUsesEdit,
) -> Option<AppliedContextEdit> {
    let tokens_of = |turns: &[MessageTurn]| {
        estimated_prompt_tokens(&(around + turns.iter().map(MessageTurn::size).sum()))
    };
    let whole = tokens_of(turns);
    let calls = calls_with_results(turns);
    let is_reached = match edit.trigger {
        Trigger::InputTokens(tokens) => whole > tokens,
        Trigger::ToolUses(uses) => calls.len() as u64 > uses,
    };
    let older = calls.len().saturating_sub(edit.keep);
    let cleared: Vec<AnsweredCall> =
        calls.into_iter().take(older).filter(|call| !edit.excluded.contains(&call.tool)).collect();
    if !is_reached || cleared.is_empty() {
        return None;
    }
    let mut shorter = turns.to_vec();
    for call in &cleared {
        set_member(&mut shorter, call.result, "content", TAKEN_OUT.into());
        if edit.inputs.contain(&call.tool) {
            set_member(&mut shorter, call.place, "input", Value::Object(Map::new()));
        }
    }
    let tokens = whole.saturating_sub(tokens_of(&shorter));
    if tokens < edit.at_least {
        return None;
    }
    turns.clone_from_slice(&shorter);
    Some(AppliedContextEdit::ClearToolUses {
        cleared_input_tokens: tokens,
        cleared_tool_uses: cleared.len() as u64,
    })
}

/// The place of a block: its message, and its place in it.
type BlockAt = (usize, usize);

/// A call whose result the conversation still has. Ids are unique within one turn only, so places tell calls apart.
struct AnsweredCall {
    tool: String,
    place: BlockAt,
    result: BlockAt,
}

/// The calls whose results the conversation still has, in their order. A result belongs to a call in the turn before it.
fn calls_with_results(turns: &[MessageTurn]) -> Vec<AnsweredCall> {
    let mut calls = Vec::new();
    // The calls of the model's last turn, by id, each with its tool and its place.
    let mut open: HashMap<&str, (&str, BlockAt)> = HashMap::new();
    let mut speaker = MessageRole::User;
    for (at, turn) in turns.iter().enumerate().filter(|(_, turn)| turn.role != MessageRole::System) {
        if turn.role == MessageRole::Assistant && speaker == MessageRole::User {
            open.clear();
        }
        speaker = turn.role;
        for (block_at, block) in read_blocks(turn).iter().enumerate() {
            let here = (at, block_at);
            match (turn.role, block.kind.as_str()) {
                (MessageRole::Assistant, "tool_use") => {
                    if let (Some(id), Some(tool)) = (text(block, "id"), text(block, "name")) {
                        open.insert(id, (tool, here));
                    }
                }
                (MessageRole::User, "tool_result") => {
                    let call = text(block, "tool_use_id").and_then(|id| open.remove(id));
                    let is_left = text(block, "content") != Some(TAKEN_OUT);
                    calls.extend(call.filter(|_| is_left).map(|(tool, place)| AnsweredCall {
                        tool: tool.to_owned(),
                        place,
                        result: here,
                    }));
                }
                _ => {}
            }
        }
    }
    // Results may stand in another order than their calls.
    calls.sort_by_key(|call| call.place);
    calls
}

/// Puts a value in the place of a member of a block.
fn set_member(turns: &mut [MessageTurn], (at, block_at): BlockAt, member: &str, value: Value) {
    if let Some(block) = turns.get_mut(at).and_then(|turn| blocks_of(turn).nth(block_at)) {
        block.members.insert(member.to_owned(), value);
    }
}

fn read_blocks(turn: &MessageTurn) -> &[InputBlock] {
    match &turn.content {
        InputContent::Blocks(blocks) => blocks,
        InputContent::Text(_) => &[],
    }
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
