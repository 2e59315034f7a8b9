//! Bounds of a prompt's number of tokens. Providers count tokens with tokenizers of their own, so only bounds are known
//! before a call. Both are needed: the upper bound is set aside, and a prompt with a lower bound above the context is
//! refused.

use super::ask::Conversation;
use icu_normalizer::ComposingNormalizerBorrowed;
use std::fmt;

/// The tokens that providers add around each turn and around the instructions.
const AROUND_A_TURN: u64 = 16;
/// The tokens that a forced tool adds around its schema.
const AROUND_A_SCHEMA: u64 = 600;
/// No tokenizer turns this many bytes of real text into one token on average.
const LONGEST_TOKEN: u64 = 8;
/// The bytes of a token in estimates.
const ESTIMATED_TOKEN: u64 = 3;

/// The most tokens of a text. A token has at least one byte in every tokenizer in use (byte-level BPE, SentencePiece with
/// byte fallback), of the text as the tokenizer sees it: SentencePiece sees it in normalization form NFKC, in which one
/// character can be eighteen.
pub(super) fn most_tokens(text: &str) -> u64 {
    if text.is_ascii() {
        return text.len() as u64;
    }
    let mut normalized = Length(0);
    // Counting can't fail.
    let _infallible = ComposingNormalizerBorrowed::new_nfkc().normalize_to(text, &mut normalized);
    normalized.0.max(text.len()) as u64
}

/// Counts the written bytes.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// An estimate of the tokens of this many bytes: at least one, and rather too many. Tokenizers turn four bytes of
/// English, and two to three bytes of most other text, into one token.
pub(super) fn estimated_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(ESTIMATED_TOKEN).max(1)
}

/// The most input tokens of a prompt.
pub(super) fn most_input_tokens(conversation: &Conversation) -> u64 {
    let instructions = most_tokens(&conversation.system) + AROUND_A_TURN;
    let turns: u64 = conversation.messages.iter().map(|message| most_tokens_of_turn(&message.text)).sum();
    let schema = conversation.output_schema.as_ref();
    let schema = schema.map_or(0, |schema| most_tokens(&schema.to_string()) + AROUND_A_SCHEMA);
    instructions + turns + schema
}

/// The most tokens that a turn adds to a prompt.
pub(super) fn most_tokens_of_turn(text: &str) -> u64 {
    most_tokens(text) + AROUND_A_TURN
}

/// The fewest input tokens of a prompt.
pub(super) fn fewest_input_tokens(conversation: &Conversation) -> u64 {
    let turns: usize = conversation.messages.iter().map(|message| message.text.len()).sum();
    (conversation.system.len() + turns) as u64 / LONGEST_TOKEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::{Message, Role};
    use serde_json::json;

    fn conversation(system: &str, texts: &[&str]) -> Conversation {
        Conversation {
            system: system.to_owned(),
            messages: texts
                .iter()
                .map(|text| Message { role: Role::User, text: (*text).to_owned() })
                .collect(),
            output_schema: None,
            max_output_tokens: 1,
            temperature: None,
            top_p: None,
            stop: Vec::new(),
        }
    }

    #[test]
    fn every_byte_may_be_a_token_and_eight_are_one_at_least() {
        assert_eq!(most_input_tokens(&conversation("", &[])), 16);
        assert_eq!(most_input_tokens(&conversation("ab", &["c", "€"])), 2 + 1 + 3 + 3 * 16);
        assert_eq!(fewest_input_tokens(&conversation("ab", &["c", "€"])), 0);
        assert_eq!(fewest_input_tokens(&conversation("abcd", &["efgh", "i"])), 1);
        let schema = json!({ "type": "object" });
        let with_schema = Conversation { output_schema: Some(schema.clone()), ..conversation("", &["a"]) };
        let more = schema.to_string().len() as u64 + 600;
        assert_eq!(most_input_tokens(&with_schema), most_input_tokens(&conversation("", &["a"])) + more);
    }

    #[test]
    fn a_text_is_as_long_as_its_tokenizer_sees_it() {
        // U+FDFA, three bytes, is eighteen characters in NFKC; U+3300 is four of three bytes each.
        for (text, most) in
            [("\u{FDFA}", 33), ("a\u{3300}", 13), ("e\u{301}", 3), ("\u{ac00}日本語かなgrüße", 25)]
        {
            assert_eq!(most_tokens(text), most, "{text}");
        }
        assert_eq!(most_input_tokens(&conversation("\u{FDFA}", &["\u{FDFA}"])), 2 * (33 + 16));
    }

    #[test]
    fn a_turn_more_is_what_it_says_it_adds() {
        let (one, two) = (conversation("s", &["a"]), conversation("s", &["a", "another"]));
        assert_eq!(most_input_tokens(&two), most_input_tokens(&one) + most_tokens_of_turn("another"));
    }
}
