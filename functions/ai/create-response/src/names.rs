//! The caller's names of fields with another name in the use case, so that an error names the fields that were sent.

use crate::namespaces::Namespaces;
use wiring_ai::CustomTools;

/// The places of the parts of a prompt in the caller's body.
#[derive(Default)]
pub(crate) struct Names {
    /// The first field with instructions.
    pub(crate) instructions: Option<String>,
    /// The turns of the conversation.
    pub(crate) turns: Vec<TurnPlace>,
    /// The places of the tools, such as `tools.2`.
    pub(crate) tools: Vec<String>,
    /// The places of the allowed tools in the choice.
    pub(crate) allowed_places: Vec<usize>,
    /// The functions in namespaces.
    pub(crate) namespaces: Namespaces,
    /// The caller's name for the end user's field.
    pub(crate) user: &'static str,
    /// The custom tools of the request.
    pub(crate) custom_tools: CustomTools,
}

/// The place of a turn.
pub(crate) struct TurnPlace {
    /// The name of its item, such as `input.2`; of a text without items it is `input`.
    pub(crate) item: String,
    /// The form of its content.
    pub(crate) form: TurnForm,
}

/// The form of a turn's content.
#[derive(Clone, Copy)]
pub(crate) enum TurnForm {
    /// The input is a text.
    Input,
    /// The instructions took the place of the input.
    Instructions,
    /// A message with a text.
    Text,
    /// A message with parts.
    Parts,
    /// An item of reasoning.
    Reasoning,
    /// A call of a function.
    Call,
    /// A call of a custom tool.
    CustomCall,
    /// The output of a call.
    Output {
        /// Whether it has pictures or documents.
        has_files: bool,
    },
}

impl Names {
    /// The caller's name of a field.
    pub(crate) fn field(&self, field: &str) -> String {
        match field {
            "max_tokens" => "max_output_tokens".to_owned(),
            "messages" => "input".to_owned(),
            "user" => self.user.to_owned(),
            "system" => self.instructions.clone().unwrap_or_else(|| "instructions".to_owned()),
            "response_schema" => "text.format.schema".to_owned(),
            "allowed_tools" => "tool_choice.tools".to_owned(),
            _ => {
                let place = self.of_turn(field).or_else(|| self.of_allowed_tool(field));
                place.or_else(|| self.of_tool(field)).unwrap_or_else(|| field.to_owned())
            }
        }
    }

    fn of_tool(&self, field: &str) -> Option<String> {
        let (at, member) = field.strip_prefix("tools.")?.split_once('.')?;
        let place = self.tools.get(at.parse::<usize>().ok()?)?;
        Some(format!("{place}.{member}"))
    }

    fn of_allowed_tool(&self, field: &str) -> Option<String> {
        let at = field.strip_prefix("allowed_tools.")?.parse::<usize>().ok()?;
        Some(format!("tool_choice.tools.{}", self.allowed_places.get(at)?))
    }

    fn of_turn(&self, field: &str) -> Option<String> {
        let (at, rest) = field.strip_prefix("messages.")?.split_once('.')?;
        let TurnPlace { item, form } = self.turns.get(at.parse::<usize>().ok()?)?;
        let part = rest.strip_prefix("content.");
        Some(match (form, part) {
            (TurnForm::Input | TurnForm::Instructions, _) => item.clone(),
            (TurnForm::Reasoning, _) => format!("{item}.encrypted_content"),
            (TurnForm::Text, _) | (TurnForm::Parts, None) => format!("{item}.content"),
            (TurnForm::Parts, Some(part)) => format!("{item}.content.{part}"),
            (TurnForm::Call, None) => format!("{item}.arguments"),
            (TurnForm::CustomCall, None) => format!("{item}.input"),
            (TurnForm::Output { .. }, None) | (TurnForm::Output { has_files: true }, _) => {
                format!("{item}.output")
            }
            (TurnForm::Call | TurnForm::CustomCall | TurnForm::Output { has_files: false }, Some(_)) => {
                format!("{item}.call_id")
            }
        })
    }
}
