//! Masks personal data for providers: each value that [`personal`](super::personal) finds in a prompt becomes a
//! placeholder such as `[email_1]`, the same for the same value in the whole prompt, and completions get the values
//! back. Nothing of it outlives the request.

use super::ask::{Conversation, GatewayRequest};
use super::personal::{self, Kind};
use ports::Message;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The most bytes of a placeholder without its brackets: the longest kind, `_` and the largest number. Longer text in
/// brackets is not a placeholder, and looking for its end would cost a completion of brackets the square of its length.
const LONGEST_NAME: usize = "email_18446744073709551615]".len();

/// The placeholders of one request.
#[derive(Default)]
pub(super) struct Masking {
    /// Placeholders by value, while a prompt is masked.
    placeholders: HashMap<String, String>,
    /// Values by placeholder, for completions.
    values: HashMap<String, String>,
    /// The numbers used for each kind, and placeholders in the original prompt.
    numbers: HashMap<Kind, u64>,
}

impl Masking {
    /// The prompt without personal data. Its check gets completions with the values in them, as the caller reads them,
    /// so that words quoted from the prompt are still found.
    pub(super) fn of(ask: &GatewayRequest) -> (GatewayRequest, Arc<Self>) {
        let mut masking = Self::default();
        let Conversation { system, messages, output_schema, max_output_tokens, temperature, top_p, stop } =
            &ask.conversation;
        let schema = output_schema.as_ref().map(ToString::to_string).unwrap_or_default();
        let texts = messages.iter().map(|message| message.text.as_str());
        texts.chain([system.as_str(), schema.as_str()]).for_each(|text| masking.pass_over(text));
        stop.iter().for_each(|text| masking.pass_over(text));
        let turn = |message: &Message| Message { role: message.role, text: masking.masked(&message.text) };
        let conversation = Conversation {
            messages: messages.iter().map(turn).collect(),
            system: masking.masked(system),
            output_schema: output_schema.as_ref().map(|schema| masking.masked_value(schema)),
            max_output_tokens: *max_output_tokens,
            temperature: *temperature,
            top_p: *top_p,
            stop: stop.iter().map(|text| masking.masked(text)).collect(),
        };
        let masking = Arc::new(masking);
        let check = ask.check.clone().map(|check| {
            let masking = Arc::clone(&masking);
            Arc::new(move |text: &str| check(&masking.restored(text))) as super::ask::CompletionCheck
        });
        (GatewayRequest { conversation, check, ..ask.clone() }, masking)
    }

    /// Texts without personal data, for requests whose results contain no text.
    pub(super) fn of_texts(texts: &[String]) -> Vec<String> {
        let mut masking = Self::default();
        texts.iter().for_each(|text| masking.pass_over(text));
        texts.iter().map(|text| masking.masked(text)).collect()
    }

    /// Numbers begin after those in the original prompt, so that a text of the prompt itself is never replaced.
    fn pass_over(&mut self, text: &str) {
        for kind in Kind::ALL {
            let sign = format!("[{}_", kind.as_str());
            for (at, _) in text.match_indices(&sign) {
                let rest = text.get(at + sign.len()..).unwrap_or_default();
                let number: String = rest.chars().take_while(char::is_ascii_digit).take(9).collect();
                let last = self.numbers.entry(kind).or_default();
                *last = number.parse().unwrap_or(0).max(*last);
            }
        }
    }

    fn masked(&mut self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for (range, kind) in personal::find(text) {
            masked.push_str(text.get(from..range.start).unwrap_or_default());
            masked.push_str(self.placeholder(text.get(range.clone()).unwrap_or_default(), kind));
            from = range.end;
        }
        masked.push_str(text.get(from..).unwrap_or_default());
        masked
    }

    fn placeholder(&mut self, value: &str, kind: Kind) -> &str {
        let (numbers, values) = (&mut self.numbers, &mut self.values);
        self.placeholders.entry(value.to_owned()).or_insert_with(|| {
            let number = numbers.entry(kind).or_default();
            *number += 1;
            let placeholder = format!("[{}_{number}]", kind.as_str());
            values.insert(placeholder.clone(), value.to_owned());
            placeholder
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
            other => other.clone(),
        }
    }

    /// A completion with the values in place of their placeholders.
    pub(super) fn restored(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('[') {
            restored.push_str(before);
            let end = after.bytes().take(LONGEST_NAME).position(|byte| byte == b']');
            let name = end.and_then(|end| after.get(..end)).map(|name| format!("[{name}]"));
            match name.and_then(|name| self.values.get(&name).map(|value| (name.len() - 1, value))) {
                Some((length, value)) => {
                    restored.push_str(value);
                    rest = after.get(length..).unwrap_or_default();
                }
                None => {
                    restored.push('[');
                    rest = after;
                }
            }
        }
        restored.push_str(rest);
        restored
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
        let open = self.held.rfind('[').filter(|at| self.may_go_on(*at));
        let later = self.held.split_off(open.unwrap_or(self.held.len()));
        let told = self.masking.restored(&self.held);
        self.held = later;
        told
    }

    /// Whether the text from here on may be the beginning of a placeholder.
    fn may_go_on(&self, at: usize) -> bool {
        let begun = self.held.get(at..).unwrap_or_default();
        self.masking.values.keys().any(|name| name.len() > begun.len() && name.starts_with(begun))
    }

    /// The whole completion, with the values.
    pub(super) fn all(&self, text: &str) -> String {
        self.masking.restored(text)
    }

    /// The held-back text, when nothing more arrives.
    pub(super) fn rest(&mut self) -> String {
        self.masking.restored(&std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masking(texts: &[&str]) -> (Vec<String>, Arc<Masking>) {
        let mut masking = Masking::default();
        texts.iter().for_each(|text| masking.pass_over(text));
        let masked = texts.iter().map(|text| masking.masked(text)).collect();
        (masked, Arc::new(masking))
    }

    #[test]
    fn a_value_has_one_placeholder_and_comes_back() {
        let texts = ["ada@x.example or +49 171 1234567", "again ada@x.example, not bob@x.example"];
        let (masked, masking) = masking(&texts);
        assert_eq!(masked, ["[email_1] or [phone_1]", "again [email_1], not [email_2]"]);
        for (masked, text) in masked.iter().zip(texts) {
            assert_eq!(masking.restored(masked), text);
        }
        assert_eq!(
            masking.restored("[email_3] [email_1 [[email_2]] ["),
            "[email_3] [email_1 [bob@x.example] ["
        );
    }

    #[test]
    fn what_the_question_says_itself_is_no_placeholder() {
        let (masked, masking) = masking(&["[email_7] is not ada@x.example"]);
        assert_eq!(masked, ["[email_7] is not [email_8]"]);
        assert_eq!(masking.restored(&masked[0]), "[email_7] is not ada@x.example");
    }

    /// It would take hours if every bracket's end were looked for in the whole rest.
    #[test]
    fn an_answer_of_brackets_comes_back_as_it_is() {
        let (_, masking) = masking(&["ada@x.example"]);
        let answer = format!("{}]", "[".repeat(8_000_000));
        assert_eq!(masking.restored(&answer), answer);
    }

    #[test]
    fn a_stream_says_the_same_however_it_is_cut() {
        let (_, masking) = masking(&["ada@x.example bob@x.example"]);
        let answer = "a [b] [email_1], [email_2][email_ [email_1";
        for size in 1..answer.len() {
            let mut restoring = Restoring::new(Arc::clone(&masking));
            let parts: Vec<&str> = (0..answer.len())
                .step_by(size)
                .map(|at| &answer[at..(at + size).min(answer.len())])
                .collect();
            let mut told: String = parts.into_iter().map(|part| restoring.more(part)).collect();
            told.push_str(&restoring.rest());
            assert_eq!(told, masking.restored(answer), "{size}");
        }
    }
}
