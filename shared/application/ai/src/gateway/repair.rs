//! The question after a completion that can't be used: the completion, and what is wrong with it.

use ports::{ContentBlock, Message, ModelAnswer, Role, ToolCall, ToolResult};

/// The two turns that a repair adds to the conversation.
pub(super) struct Repair {
    /// The completion, as the model's turn.
    pub(super) answer: Message,
    /// What is wrong with it, as the caller's turn.
    pub(super) complaint: Message,
}

impl Repair {
    /// The repair of this completion. `None` for an empty one: every provider refuses an empty turn, so there is nothing
    /// to repair.
    pub(super) fn of(answer: ModelAnswer, faults: &[String]) -> Option<Self> {
        let ModelAnswer { reasoning, text, tool_calls, .. } = answer;
        let wrong = faults.join("; ");
        if tool_calls.is_empty() {
            if text.trim().is_empty() {
                return None;
            }
            let complaint = format!("That answer can't be used: {wrong}. Answer again, the answer only.");
            return Some(Self {
                answer: Message::text(Role::Assistant, text),
                complaint: Message::text(Role::User, complaint),
            });
        }
        let complaint = format!("The call was not carried out: {wrong}. Answer again.");
        let result = |call: &ToolCall| {
            ContentBlock::ToolResult(ToolResult {
                call_id: call.id.clone(),
                content: vec![ContentBlock::Text(complaint.clone())],
                is_error: true,
            })
        };
        let complaint = Message { role: Role::User, content: tool_calls.iter().map(result).collect() };
        let said = (!text.trim().is_empty()).then_some(ContentBlock::Text(text));
        let calls = tool_calls.into_iter().map(|call| ContentBlock::ToolCall(sendable(call)));
        // The turn goes on after the results, and the model needs what it began it with.
        let reasoning = reasoning.into_iter().map(ContentBlock::Reasoning);
        let content = reasoning.chain(said).chain(calls).collect();
        let answer = Message { role: Role::Assistant, content };
        Some(Self { answer, complaint })
    }
}

/// The call with arguments that every provider takes: a JSON object.
fn sendable(call: ToolCall) -> ToolCall {
    let is_object = serde_json::from_str::<serde_json::Value>(&call.arguments).is_ok_and(|it| it.is_object());
    if is_object { call } else { ToolCall { arguments: "{}".to_owned(), ..call } }
}
