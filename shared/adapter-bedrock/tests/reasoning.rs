//! Reasoning that Claude gets back.

use crate::support::{call, config};
use adapter_bedrock::BedrockGateway;
use model_stub::{Step, Stub};
use ports::{
    ContentBlock, Message, ModelCall, ModelGateway, Reasoning, ReasoningContent, Role, Tool, ToolResult,
    ToolSet,
};
use serde_json::json;

/// The stub has signed the reasoning, and refuses another signature, other bytes and another order, as Claude does.
#[tokio::test]
async fn reasoning_goes_back_byte_for_byte() {
    let stub = Stub::start().await.unwrap();
    let thought = Step { reasoning: Some("Hm,\n Köln.".to_owned()), ..Step::tool_input(json!({})) };
    stub.script(vec![thought, Step::text("9 C")]).unwrap();
    let gateway = BedrockGateway::new(&config(stub.url()));
    let look = Tool {
        name: "look".to_owned(),
        description: None,
        parameters: json!({"type": "object"}),
        strict: false,
    };
    let call = ModelCall {
        model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0".to_owned(),
        temperature: None,
        reasoning: Some(Reasoning::Tokens(1024)),
        tools: ToolSet { tools: vec![look], ..ToolSet::default() },
        ..call()
    };
    let first = gateway.converse(&call).await.unwrap();
    let id = first.tool_calls[0].id.clone();
    let redacted = ContentBlock::Reasoning(ReasoningContent::Redacted("AQI=".to_owned()));
    let reasoning = first.reasoning.into_iter().map(ContentBlock::Reasoning);
    let calls = first.tool_calls.into_iter().map(ContentBlock::ToolCall);
    let turn = Message { role: Role::Assistant, content: reasoning.chain([redacted]).chain(calls).collect() };
    let mut next = call.clone();
    let content = vec![ContentBlock::Text("9 C".to_owned())];
    let results = vec![ContentBlock::ToolResult(ToolResult { call_id: id, content, is_error: false })];
    next.messages.extend([turn, Message { role: Role::User, content: results }]);
    assert_eq!(gateway.converse(&next).await.unwrap().text, "9 C");
    let sent = stub.calls().pop().unwrap().body;
    let blocks = &sent["messages"][next.messages.len() - 2]["content"];
    assert_eq!(blocks[0]["reasoningContent"]["reasoningText"]["text"], "Hm,\n Köln.");
    assert_eq!(blocks[1], json!({"reasoningContent": {"redactedContent": "AQI="}}));
}
