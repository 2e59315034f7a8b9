//! Masks personal data for providers: each value that [`personal`](super::personal) finds in a prompt becomes a
//! placeholder such as `[email_1]`, the same for the same value in the whole prompt, and completions get the values
//! back, also where the model wrote a placeholder a little differently ([`spelling`]). Nothing of it outlives the
//! request.

mod escapes;
mod parts;
mod spelling;

use super::ask::{Conversation, GatewayRequest};
use super::personal::{self, Kind, KnownPhones};
use escapes::Unescaped;
use ports::ToolCall;
use serde_json::{Map, Value};
use spelling::{Bracket, NumberedValues, Spelling, backslashes};
use std::collections::HashMap;
use std::sync::Arc;

/// The placeholders of one request.
#[derive(Default)]
pub(super) struct Masking {
    /// Placeholders by value, while a prompt is masked.
    placeholders: HashMap<String, String>,
    /// Values by the number of their placeholder, for completions.
    values: HashMap<Kind, NumberedValues>,
    phones: KnownPhones,
}

impl Masking {
    /// The prompt without personal data. Its check gets completions with the values in them, as the caller reads them,
    /// so that words quoted from the prompt are still found.
    pub(super) fn of(ask: &GatewayRequest) -> (GatewayRequest, Arc<Self>) {
        let mut masking = Self::default();
        let Conversation {
            system,
            messages,
            tools,
            reasoning_effort,
            output_schema,
            max_output_tokens,
            temperature,
            top_p,
            stop,
        } = &ask.conversation;
        let schema = output_schema.as_ref().map(ToString::to_string).unwrap_or_default();
        // The numbers of placeholders grow with the conversation, from what each of its requests has at the beginning. So
        // the next request has the same placeholders, and the model's reasoning becomes the text again that it signed.
        messages.iter().flat_map(|turn| &turn.content).for_each(|block| masking.pass_over_block(block));
        [system, &schema].into_iter().for_each(|text| masking.pass_over(text));
        stop.iter().for_each(|text| masking.pass_over(text));
        for tool in &tools.tools {
            masking.pass_over(tool.description.as_deref().unwrap_or_default());
            masking.pass_over(&tool.parameters.to_string());
        }
        let conversation = Conversation {
            system: masking.masked(system),
            tools: masking.masked_tools(tools),
            output_schema: output_schema.as_ref().map(|schema| masking.masked_value(schema)),
            stop: stop.iter().map(|text| masking.masked(text)).collect(),
            messages: messages.iter().map(|turn| masking.masked_turn(turn)).collect(),
            reasoning_effort: *reasoning_effort,
            max_output_tokens: *max_output_tokens,
            temperature: *temperature,
            top_p: *top_p,
        };
        let masking = Arc::new(masking);
        let check = ask.check.clone().map(|check| {
            let masking = Arc::clone(&masking);
            Arc::new(move |text: &str| check(&masking.restored(text))) as super::ask::CompletionCheck
        });
        let tool_check = ask.tool_check.clone().map(|check| {
            let masking = Arc::clone(&masking);
            Arc::new(move |calls: &[ToolCall]| check(&masking.restored_calls(calls)))
                as super::ask::ToolCallCheck
        });
        (GatewayRequest { conversation, check, tool_check, ..ask.clone() }, masking)
    }

    /// Texts without personal data, for requests whose results contain no text.
    pub(super) fn of_texts(texts: &[String]) -> Vec<String> {
        let mut masking = Self::default();
        texts.iter().for_each(|text| masking.pass_over(text));
        texts.iter().map(|text| masking.masked(text)).collect()
    }

    /// Reads a text of the prompt before any is masked. Numbers begin after those in the original prompt, however they
    /// are written there, so that a text of the prompt itself is never replaced.
    fn pass_over(&mut self, text: &str) {
        let unescaped = Unescaped::of(text);
        self.phones.learn(unescaped.text());
        for (kind, number) in spelling::numbers_in(unescaped.text()) {
            self.values.entry(kind).or_default().begin_after(number);
        }
    }

    fn masked(&mut self, text: &str) -> String {
        let unescaped = Unescaped::of(text);
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for (range, kind) in personal::find(unescaped.text(), &self.phones) {
            let written = unescaped.written(&range);
            masked.push_str(text.get(from..written.start).unwrap_or_default());
            masked.push_str(self.placeholder(unescaped.text().get(range).unwrap_or_default(), kind));
            from = written.end;
        }
        masked.push_str(text.get(from..).unwrap_or_default());
        masked
    }

    fn placeholder(&mut self, value: &str, kind: Kind) -> &str {
        let values = &mut self.values;
        self.placeholders.entry(value.to_owned()).or_insert_with(|| {
            let number = values.entry(kind).or_default().add(value);
            format!("[{}_{number}]", kind.as_str())
        })
    }

    fn masked_value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.masked(text)),
            Value::Array(items) => items.iter().map(|item| self.masked_value(item)).collect(),
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| (self.masked(name), self.masked_value(value));
                Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
            }
            Value::Number(number) => {
                let text = number.to_string();
                let masked = self.masked(&text);
                if masked == text { value.clone() } else { Value::String(masked) }
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// Calls of tools with the values in their arguments.
    pub(super) fn restored_calls(&self, calls: &[ToolCall]) -> Vec<ToolCall> {
        let restored =
            |call: &ToolCall| ToolCall { arguments: self.restored(&call.arguments), ..call.clone() };
        calls.iter().map(restored).collect()
    }

    /// A completion with the values in place of their placeholders.
    pub(super) fn restored(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, bracket, after)) = Bracket::first(rest) {
            match spelling::read(after, bracket, &self.values) {
                Spelling::Placeholder { value, length, escapes } => {
                    let escapes = backslashes(before).min(escapes);
                    restored.push_str(before.get(..before.len() - escapes).unwrap_or_default());
                    restored.push_str(value);
                    rest = after.get(length..).unwrap_or_default();
                }
                Spelling::MayBecomeOne | Spelling::Other => {
                    restored.push_str(before);
                    restored.push_str(bracket.opening());
                    rest = after;
                }
            }
        }
        restored.push_str(rest);
        restored
    }

    /// The length of the beginning that stays as it is, whatever text follows.
    fn settled(&self, text: &str) -> usize {
        if self.values.values().all(NumberedValues::is_empty) {
            return text.len();
        }
        let begun = Bracket::last(text).filter(|(_, bracket, after)| {
            matches!(spelling::read(after, *bracket, &self.values), Spelling::MayBecomeOne)
        });
        // Backslashes before a placeholder may belong to it.
        let settled = begun.map_or(text, |(before, ..)| before);
        settled.len() - backslashes(settled)
    }
}

/// Puts values back into a streamed completion: a placeholder may arrive in several parts.
pub(super) struct Restoring {
    masking: Arc<Masking>,
    held: String,
}

impl Restoring {
    pub(super) fn new(masking: Arc<Masking>) -> Self {
        Self { masking, held: String::new() }
    }

    /// The text that can be passed on after this part; it may be empty.
    pub(super) fn more(&mut self, text: &str) -> String {
        self.held.push_str(text);
        let later = self.held.split_off(self.masking.settled(&self.held));
        let told = self.masking.restored(&self.held);
        self.held = later;
        told
    }

    /// The held-back text, when nothing more arrives.
    pub(super) fn rest(&mut self) -> String {
        self.masking.restored(&std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests;
