//! The way to language models. A provider answers one call to one model, once: which model is asked, how often, and who
//! pays for it is decided before (`application_ai`). Each trait is one thing a provider can do, so that a function links only
//! what it calls.
//!
//! Prompts and completions belong to customers: `Debug` shows their size and never their text, so that no
//! log line or error can.

mod call;
mod completion;
mod conversation;
mod embedding;
mod error;
mod guardrail;
mod names;
mod reasoning;
mod tools;

use super::BoxFuture;
use std::fmt::{self, Debug, Formatter};

pub use call::{ModelCall, is_any_object};
pub use completion::{Delta, ModelAnswer, ModelStream, StopReason, Usage};
pub use conversation::{
    ContentBlock, Document, DocumentFormat, Image, ImageFormat, Message, Role, ToolCall, ToolResult,
};
pub use embedding::{EmbeddingCall, EmbeddingFailure, Embeddings, InputType};
pub use error::{FailureCause, ModelError};
pub use guardrail::{Guardrail, NoGuardrail};
pub use names::{MappedNames, NameRule, ToolNameRules, ToolNames};
pub use reasoning::{Reasoning, ReasoningContent, ReasoningEffort};
pub use tools::{Tool, ToolChoice, ToolSet};

/// Answers calls to models.
pub trait ModelGateway: Send + Sync {
    /// One call, one attempt: no hidden retries.
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>>;
}

/// Answers calls to models with streams.
pub trait StreamingModelGateway: Send + Sync {
    /// One call, one attempt. It returns when the completion begins; `time_left` covers the whole completion.
    fn converse_stream<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>>;
}

/// Turns texts into vectors.
pub trait EmbeddingGateway: Send + Sync {
    /// The vectors of all texts, or the existing ones and the cause of the failure. One attempt; several requests where
    /// the provider accepts only one text, or some, at once. After a failed request no more are begun, and running ones
    /// are waited for.
    fn embed<'a>(&'a self, call: &'a EmbeddingCall) -> BoxFuture<'a, Result<Embeddings, EmbeddingFailure>>;
}

/// Shows the length of a text.
struct Bytes<'a>(&'a str);

impl Debug for Bytes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::sync::Arc;
    use std::time::Duration;

    const SECRET: &str = "ada@northwind.example";

    #[test]
    fn debug_says_how_much_and_never_what() {
        let (stop, usage, time_left) = (StopReason::EndTurn, Usage::default(), Duration::from_secs(1));
        let file: Arc<[u8]> = Arc::from(SECRET.as_bytes());
        let secret = || SECRET.to_owned();
        let called = ToolCall { id: secret(), name: secret(), arguments: secret() };
        let document = Document { name: secret(), format: DocumentFormat::Txt, data: Arc::clone(&file) };
        let thought = ReasoningContent::Text { text: secret(), signature: Some(secret()) };
        let content = vec![
            ContentBlock::Text(secret()),
            ContentBlock::Reasoning(thought.clone()),
            ContentBlock::Reasoning(ReasoningContent::Redacted(secret())),
            ContentBlock::Image(Image { format: ImageFormat::Png, data: file }),
            ContentBlock::Document(document),
            ContentBlock::ToolCall(called.clone()),
        ];
        let result = ToolResult { call_id: "call_1".to_owned(), content, is_error: false };
        let result = Message { role: Role::User, content: vec![ContentBlock::ToolResult(result)] };
        let tool = Tool {
            name: secret(),
            description: Some(secret()),
            parameters: Value::from(SECRET),
            strict: false,
        };
        let message = Message::text(Role::User, SECRET);
        let call = ModelCall {
            model: "m-1".to_owned(),
            system: SECRET.to_owned(),
            messages: vec![message.clone(), result.clone()],
            tools: ToolSet {
                tools: vec![tool.clone()],
                choice: ToolChoice::Named(secret()),
                one_at_a_time: true,
            },
            reasoning: None,
            output_schema: Some(Value::from(SECRET)),
            max_output_tokens: 300,
            temperature: None,
            top_p: None,
            stop: vec![SECRET.to_owned(); 2],
            cache_instructions: false,
            guardrail: None,
            time_left,
            base_model: None,
        };
        let texts = vec![SECRET.to_owned(); 3];
        for (said, says) in [
            (format!("{message:?}"), "Message { role: User, content: [Text(21 bytes)] }"),
            (format!("{result:?}"), "Image { format: Png, bytes: 21 }"),
            (format!("{tool:?}"), "Tool { strict: false, .. }"),
            (format!("{:?}", Delta::ToolCall { id: secret(), name: secret() }), "ToolCall"),
            (format!("{:?}", Delta::Arguments(secret())), "Arguments(21 bytes)"),
            (
                format!("{call:?}"),
                "system: 21 bytes, messages: [Message { role: User, content: [Text(21 bytes)] }",
            ),
            (format!("{call:?}"), "output_schema: true, max_output_tokens: 300"),
            (format!("{call:?}"), "stop: 2,"),
            (
                format!(
                    "{:?}",
                    ModelAnswer {
                        reasoning: vec![thought],
                        text: secret(),
                        tool_calls: vec![called],
                        stop,
                        usage: Some(usage)
                    }
                ),
                "{ reasoning: [Text { text: 21 bytes, signed: true }], text: 21 bytes, tool_calls: [ToolCall { arguments: 21 bytes, .. }], stop",
            ),
            (format!("{:?}", Delta::Text(SECRET.to_owned())), "Text(21 bytes)"),
            (format!("{:?}", Delta::Reasoning(secret())), "Reasoning(21 bytes)"),
            (format!("{:?}", Delta::ReasoningSignature(secret())), "ReasoningSignature(21 bytes)"),
            (format!("{:?}", Delta::RedactedReasoning(secret())), "RedactedReasoning(21 bytes)"),
            (format!("{:?}", Delta::End { stop, usage: None }), "End { stop: EndTurn, usage: None }"),
            (
                format!(
                    "{:?}",
                    EmbeddingCall {
                        model: "m-1".to_owned(),
                        texts,
                        dimensions: None,
                        input_type: InputType::Query,
                        time_left
                    }
                ),
                "EmbeddingCall { model: \"m-1\", texts: 3, dimensions: None,",
            ),
            (
                format!("{:?}", Embeddings { vectors: vec![vec![0.625, 0.5]], input_tokens: Some(7) }),
                "Embeddings { vectors: 1, input_tokens: Some(7) }",
            ),
        ] {
            assert!(said.contains(says), "{said}");
            assert!(!said.contains("ada") && !said.contains("0.625"), "{said}");
        }
    }
}
