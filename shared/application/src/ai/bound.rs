//! How many tokens a question may have. Providers count them with tokenizers of their own, so before a call only bounds
//! are known, and both are needed: what it can't exceed is set aside, and what it exceeds surely is refused.

use super::ask::Conversation;

/// What providers add around each turn and around the instructions.
const AROUND_A_TURN: u64 = 16;
/// What a forced tool adds for its schema's frame.
const AROUND_A_SCHEMA: u64 = 600;
/// No tokenizer reads this many bytes of real text as one token on average.
const LONGEST_TOKEN: u64 = 8;

/// The most input tokens of a question. A token has at least one byte in every tokenizer in use (byte-level BPE,
/// SentencePiece with byte fallback).
pub(super) fn most_input_tokens(conversation: &Conversation) -> u64 {
    let turns = conversation.messages.len() as u64 + 1;
    let schema = conversation.output_schema.as_ref();
    let schema = schema.map_or(0, |schema| schema.to_string().len() as u64 + AROUND_A_SCHEMA);
    bytes(conversation) + turns * AROUND_A_TURN + schema
}

/// Input tokens that a question has at the least.
pub(super) fn fewest_input_tokens(conversation: &Conversation) -> u64 {
    bytes(conversation) / LONGEST_TOKEN
}

fn bytes(conversation: &Conversation) -> u64 {
    let turns: usize = conversation.messages.iter().map(|message| message.text.len()).sum();
    (conversation.system.len() + turns) as u64
}
