//! Requests that Bedrock refuses, in its words.

use crate::support::http::post;
use model_stub::{Step, Stub};
use serde_json::{Value, json};

const CLAUDE: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const NOVA: &str = "us.amazon.nova-pro-v1:0";

fn user(blocks: Value) -> Value {
    json!({"role": "user", "content": blocks})
}

fn assistant(blocks: Value) -> Value {
    json!({"role": "assistant", "content": blocks})
}

fn hello() -> Value {
    user(json!([{"text": "hi"}]))
}

fn tool_use(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "size", "input": {}}})
}

fn result(id: &str) -> Value {
    json!({"toolResult": {"toolUseId": id, "content": [{"text": "small"}]}})
}

fn tool(name: &str, schema: Value) -> Value {
    json!({"toolSpec": {"name": name, "inputSchema": {"json": schema}}})
}

fn tools() -> Value {
    json!({"tools": [tool("size", json!({"type": "object"}))]})
}

fn with_tools(messages: &[Value]) -> Value {
    json!({"messages": messages, "toolConfig": tools()})
}

fn with_schema(schema: Value) -> Value {
    json!({"messages": [hello()], "toolConfig": {"tools": [tool("size", schema)]}})
}

/// The refusal, or none when the model answered.
async fn refusal(model: &str, body: &Value) -> Option<String> {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("hi")]).unwrap();
    let answer = post(&stub, &format!("/model/{model}/converse"), body).await;
    let said = answer.json();
    assert_eq!(
        stub.steps_left(),
        usize::from(answer.status != 200),
        "a refused request takes no step: {said}"
    );
    (answer.status == 400).then(|| said["message"].as_str().unwrap().to_owned())
}

async fn assert_refused(model: &str, body: &Value, words: &str) {
    let refusal = refusal(model, body).await.unwrap_or_else(|| panic!("taken: {body}"));
    assert!(refusal.contains(words), "{refusal}");
}

async fn assert_taken(model: &str, body: &Value) {
    assert_eq!(refusal(model, body).await, None, "{body}");
}

#[tokio::test]
async fn turns_start_with_the_user_alternate_and_say_something() {
    for (messages, words) in [
        (json!([]), "start with a user message"),
        (json!([assistant(json!([{"text": "hi"}]))]), "start with a user message"),
        (json!([hello(), hello()]), "alternate between user and assistant"),
        (json!([user(json!([{"text": " "}]))]), "messages.0.content.0 is blank"),
        (json!([user(json!([]))]), "messages.0 is empty"),
        (json!([{"role": "system", "content": [{"text": "x"}]}]), "not valid"),
        (json!([user(json!([result("a")]))]), "toolConfig field must be defined"),
        (json!([user(json!([tool_use("a")]))]), "for the assistant"),
    ] {
        assert_refused(NOVA, &json!({"messages": messages}), words).await;
    }
}

#[tokio::test]
async fn each_use_of_a_tool_is_answered_in_the_next_turn() {
    let asked = || assistant(json!([tool_use("a"), tool_use("b")]));
    let both = || user(json!([result("a"), result("b"), {"text": "Go on."}]));
    assert_taken(CLAUDE, &with_tools(&[hello(), asked(), both()])).await;
    for (messages, words) in [
        (
            vec![hello(), asked(), user(json!([result("b")]))],
            "Expected toolResult blocks at messages.2.content for the following Ids: a",
        ),
        (vec![hello(), asked()], "at messages.2.content for the following Ids: a, b"),
        (vec![hello(), asked(), user(json!([result("a"), result("c")]))], "following Ids: b"),
        (
            vec![user(json!([result("a")]))],
            "toolResult blocks at messages.0.content exceeds the number of toolUse blocks",
        ),
    ] {
        assert_refused(NOVA, &with_tools(&messages), words).await;
    }
    let late = user(json!([{"text": "Go on."}, result("a"), result("b")]));
    assert_taken(NOVA, &with_tools(&[hello(), asked(), late.clone()])).await;
    assert_refused(CLAUDE, &with_tools(&[hello(), asked(), late]), "Did not find 2 `tool_result` block(s)")
        .await;
}

#[tokio::test]
async fn names_and_ids_keep_their_pattern() {
    let named = |name: &str| json!({"messages": [hello()], "toolConfig": {"tools": [tool(name, json!({"type": "object"}))]}});
    assert_refused(NOVA, &named("a.b"), "'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+").await;
    assert_refused(NOVA, &named(&"a".repeat(65)), "length less than or equal to 64").await;
    assert_refused(NOVA, &named(""), "length greater than or equal to 1").await;
    let twice = json!({"messages": [hello()], "toolConfig": {"tools": [tool("a", json!({"type": "object"})), tool("a", json!({"type": "object"}))]}});
    assert_refused(NOVA, &twice, "must be unique").await;
    let foreign =
        with_tools(&[hello(), assistant(json!([tool_use("call:1")])), user(json!([result("call:1")]))]);
    assert_refused(NOVA, &foreign, "'messages.2.member.content.1.member.toolUse.toolUseId'").await;
    let mut chosen = with_tools(&[hello()]);
    chosen["toolConfig"]["toolChoice"] = json!({"tool": {"name": "other"}});
    assert_refused(NOVA, &chosen, "toolChoice").await;
}

#[tokio::test]
async fn schemas_keep_the_rules_of_their_model() {
    for schema in [json!({}), json!({"$ref": "#/$defs/a"}), json!({"type": "array"}), json!({"anyOf": []})] {
        assert_refused(NOVA, &with_schema(schema), "one of the following: object").await;
    }
    let choice = with_schema(json!({"type": "object", "anyOf": [{"required": ["a"]}]}));
    assert_refused(CLAUDE, &choice, "at the top level").await;
    assert_taken(NOVA, &choice).await;
    let spaced = with_schema(json!({"type": "object", "properties": {"Account Number": {}}}));
    assert_refused(CLAUDE, &spaced, "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'").await;
    assert_taken(NOVA, &spaced).await;
    // Names of nested properties are not looked at.
    let nested = json!({"type": "object", "properties": {"a": {"properties": {"b c": {}}}}});
    assert_taken(CLAUDE, &with_schema(nested)).await;
    let defined = with_schema(json!({"type": "object", "$defs": {"a": {"type": "string"}}}));
    assert_refused(NOVA, &defined, "inputSchema/json: extraneous key [$defs] is not permitted").await;
    assert_taken(CLAUDE, &defined).await;
}

#[tokio::test]
async fn inference_and_the_last_turn_keep_the_rules_of_claude() {
    let inference = |inference: Value| json!({"messages": [hello()], "inferenceConfig": inference});
    for (body, words) in [
        (inference(json!({"temperature": 0.7, "topP": 1})), "cannot both be specified"),
        (inference(json!({"stopSequences": ["END", "\n\n"]})), "non-whitespace"),
        (
            json!({"messages": [hello(), assistant(json!([{"text": "A wren "}]))]}),
            "cannot end with trailing whitespace",
        ),
    ] {
        assert_refused(CLAUDE, &body, words).await;
        assert_taken(NOVA, &body).await;
    }
}

#[tokio::test]
async fn pictures_and_documents_keep_their_formats_and_sizes() {
    const PNG: &str = "iVBORw0KGgo=";
    let image =
        |format: &str, bytes: &str| json!([{"image": {"format": format, "source": {"bytes": bytes}}}]);
    let body = |blocks: Value| json!({"messages": [user(blocks)]});
    assert_taken(CLAUDE, &body(image("png", PNG))).await;
    let large = format!("iVBORw0KGgoA{}", "A".repeat(5 * 1024 * 1024));
    assert_taken(NOVA, &body(image("png", &large))).await;
    let document =
        |name: &str| json!({"document": {"format": "pdf", "name": name, "source": {"bytes": "JVBERi0="}}});
    assert_taken(CLAUDE, &body(json!([document("lease"), {"text": "Sum it up."}]))).await;
    let shown = json!({"toolResult": {"toolUseId": "a", "content": image("bmp", PNG)}});
    let turns = with_tools(&[hello(), assistant(json!([tool_use("a")])), user(json!([shown]))]);
    assert_refused(NOVA, &turns, "image.format' failed to satisfy constraint").await;
    let many: Vec<Value> = (0..21).map(|_| image("png", PNG)[0].clone()).collect();
    for (blocks, words) in [
        (
            image("jpg", PNG),
            "'messages.1.member.content.1.member.image.format' failed to satisfy constraint: Member must satisfy enum value set",
        ),
        (image("jpeg", PNG), "does not match the specified image format"),
        (image("png", "not base64"), "not base64"),
        (image("png", &large), "image exceeds 5 MB maximum: 5242892 bytes > 5242880 bytes"),
        (json!([document("lease")]), "A text block must be included"),
        (json!([document("a_lease.pdf"), {"text": "x"}]), "document file name can only contain"),
        (json!(many), "too many images"),
    ] {
        assert_refused(CLAUDE, &body(blocks), words).await;
    }
}

fn thought(text: &str, signature: &str) -> Value {
    json!({"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}})
}

fn thinking(messages: &[Value], kind: &str) -> Value {
    let mut body = with_tools(messages);
    body["additionalModelRequestFields"] = json!({"thinking": {"type": kind, "budget_tokens": 1024}});
    body
}

/// The rules of Claude for reasoning that it wrote earlier.
#[tokio::test]
async fn reasoning_comes_back_as_it_was() {
    const SIGNATURE: &str = "SW5uGc2zkEA=";
    let history = |blocks: Value| [hello(), assistant(blocks), user(json!([result("a")]))];
    let whole = history(json!([thought("Hm.", SIGNATURE), tool_use("a")]));
    assert_taken(CLAUDE, &thinking(&whole, "enabled")).await;
    assert_refused(CLAUDE, &with_tools(&whole), "When thinking is disabled").await;
    assert_refused(NOVA, &thinking(&whole, "enabled"), "doesn't support the reasoningContent field").await;
    for (blocks, words) in [
        (json!([thought("Hm!", SIGNATURE), tool_use("a")]), "Invalid `signature` in `thinking` block"),
        (json!([tool_use("a")]), "Expected `thinking` or `redacted_thinking`, but found `tool_use`"),
        (
            json!([{"text": "x"}, thought("Hm.", SIGNATURE), tool_use("a")]),
            "must start with a thinking block",
        ),
        (json!([tool_use("a"), thought("Hm.", SIGNATURE)]), "The final block in an assistant message"),
    ] {
        assert_refused(CLAUDE, &thinking(&history(blocks), "enabled"), words).await;
    }
    let without = history(json!([tool_use("a")]));
    assert_taken(CLAUDE, &thinking(&without, "adaptive")).await;
    // A later call of the same turn need not have reasoning of its own.
    let mut longer = whole.to_vec();
    longer.extend([assistant(json!([tool_use("b")])), user(json!([result("b")]))]);
    assert_taken(CLAUDE, &thinking(&longer, "enabled")).await;
}
