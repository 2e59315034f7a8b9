//! Turns OpenAI's request into a prompt. An unsupported field that would change the answer is refused by name.

use crate::items::{self, ReadItem};
use crate::names::{Names, TurnForm, TurnPlace};
use crate::parts::required;
use crate::tools::PlacedTool;
use crate::{tools, unused};
use application_ai::{AUTO, CompletionRequest};
use application_core::model_answer::CacheControl;
use contracts::openai::responses::{InputItem, ResponseRequest, TextFormat, TextFormatKind, TextOrList};
use domain::InvalidFields;
use domain::field::FieldChecks;
use ports::{Message, Role};
use serde_json::{Value, json};
use wiring_ai::chat::reasoning_effort;
use wiring_ai::{NamedEndUser, RequestFiles};

/// The prompt of a request, and the wrong fields among those that only OpenAI's format has.
pub(crate) fn read(
    body: ResponseRequest,
    cache: CacheControl,
    files: &mut RequestFiles,
) -> (CompletionRequest, Names, Result<(), InvalidFields>) {
    let mut check = FieldChecks::default();
    unused::of_request(&body, &mut check);
    let effort = body.reasoning.and_then(|reasoning| reasoning.effort);
    let format = body.text.and_then(|text| text.format);
    let newer_user = ("safety_identifier", body.safety_identifier.as_deref());
    let user = NamedEndUser::of(newer_user, ("user", body.user.as_deref()), &mut check);
    let ReadConversation { system, messages, tools: further, mut names } =
        conversation(body.instructions, body.input, files, &mut check);
    let all = tools::placed("tools", body.tools.unwrap_or_default()).chain(further).collect();
    let tools = tools::read(all, body.tool_choice, body.parallel_tool_calls, &mut check);
    (names.tools, names.namespaces, names.user) = (tools.places, tools.namespaces, user.field);
    (names.custom_tools, names.allowed_places) = (tools.custom, tools.allowed_places);
    let asked = CompletionRequest {
        model: Some(body.model).filter(|model| model != AUTO),
        system,
        messages,
        tools: tools.set,
        allowed_tools: tools.allowed,
        reasoning_effort: effort.and_then(reasoning_effort),
        output_schema: format.and_then(|format| schema(format, &mut check)),
        max_tokens: body.max_output_tokens,
        temperature: body.temperature,
        top_p: body.top_p,
        stop: Vec::new(),
        cache,
        user: user.name,
    };
    (asked, names, check.finish(()))
}

struct ReadConversation {
    system: String,
    messages: Vec<Message>,
    /// The tools that stand among the items.
    tools: Vec<PlacedTool>,
    names: Names,
}

fn conversation(
    instructions: Option<String>,
    input: TextOrList<InputItem>,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> ReadConversation {
    let first = instructions.is_some().then(|| "instructions".to_owned());
    let mut names = Names { instructions: first, user: "user", ..Names::default() };
    let mut system: Vec<String> = instructions.into_iter().collect();
    let (mut messages, mut tools) = (Vec::new(), Vec::new());
    match input {
        TextOrList::Text(text) => {
            names.turns.push(TurnPlace { item: "input".to_owned(), form: TurnForm::Input });
            messages.push(Message::text(Role::User, text));
        }
        TextOrList::List(items) => {
            let is_empty = items.is_empty();
            // Reasoning belongs to what the model said or called after it.
            let mut reasoning = Vec::new();
            for (at, item) in items.into_iter().enumerate() {
                match items::read(item, format!("input.{at}"), files, check) {
                    ReadItem::Instructions(text, field) => {
                        names.instructions.get_or_insert(field);
                        system.push(text);
                    }
                    ReadItem::Reasoning(message, place) => reasoning.push((message, place)),
                    ReadItem::Turn(message, place) => {
                        let before = std::mem::take(&mut reasoning);
                        for (message, place) in before.into_iter().filter(|_| message.role == Role::Assistant)
                        {
                            names.turns.push(place);
                            messages.push(message);
                        }
                        names.turns.push(place);
                        messages.push(message);
                    }
                    ReadItem::Tools(further) => tools.extend(further),
                    ReadItem::Nothing => {}
                }
            }
            // Providers need a user's turn, so instructions alone become the user's turn.
            if let (true, false, Some(field)) = (messages.is_empty(), is_empty, &names.instructions) {
                names.turns.push(TurnPlace { item: field.clone(), form: TurnForm::Instructions });
                messages.push(Message::text(Role::User, std::mem::take(&mut system).join("\n\n")));
            }
        }
    }
    ReadConversation { system: system.join("\n\n"), messages, tools, names }
}

fn schema(format: TextFormat, check: &mut FieldChecks) -> Option<Value> {
    match format.kind {
        TextFormatKind::Text => None,
        TextFormatKind::JsonObject => Some(json!({"type": "object"})),
        TextFormatKind::JsonSchema => {
            required(format.name, "text.format", "name", check);
            required(format.schema, "text.format", "schema", check)
        }
    }
}
