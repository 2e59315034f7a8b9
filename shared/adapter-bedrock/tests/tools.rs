//! Tools, their calls and results, pictures and documents in Converse's form, and the calls that models write.

use std::sync::Arc;

use crate::support::{answers_with, call, config, frame, parts};
use adapter_bedrock::BedrockGateway;
use model_stub::{Step, Stub};
use ports::{
    ContentBlock, Delta, Document, DocumentFormat, Image, ImageFormat, Message, ModelAnswer, ModelCall,
    ModelGateway, Reasoning, ReasoningEffort, Role, StopReason, StreamingModelGateway, Tool, ToolCall,
    ToolChoice, ToolResult, ToolSet,
};
use serde_json::{Value, json};

const NOVA: &str = "amazon.nova-pro-v1:0";

fn tool(name: &str) -> Tool {
    // The order of the members is not the alphabet's.
    let parameters = r#"{"type":"object","properties":{"unit":{"type":"string"},"city":{"type":"string"}}}"#;
    Tool {
        name: name.to_owned(),
        description: Some("Tells the weather.".to_owned()),
        parameters: serde_json::from_str(parameters).unwrap(),
        strict: false,
    }
}

fn with_tools(names: &[&str], choice: ToolChoice) -> ModelCall {
    let tools = names.iter().map(|name| tool(name)).collect();
    ModelCall { tools: ToolSet { tools, choice, one_at_a_time: false }, ..call() }
}

fn called(id: &str, name: &str, arguments: &str) -> ContentBlock {
    let [id, name, arguments] = [id, name, arguments].map(str::to_owned);
    ContentBlock::ToolCall(ToolCall { id, name, arguments })
}

fn result(id: &str, content: Vec<ContentBlock>, is_error: bool) -> ContentBlock {
    ContentBlock::ToolResult(ToolResult { call_id: id.to_owned(), content, is_error })
}

fn said(text: &str) -> ContentBlock {
    ContentBlock::Text(text.to_owned())
}

/// The body of the request for this call.
async fn sent(call: &ModelCall) -> Value {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("fine")]).unwrap();
    // The server's answer does not matter here, and with a schema it may not fit.
    let _answer = BedrockGateway::new(&config(stub.url())).converse(call).await;
    stub.calls()[0].body.clone()
}

async fn answer(call: &ModelCall, content: &str, stop: &str) -> ModelAnswer {
    let usage = json!({"inputTokens": 9, "outputTokens": 5, "totalTokens": 14});
    // The text is written by hand, so that its order and spacing are known.
    let body = format!(
        r#"{{"output":{{"message":{{"role":"assistant","content":{content}}}}},"stopReason":"{stop}","usage":{usage},"metrics":{{"latencyMs":1}}}}"#
    );
    let gateway = BedrockGateway::new(&config(&answers_with("application/json", body)));
    gateway.converse(call).await.unwrap()
}

#[tokio::test]
async fn tools_are_sent_in_the_callers_order_each_time() {
    let call = with_tools(&["get_weather"], ToolChoice::Auto);
    let expected = concat!(
        r#"{"tools":[{"toolSpec":{"name":"get_weather","description":"Tells the weather.","inputSchema":{"json":"#,
        r#"{"type":"object","properties":{"unit":{"type":"string"},"city":{"type":"string"}}}}}}]}"#,
    );
    for _ in 0..5 {
        assert_eq!(sent(&call).await["toolConfig"].to_string(), expected);
    }
}

#[tokio::test]
async fn a_choice_has_converses_form() {
    let any = json!({"any": {}});
    let named = json!({"tool": {"name": "a"}});
    for (choice, expected) in [
        (ToolChoice::Auto, None),
        (ToolChoice::Required, Some(&any)),
        (ToolChoice::Named("a".to_owned()), Some(&named)),
    ] {
        let body = sent(&with_tools(&["a", "b"], choice)).await;
        assert_eq!(body["toolConfig"].get("toolChoice"), expected);
    }
    assert!(sent(&with_tools(&["a"], ToolChoice::None)).await.get("toolConfig").is_none());
}

/// With a schema and tools the model calls a tool, or the one that takes the answer.
#[tokio::test]
async fn a_schema_is_one_more_tool() {
    let schema = Some(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    let body = sent(&ModelCall { output_schema: schema, ..with_tools(&["answer"], ToolChoice::Auto) }).await;
    let names: Vec<&Value> = body["toolConfig"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["toolSpec"]["name"])
        .collect();
    assert_eq!(names, ["answer_2", "answer"]);
    assert_eq!(body["toolConfig"]["toolChoice"], json!({"any": {}}));
}

#[tokio::test]
async fn names_and_ids_of_others_are_mapped_there_and_back() {
    let names = ["weather.get/now", "get-weather"];
    let history = vec![
        Message::text(Role::User, "hello"),
        Message {
            role: Role::Assistant,
            content: vec![called("call:1#x", "weather.get/now", r#"{"unit":"C", "city":"Bonn"}"#)],
        },
        Message { role: Role::User, content: vec![result("call:1#x", vec![said("9 C")], false)] },
    ];
    let call = ModelCall {
        model: NOVA.to_owned(),
        messages: history,
        ..with_tools(&names, ToolChoice::Named("get-weather".to_owned()))
    };
    let body = sent(&call).await;
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "weather_get_now");
    assert_eq!(body["toolConfig"]["toolChoice"]["tool"]["name"], "get_weather");
    let (used, given) = (&body["messages"][1]["content"][0]["toolUse"], &body["messages"][2]["content"][0]);
    assert_eq!((&used["toolUseId"], &used["name"]), (&json!("call_1_x"), &json!("weather_get_now")));
    assert_eq!(used["input"].to_string(), r#"{"unit":"C","city":"Bonn"}"#);
    assert_eq!(given["toolResult"]["toolUseId"], "call_1_x");
    let block = json!([{"toolUse": {"toolUseId": "tooluse_9", "name": "get_weather", "input": {}}}]);
    let answer = answer(&call, &block.to_string(), "tool_use").await;
    assert_eq!(
        (answer.tool_calls[0].id.as_str(), answer.tool_calls[0].name.as_str()),
        ("tooluse_9", "get-weather")
    );
    // Claude takes hyphens.
    let body = sent(&with_tools(&names, ToolChoice::Auto)).await;
    assert_eq!(body["toolConfig"]["tools"][1]["toolSpec"]["name"], "get-weather");
}

#[tokio::test]
async fn arguments_come_back_as_the_model_wrote_them() {
    let call = with_tools(&["get_weather"], ToolChoice::Auto);
    let content = r#"[{"text":"I look."},
        {"toolUse":{"toolUseId":"t1","name":"get_weather","input":{"unit": "C", "city":"Bonn","n":1.50}}},
        {"toolUse":{"toolUseId":"t2","name":"get_weather","input":{}}}]"#;
    let answer = answer(&call, content, "tool_use").await;
    assert_eq!((answer.text.as_str(), answer.stop), ("I look.", StopReason::ToolCalls));
    let arguments: Vec<&str> = answer.tool_calls.iter().map(|call| call.arguments.as_str()).collect();
    assert_eq!(arguments, [r#"{"unit": "C", "city":"Bonn","n":1.50}"#, "{}"]);
}

#[tokio::test]
async fn a_call_that_can_t_be_read_is_no_end() {
    for reason in ["malformed_tool_use", "malformed_model_output"] {
        let answer = answer(&with_tools(&["a"], ToolChoice::Auto), r#"[{"text":"x"}]"#, reason).await;
        assert_eq!(answer.stop, StopReason::Malformed);
        assert_eq!(answer.usage.unwrap().output_tokens, 5);
    }
}

/// Histories from elsewhere: the model opens them, texts are blank, calls have no arguments, tools are gone.
#[tokio::test]
async fn a_history_from_elsewhere_has_bedrocks_form() {
    let messages = vec![
        Message::text(Role::Assistant, "Hello!"),
        Message { role: Role::User, content: vec![said("a"), said(" "), said("b")] },
        Message { role: Role::Assistant, content: vec![said(""), called("1", "old tool", "")] },
        Message { role: Role::User, content: vec![result("1", vec![said(" ")], true)] },
        Message::text(Role::Assistant, "The answer is \n"),
    ];
    let body = sent(&ModelCall { messages, ..call() }).await;
    let expected = json!([
        {"role": "user", "content": [{"text": "Begin."}]},
        {"role": "assistant", "content": [{"text": "Hello!"}]},
        {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "old_tool", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [], "status": "error"}}]},
        {"role": "assistant", "content": [{"text": "The answer is"}]},
    ]);
    assert_eq!(body["messages"], expected);
    let tools = json!([{"toolSpec": {"name": "old_tool", "inputSchema": {"json": {"type": "object"}}}}]);
    assert_eq!(body["toolConfig"], json!({"tools": tools}));
}

#[tokio::test]
async fn files_are_sent_as_bytes() {
    let data: Arc<[u8]> = Arc::from(*b"\x01\x02");
    let image = ContentBlock::Image(Image { format: ImageFormat::Webp, data: Arc::clone(&data) });
    let name = "Angebot: Köln  [7].v2".to_owned();
    let document = ContentBlock::Document(Document { name, format: DocumentFormat::Pdf, data });
    let alone = Message { role: Role::User, content: vec![document] };
    let both = Message { role: Role::User, content: vec![said("look"), image] };
    let body =
        sent(&ModelCall { messages: vec![both, Message::text(Role::Assistant, "x"), alone], ..call() }).await;
    let image = json!({"image": {"format": "webp", "source": {"bytes": "AQI="}}});
    assert_eq!(body["messages"][0]["content"], json!([{"text": "look"}, image]));
    let document = json!({"format": "pdf", "name": "Angebot K ln [7] v2", "source": {"bytes": "AQI="}});
    assert_eq!(body["messages"][2]["content"][0]["document"], document);
    // Bedrock refuses a document without a text beside it.
    assert_eq!(body["messages"][2]["content"][1], json!({"text": "The document is above."}));
}

#[tokio::test]
async fn claude_is_told_how_long_to_reason() {
    let body = sent(&ModelCall { reasoning: Some(Reasoning::Tokens(2048)), ..call() }).await;
    let thinking = json!({"thinking": {"type": "enabled", "budget_tokens": 2048}});
    assert_eq!(body["additionalModelRequestFields"], thinking);
    let body = sent(&ModelCall { reasoning: Some(Reasoning::Effort(ReasoningEffort::High)), ..call() }).await;
    let adaptive = json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}});
    assert_eq!(body["additionalModelRequestFields"], adaptive);
}

async fn streamed(call: &ModelCall, events: &[(&str, Value)]) -> Vec<Result<Delta, String>> {
    let body: Vec<u8> = events.iter().flat_map(|(name, payload)| frame("event", name, payload)).collect();
    let gateway = BedrockGateway::new(&config(&answers_with("application/vnd.amazon.eventstream", body)));
    parts(gateway.converse_stream(call).await.unwrap()).await
}

fn start(index: u32, id: &str, name: &str) -> (&'static str, Value) {
    let tool = json!({"toolUse": {"toolUseId": id, "name": name}});
    ("contentBlockStart", json!({"contentBlockIndex": index, "start": tool}))
}

fn input(index: u32, json: &str) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": {"toolUse": {"input": json}}}))
}

fn stop(reason: &str) -> [(&'static str, Value); 2] {
    let usage = json!({"inputTokens": 9, "outputTokens": 5, "totalTokens": 14});
    [
        ("messageStop", json!({"stopReason": reason})),
        ("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}})),
    ]
}

fn begun(id: &str, name: &str) -> Result<Delta, String> {
    Ok(Delta::ToolCall { id: id.to_owned(), name: name.to_owned() })
}

#[tokio::test]
async fn a_fine_tuned_model_takes_names_and_schemas_like_its_base_model() {
    const DEPLOYMENT: &str = "arn:aws:bedrock:us-east-1:000000000000:custom-model-deployment/abcdefghijkl";
    let schema = json!({
        "$defs": {"size": {"type": "integer"}},
        "type": "object", "properties": {"size": {"$ref": "#/$defs/size"}},
    });
    let mut call = with_tools(&["get-weather"], ToolChoice::Auto);
    call.tools.tools[0].parameters = schema;
    let nova = ModelCall { model: NOVA.to_owned(), ..call.clone() };
    let tuned = ModelCall { model: DEPLOYMENT.to_owned(), base_model: Some(NOVA.to_owned()), ..call };
    assert_eq!((nova.family(), tuned.family()), (NOVA, NOVA));
    let tools = |body: Value| body["toolConfig"]["tools"].clone();
    assert_eq!(tools(sent(&tuned).await), tools(sent(&nova).await));
}

#[tokio::test]
async fn streamed_calls_come_in_parts() {
    let call = ModelCall { model: NOVA.to_owned(), ..with_tools(&["get-weather"], ToolChoice::Auto) };
    let text = ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "I look."}}));
    let events = [
        text,
        start(1, "t1", "get_weather"),
        input(1, "{\"ci"),
        input(1, "ty\":1}"),
        start(2, "t2", "get_weather"),
    ];
    let parts = streamed(&call, &[events.as_slice(), &stop("tool_use")].concat()).await;
    let arguments = |json: &str| Ok(Delta::Arguments(json.to_owned()));
    assert_eq!(
        parts[..5],
        [
            Ok(Delta::Text("I look.".to_owned())),
            begun("t1", "get-weather"),
            arguments("{\"ci"),
            arguments("ty\":1}"),
            begun("t2", "get-weather"),
        ]
    );
    assert!(
        matches!(parts[5..], [Ok(Delta::End { stop: StopReason::ToolCalls, usage: Some(_) })]),
        "{parts:?}"
    );
}

/// With tools and a schema, the input of the answer tool is the text, and another call stays a call.
#[tokio::test]
async fn a_streamed_structured_answer_may_call_a_tool_instead() {
    let schema = Some(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    let call = ModelCall { output_schema: schema, ..with_tools(&["look"], ToolChoice::Auto) };
    let answered = [start(0, "t1", "answer"), input(0, "{}")];
    let parts = streamed(&call, &[answered.as_slice(), &stop("tool_use")].concat()).await;
    assert_eq!(parts[0], Ok(Delta::Text("{}".to_owned())));
    assert!(matches!(parts[1], Ok(Delta::End { stop: StopReason::EndTurn, .. })));
    let looked = [start(0, "t1", "look"), input(0, "{}")];
    let parts = streamed(&call, &[looked.as_slice(), &stop("tool_use")].concat()).await;
    assert_eq!(parts[0], begun("t1", "look"));
    assert!(matches!(parts[2], Ok(Delta::End { stop: StopReason::ToolCalls, .. })));
}
