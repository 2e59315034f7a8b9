//! The edits of a conversation that a request asked for (`context_management`), as its answer tells them.

use serde::{Deserialize, Serialize};

/// The edits that changed something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedContextEdits {
    /// In the order of the request. An edit that changed nothing is not in it.
    pub applied_edits: Vec<AppliedContextEdit>,
}

/// An edit that changed something. Its tokens are an estimate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum AppliedContextEdit {
    /// The reasoning of older turns was taken out.
    #[serde(rename = "clear_thinking_20251015")]
    ClearThinking {
        /// The estimated tokens of the reasoning that was taken out.
        cleared_input_tokens: u64,
        /// The number of turns without their reasoning.
        cleared_thinking_turns: u64,
    },
    /// The results of older calls of tools were taken out.
    #[serde(rename = "clear_tool_uses_20250919")]
    ClearToolUses {
        /// The estimated tokens of the results and arguments that were taken out.
        cleared_input_tokens: u64,
        /// The number of calls without their results.
        cleared_tool_uses: u64,
    },
}
