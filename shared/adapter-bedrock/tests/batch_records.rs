//! Records of batch files: their inputs are what the ordinary call sends, and their outputs mean what its answers mean.

use std::sync::Arc;

use crate::support::{call, config, everything_said, recorded};
use adapter_bedrock::{BedrockBatchRecords, BedrockGateway};
use ports::{
    BatchRecords, ContentBlock, Document, DocumentFormat, Guardrail, Image, ImageFormat, Message,
    ModelAnswer, ModelCall, ModelError, ModelGateway, Role, StopReason, Tool, ToolCall, ToolChoice,
    ToolResult, ToolSet, Usage,
};
use serde_json::json;

const NOVA: &str = "amazon.nova-pro-v1:0";
const ID: &str = "R0000000007";
const ANSWER: &str = r#"{"output":{"message":{"role":"assistant","content":[{"text":"Fine."}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2},"metrics":{"latencyMs":1}}"#;

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

fn with_tools(model: &str, names: &[&str]) -> ModelCall {
    let tools = names.iter().map(|name| tool(name)).collect();
    let tools = ToolSet { tools, choice: ToolChoice::Auto, one_at_a_time: false };
    ModelCall { model: model.to_owned(), tools, ..call() }
}

/// A conversation in which a tool was called.
fn with_history() -> ModelCall {
    let called =
        ToolCall { id: "call_1".to_owned(), name: "get-weather".to_owned(), arguments: "{}".to_owned() };
    let result = ToolResult {
        call_id: "call_1".to_owned(),
        content: vec![ContentBlock::Text("Rain.".to_owned())],
        is_error: false,
    };
    let messages = vec![
        Message::text(Role::User, "Weather?".to_owned()),
        Message { role: Role::Assistant, content: vec![ContentBlock::ToolCall(called)] },
        Message { role: Role::User, content: vec![ContentBlock::ToolResult(result)] },
    ];
    ModelCall { messages, ..call() }
}

fn with_files() -> ModelCall {
    let image = Image { format: ImageFormat::Png, data: Arc::from(&b"\x89PNG\r\n\x1a\n"[..]) };
    let document = Document {
        name: "offer.pdf".to_owned(),
        format: DocumentFormat::Pdf,
        data: Arc::from(&b"%PDF-1.7\n"[..]),
    };
    let content = vec![
        ContentBlock::Text("Line 1\nline 2 \u{2028} \"json\":\"sextant-raw-json-0\"".to_owned()),
        ContentBlock::Image(image),
        ContentBlock::Document(document),
    ];
    ModelCall { messages: vec![Message { role: Role::User, content }], ..call() }
}

async fn line(call: &ModelCall) -> String {
    let line = BedrockBatchRecords::new().record(ID, call).await.unwrap();
    String::from_utf8(line).unwrap()
}

#[tokio::test]
async fn the_input_of_a_record_is_byte_for_byte_what_the_ordinary_call_sends() {
    let forbidden = ToolSet { choice: ToolChoice::None, ..with_tools(NOVA, &["get-weather"]).tools };
    let calls = [
        call(),
        ModelCall { system: String::new(), temperature: None, ..call() },
        ModelCall {
            model: NOVA.to_owned(),
            top_p: Some(0.75),
            stop: vec!["END".to_owned(), "\n\n".to_owned()],
            cache_instructions: true,
            ..call()
        },
        // The model is not held to a schema for any object, and is not told of tools that it may not call.
        ModelCall { output_schema: Some(json!({"type": "object"})), tools: forbidden, ..call() },
        with_files(),
    ];
    let (url, requests) = recorded(ANSWER);
    let gateway = BedrockGateway::new(&config(&url));
    for call in calls {
        gateway.converse(&call).await.unwrap();
        let sent = String::from_utf8(requests.recv().unwrap()).unwrap();
        assert_eq!(line(&call).await, format!(r#"{{"recordId":"{ID}","modelInput":{sent}}}"#));
    }
}

#[tokio::test]
async fn a_record_has_the_services_form() {
    let call = ModelCall { model: NOVA.to_owned(), stop: vec!["\n".to_owned()], ..call() };
    assert_eq!(
        line(&call).await,
        r#"{"recordId":"R0000000007","modelInput":{"inferenceConfig":{"maxTokens":300,"temperature":0.5,"stopSequences":["\n"]},"messages":[{"role":"user","content":[{"text":"the secret prompt"}]}],"system":[{"text":"You score leads."}]}}"#
    );
}

/// The service answers a record that has tools with an error, and a schema is a tool. It does not state that it applies
/// guardrails.
#[tokio::test]
async fn calls_that_need_tools_or_a_guardrail_are_not_taken() {
    let records = BedrockBatchRecords::new();
    let schema = Some(json!({"type": "object", "required": ["score"]}));
    for call in [
        with_tools(NOVA, &["get-weather"]),
        ModelCall { output_schema: schema, ..call() },
        with_history(),
        ModelCall {
            guardrail: Some(Guardrail { id: "gr-1".to_owned(), version: "DRAFT".to_owned() }),
            ..call()
        },
        ModelCall {
            tools: ToolSet { choice: ToolChoice::None, ..with_tools(NOVA, &["a"]).tools },
            ..with_history()
        },
    ] {
        assert!(!records.takes(&call));
        let refused = records.record(ID, &call).await.unwrap_err();
        assert!(matches!(refused, ModelError::Refused(_)), "{refused:?}");
        assert!(everything_said(&refused).contains("take no tools"), "{refused:?}");
    }
    assert!(records.takes(&call()) && records.takes(&with_files()));
}

#[tokio::test]
async fn other_ids_than_bedrocks_are_refused() {
    for id in ["", "R000000007", "R00000000007", "R-000000007", "R\"00000007", "R00000000\u{e9}"] {
        let refused = BedrockBatchRecords::new().record(id, &call()).await.unwrap_err();
        assert!(matches!(refused, ModelError::Refused(_)), "{id}: {refused:?}");
    }
}

/// The completion in a line with this output, or with this error.
async fn completion(call: &ModelCall, member: &str) -> Result<ModelAnswer, ModelError> {
    let line = format!(r#"{{"modelInput":{{"messages":[]}},{member},"recordId":"{ID}"}}"#);
    let records = BedrockBatchRecords::new();
    assert_eq!(records.record_id(line.as_bytes()).unwrap(), ID);
    records.completion(call, line.as_bytes()).await
}

fn output(content: &str, stop: &str) -> String {
    format!(
        r#""modelOutput":{{"metrics":{{"latencyMs":900}},"output":{{"message":{{"role":"assistant","content":[{content}]}}}},"stopReason":"{stop}","usage":{{"inputTokens":11,"outputTokens":7,"totalTokens":38,"cacheReadInputTokens":20}}}}"#
    )
}

#[tokio::test]
async fn a_text_arrives_with_its_tokens_and_says_if_it_is_cut() {
    for (stop, meaning) in [("end_turn", StopReason::EndTurn), ("max_tokens", StopReason::MaxTokens)] {
        let answer = completion(&call(), &output(r#"{"text":"Grüße\n"}"#, stop)).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.stop), ("Grüße\n", meaning));
        let usage = Usage { input_tokens: 11, output_tokens: 7, cache_read_tokens: 20, ..Usage::default() };
        assert_eq!(answer.usage, Some(usage));
    }
}

#[tokio::test]
async fn calls_of_tools_have_the_callers_names_and_the_models_own_arguments() {
    let content =
        r#"{"toolUse":{"toolUseId":"t1","name":"get_weather","input":{ "unit": "C", "city":"Bern" }}}"#;
    let answer = completion(&with_tools(NOVA, &["get-weather"]), &output(content, "tool_use")).await.unwrap();
    let called = ToolCall {
        id: "t1".to_owned(),
        name: "get-weather".to_owned(),
        arguments: r#"{ "unit": "C", "city":"Bern" }"#.to_owned(),
    };
    assert_eq!(
        (answer.text.as_str(), answer.tool_calls, answer.stop),
        ("", vec![called], StopReason::ToolCalls)
    );
}

#[tokio::test]
async fn a_structured_answer_is_the_text() {
    let call = ModelCall { output_schema: Some(json!({"type": "object", "required": ["score"]})), ..call() };
    let content = r#"{"toolUse":{"toolUseId":"t1","name":"answer","input":{"score": 81}}}"#;
    let answer = completion(&call, &output(content, "tool_use")).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.stop), (r#"{"score": 81}"#, StopReason::EndTurn));
}

#[tokio::test]
async fn an_error_of_a_record_means_what_it_means_for_the_ordinary_call() {
    type Meaning = fn(&ModelError) -> bool;
    let cases: [(u16, &str, Meaning); 8] = [
        (400, "Input is too long for requested model.", |error| matches!(error, ModelError::ContextLength)),
        (400, "the secret prompt is wrong", |error| matches!(error, ModelError::Refused(_))),
        (403, "No access to the secret prompt.", |error| matches!(error, ModelError::NoSuchModel)),
        (408, "the secret prompt", |error| matches!(error, ModelError::ProviderTimedOut)),
        (424, "the secret prompt", |error| matches!(error, ModelError::MalformedAnswer(_))),
        (429, "the secret prompt", |error| matches!(error, ModelError::Throttled { .. })),
        (503, "the secret prompt", |error| matches!(error, ModelError::Unavailable(_))),
        (99, "the secret prompt", |error| matches!(error, ModelError::Lost(_))),
    ];
    for (code, message, means) in cases {
        let member = format!(r#""error":{{"errorCode":{code},"errorMessage":"{message}"}}"#);
        let error = completion(&call(), &member).await.unwrap_err();
        assert!(means(&error), "{code} {message}: {error:?}");
        assert!(!everything_said(&error).contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_result_that_cannot_be_read_is_lost_and_never_quoted() {
    for member in [
        r#""modelOutput":null"#,
        r#""modelOutput":{"secret":1}"#,
        r#""modelOutput":"secret""#,
        r#""error":{"errorCode":"secret"}"#,
        r#""other":"secret""#,
    ] {
        let error = completion(&call(), member).await.unwrap_err();
        assert!(matches!(error, ModelError::Lost(_)), "{member}: {error:?}");
        assert!(!everything_said(&error).contains("secret"), "{error:?}");
    }
    let records = BedrockBatchRecords::new();
    for line in ["", r#"{"recordId":"R00000"#, r#"{"modelOutput":"secret"}"#, r#"{"recordId":7}"#] {
        let error = records.record_id(line.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "the line is not a record of results with an id", "{line}");
        let lost = records.completion(&call(), line.as_bytes()).await.unwrap_err();
        assert!(matches!(lost, ModelError::Lost(_)), "{line}: {lost:?}");
    }
}
