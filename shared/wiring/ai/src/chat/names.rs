//! The caller's names of fields with another name in the use case, so that an error names the fields that were sent.

use crate::custom_tools::CustomTools;

/// The places of the parts of a prompt in the caller's body.
#[derive(Debug, Default)]
pub struct Names {
    /// The first turn with instructions, by its place among all turns.
    pub(super) instructions: Option<usize>,
    /// The turns of the conversation.
    pub(super) turns: Vec<TurnPlace>,
    /// The caller's name for the limit of the completion's length.
    pub(super) max_tokens: &'static str,
    /// The caller's name for the end user's field.
    pub(super) user: &'static str,
    /// The custom tools.
    pub(super) custom_tools: CustomTools,
    /// Their places among all tools.
    pub(super) custom_places: Vec<usize>,
}

/// The place of a turn.
#[derive(Debug)]
pub(super) struct TurnPlace {
    /// Its place among all turns.
    pub(super) place: usize,
    /// The number of blocks of reasoning in front of its content.
    pub(super) reasoning: usize,
    /// The form of its content.
    pub(super) form: TurnForm,
}

/// The form of a turn's content.
#[derive(Debug)]
pub(super) enum TurnForm {
    /// A text, and then the calls of tools.
    Text,
    /// This many parts, and then the calls of tools.
    Parts(usize),
    /// The result of a call.
    Result,
}

impl TurnForm {
    /// The caller's name of the part of a turn at this place behind its reasoning.
    fn part(&self, part: usize) -> String {
        match self {
            Self::Result => "tool_call_id".to_owned(),
            Self::Text if part == 0 => "content".to_owned(),
            Self::Text => format!("tool_calls.{}", part - 1),
            Self::Parts(parts) if part < *parts => format!("content.{part}"),
            Self::Parts(parts) => format!("tool_calls.{}", part - parts),
        }
    }
}

impl Names {
    /// The custom tools of the request.
    pub fn custom_tools(&self) -> &CustomTools {
        &self.custom_tools
    }

    /// The caller's name of a field.
    pub fn field(&self, field: &str) -> String {
        let turn = |place: usize| format!("messages.{place}.content");
        match field {
            "max_tokens" => self.max_tokens.to_owned(),
            "user" => self.user.to_owned(),
            "system" => self.instructions.map_or_else(|| "messages".to_owned(), turn),
            "response_schema" => "response_format.json_schema.schema".to_owned(),
            "allowed_tools" => "tool_choice.allowed_tools.tools".to_owned(),
            _ => self
                .of_turn(field)
                .or_else(|| of_allowed_tool(field))
                .or_else(|| self.of_tool(field))
                .unwrap_or_else(|| field.to_owned()),
        }
    }

    fn of_turn(&self, field: &str) -> Option<String> {
        let (at, rest) = field.strip_prefix("messages.")?.split_once('.')?;
        let TurnPlace { place, reasoning, form } = self.turns.get(at.parse::<usize>().ok()?)?;
        let part = rest.strip_prefix("content.").and_then(|part| part.parse::<usize>().ok());
        let name = match part.map(|part| part.checked_sub(*reasoning)) {
            None => rest.to_owned(),
            Some(None) => "thinking_blocks".to_owned(),
            Some(Some(part)) => form.part(part),
        };
        Some(format!("messages.{place}.{name}"))
    }

    /// The members of a tool stand in an object with the name of its type.
    fn of_tool(&self, field: &str) -> Option<String> {
        let (at, member) = field.strip_prefix("tools.")?.split_once('.')?;
        let is_custom = at.parse().is_ok_and(|at| self.custom_places.contains(&at));
        let kind = if is_custom { "custom" } else { "function" };
        Some(format!("tools.{at}.{kind}.{member}"))
    }
}

fn of_allowed_tool(field: &str) -> Option<String> {
    let at = field.strip_prefix("allowed_tools.")?;
    Some(format!("tool_choice.allowed_tools.tools.{at}"))
}
