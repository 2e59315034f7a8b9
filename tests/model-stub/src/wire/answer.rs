//! The JSON of Converse's answers, and their token counts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Tokens of a call, as Bedrock counts them: `input_tokens` does not include the tokens that were read from or written
/// to the cache. Its JSON has the names of the wire format (`inputTokens` and so on), without the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Usage {
    /// Input tokens billed at the input price.
    pub input_tokens: u64,
    /// Generated tokens.
    pub output_tokens: u64,
    /// Input tokens read from the prompt cache.
    #[serde(default)]
    pub cache_read_input_tokens: u64,
    /// Input tokens written to the prompt cache.
    #[serde(default)]
    pub cache_write_input_tokens: u64,
}

impl Usage {
    pub(crate) fn json(self) -> Value {
        let total = self
            .input_tokens
            .saturating_add(self.output_tokens)
            .saturating_add(self.cache_read_input_tokens)
            .saturating_add(self.cache_write_input_tokens);
        json!({
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": total,
            "cacheReadInputTokens": self.cache_read_input_tokens,
            "cacheWriteInputTokens": self.cache_write_input_tokens,
        })
    }
}

/// A whole answer, scripted or forwarded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) blocks: Vec<AnswerBlock>,
    /// `end_turn`, `tool_use`, `max_tokens`, `stop_sequence`, `content_filtered`, ...
    pub(crate) stop_reason: String,
    pub(crate) usage: Usage,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AnswerBlock {
    /// The thoughts of a model that shows them; Bedrock signs them.
    Reasoning(String),
    Text(String),
    ToolUse {
        id: String,
        name: String,
        input: Value,
    },
}

/// The signature of thoughts, which is another one for each text (FNV-1a). A client that sends thoughts back must send both
/// unchanged.
pub(crate) fn signature(thoughts: &str) -> String {
    let mixed = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = thoughts.bytes().fold(0xcbf2_9ce4_8422_2325, mixed);
    STANDARD.encode(hash.to_be_bytes())
}

impl Answer {
    /// The body of a Converse response.
    pub(crate) fn json(&self, latency_ms: u64) -> Value {
        let content: Vec<Value> = self
            .blocks
            .iter()
            .map(|block| match block {
                AnswerBlock::Reasoning(text) => {
                    let thoughts = json!({ "text": text, "signature": signature(text) });
                    json!({ "reasoningContent": { "reasoningText": thoughts } })
                }
                AnswerBlock::Text(text) => json!({ "text": text }),
                AnswerBlock::ToolUse { id, name, input } => {
                    json!({ "toolUse": { "toolUseId": id, "name": name, "input": input } })
                }
            })
            .collect();
        json!({
            "output": { "message": { "role": "assistant", "content": content } },
            "stopReason": self.stop_reason,
            "usage": self.usage.json(),
            "metrics": { "latencyMs": latency_ms },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_counts_cached_tokens_too() {
        let usage = Usage {
            input_tokens: 5,
            output_tokens: 7,
            cache_read_input_tokens: 11,
            cache_write_input_tokens: 13,
        };
        assert_eq!(usage.json()["totalTokens"], 36);
    }
}
