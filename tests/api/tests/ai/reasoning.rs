//! Reasoning of Claude in each wire format: callers get it with a signature, and it reaches the model again byte for byte
//! when they send it back.

use super::{NOVA, SONNET, Scene};
use ports::{
    ContentBlock, ModelAnswer, ModelCall, ModelError, Reasoning, ReasoningContent, StopReason, ToolCall,
    Usage,
};
use serde_json::{Value, json};

const SONNET_46: &str = "us.anthropic.claude-sonnet-4-6";
/// The signature that callers get for the text `Hm, Bonn.` with the provider's signature `c2ln`.
const SIGNATURE: &str = "sextant1.claude.673158895fb96a0b6a0aada993d34ab0.c2ln";
const HIDDEN: &str = "sextant1.claude.af1349b9f5f9a1a6a0404dea36dcc949.AQI=";

fn made() -> Vec<ReasoningContent> {
    let signature = Some("c2ln".to_owned());
    vec![
        ReasoningContent::Text { text: "Hm, Bonn.".to_owned(), signature },
        ReasoningContent::Redacted("AQI=".to_owned()),
    ]
}

fn called() -> ModelAnswer {
    let [id, name, arguments] = ["c1", "weather", "{}"].map(str::to_owned);
    ModelAnswer {
        reasoning: made(),
        text: "I look.".to_owned(),
        tool_calls: vec![ToolCall { id, name, arguments }],
        stop: StopReason::ToolCalls,
        usage: Some(Usage { input_tokens: 90, output_tokens: 7, ..Usage::default() }),
    }
}

/// What the model gets as its own turn, in a loop that goes on.
fn own_turn(call: &ModelCall) -> &[ContentBlock] {
    assert_eq!(call.messages.len(), 3, "{call:?}");
    &call.messages[1].content
}

fn assert_goes_on(call: &ModelCall) {
    let content = own_turn(call);
    let reasoning: Vec<ContentBlock> = made().into_iter().map(ContentBlock::Reasoning).collect();
    assert!(content[..2] == reasoning, "{content:?}");
    assert!(matches!(content[2..], [ContentBlock::Text(_), ContentBlock::ToolCall(_)]), "{content:?}");
    assert_eq!(call.reasoning, Some(Reasoning::Tokens(1024)));
}

impl Scene {
    async fn answered_with_reasoning(&self, operation: &str, body: &Value) -> Value {
        self.world.pass(100);
        self.world.model().script.script(Ok(called()));
        self.ask(operation, body).await.expect(200).json()
    }

    /// The call that the model gets for this body.
    async fn heard_by_model(&self, operation: &str, body: &Value) -> ModelCall {
        self.world.pass(100);
        self.world.model().script.answer("Yes.");
        self.ask(operation, body).await.expect(200);
        self.world.model().script.calls().pop().unwrap()
    }

    /// The data of the events of this body's stream, which has the reasoning.
    async fn reasoning_events(&self, operation: &str, body: &Value) -> Vec<Value> {
        self.world.pass(100);
        self.world.model().script.script(Ok(called()));
        let mut body = body.clone();
        body["stream"] = json!(true);
        let answer = self.ask(operation, &body).await.expect(200);
        let data = answer.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

fn message(turns: Value) -> Value {
    json!({
        "model": SONNET, "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": turns, "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
    })
}

fn message_loop(content: &Value) -> Value {
    let result = json!({"type": "tool_result", "tool_use_id": "c1", "content": "9 C"});
    json!([{"role": "user", "content": "Bonn?"}, {"role": "assistant", "content": content},
        {"role": "user", "content": [result]}])
}

#[tokio::test]
async fn a_loop_of_messages_goes_on_with_its_reasoning() {
    let scene = Scene::start().await;
    let asked = message(json!([{"role": "user", "content": "Bonn?"}]));
    let answer = scene.answered_with_reasoning("createMessage", &asked).await;
    let content = &answer["content"];
    let thinking = json!({"type": "thinking", "thinking": "Hm, Bonn.", "signature": SIGNATURE});
    let hidden = json!({"type": "redacted_thinking", "data": HIDDEN});
    assert_eq!((&content[0], &content[1]), (&thinking, &hidden));
    assert_eq!(content[3]["type"], "tool_use");
    assert_goes_on(&scene.heard_by_model("createMessage", &message(message_loop(content))).await);
    // A blank text is not sent, so the turn still begins with reasoning.
    let mut blank_first = vec![json!({"type": "text", "text": ""})];
    blank_first.extend(content.as_array().unwrap().iter().cloned());
    let call = scene.heard_by_model("createMessage", &message(message_loop(&json!(blank_first)))).await;
    assert_eq!(call.reasoning, Some(Reasoning::Tokens(1024)));
    // A text that was changed, reasoning of others, and none: Claude with a budget does not reason in this turn.
    let changed = json!({"type": "thinking", "thinking": "Hm.", "signature": SIGNATURE});
    let foreign = json!({"type": "thinking", "thinking": "Hm, Bonn.", "signature": "c2ln"});
    for first in [changed, foreign, json!({"type": "thinking", "thinking": "Hm, Bonn."})] {
        let body = message(message_loop(&json!([first, content[2], content[3]])));
        let call = scene.heard_by_model("createMessage", &body).await;
        assert!(matches!(own_turn(&call), [ContentBlock::Text(_), ContentBlock::ToolCall(_)]), "{first}");
        assert_eq!(call.reasoning, None, "{first}");
    }
    // Told by a word, Claude may begin to reason at any time.
    let mut body = message(message_loop(&json!([content[2], content[3]])));
    body["model"] = json!(SONNET_46);
    let effort = Some(Reasoning::Effort(ports::ReasoningEffort::Low));
    assert_eq!(scene.heard_by_model("createMessage", &body).await.reasoning, effort);
    // Without reasoning in this request, and for a model of another family, there is none in the history either.
    let mut body = message(message_loop(content));
    body["model"] = json!(NOVA);
    let mut silent = message(message_loop(content));
    silent["thinking"] = json!({"type": "disabled"});
    for body in [body, silent] {
        let call = scene.heard_by_model("createMessage", &body).await;
        assert!(matches!(own_turn(&call), [ContentBlock::Text(_), ContentBlock::ToolCall(_)]));
    }
}

#[tokio::test]
async fn a_stream_of_messages_has_reasoning_and_its_signature() {
    let scene = Scene::start().await;
    let asked = message(json!([{"role": "user", "content": "Bonn?"}]));
    let events = scene.reasoning_events("createMessage", &asked).await;
    let start = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta =
        |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    let expected = [
        start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": "Hm, Bonn."})),
        delta(0, json!({"type": "signature_delta", "signature": SIGNATURE})),
        stop(0),
        start(1, json!({"type": "redacted_thinking", "data": HIDDEN})),
        stop(1),
        start(2, json!({"type": "text", "text": ""})),
    ];
    assert_eq!(events[1..8], expected);
}

fn chat(turns: Value) -> Value {
    json!({
        "model": SONNET, "max_tokens": 4000, "reasoning_effort": "low", "messages": turns,
        "tools": [{"type": "function", "function": {"name": "weather"}}],
    })
}

fn chat_loop(message: &Value) -> Value {
    let result = json!({"role": "tool", "tool_call_id": "c1", "content": "9 C"});
    json!([{"role": "user", "content": "Bonn?"}, message, result])
}

#[tokio::test]
async fn a_loop_of_chat_goes_on_with_its_reasoning() {
    let scene = Scene::start().await;
    let asked = chat(json!([{"role": "user", "content": "Bonn?"}]));
    let answer = scene.answered_with_reasoning("createChatCompletion", &asked).await;
    let mut message = answer["choices"][0]["message"].clone();
    assert_eq!(message["reasoning_content"], "Hm, Bonn.");
    let blocks = json!([
        {"type": "thinking", "thinking": "Hm, Bonn.", "signature": SIGNATURE},
        {"type": "redacted_thinking", "data": HIDDEN},
    ]);
    assert_eq!(message["thinking_blocks"], blocks);
    assert_goes_on(&scene.heard_by_model("createChatCompletion", &chat(chat_loop(&message))).await);
    // Clients without the newer member send the older one back, which proves nothing.
    message.as_object_mut().unwrap().remove("thinking_blocks");
    let call = scene.heard_by_model("createChatCompletion", &chat(chat_loop(&message))).await;
    assert_eq!((own_turn(&call).len(), call.reasoning), (2, None));
    // A wrong part behind the reasoning keeps its name.
    message["thinking_blocks"] = blocks;
    message["tool_calls"][0]["id"] = json!("c2");
    let body = chat(chat_loop(&message));
    let refused = scene.ask("createChatCompletion", &body).await.problem(400, "invalid_request").json();
    let wrong = refused["error"]["message"].as_str().unwrap();
    assert!(wrong.contains("messages.1.tool_calls.0: must have its result"), "{wrong}");
}

#[tokio::test]
async fn reasoning_of_a_chat_does_not_count_as_a_turn() {
    let scene = Scene::start().await;
    let turns = |most: usize, text: &str| -> Value {
        let thinking = json!([{"type": "thinking", "thinking": text, "signature": SIGNATURE}]);
        let user = json!({"role": "user", "content": "Bonn?"});
        let model = json!({"role": "assistant", "content": "Yes.", "thinking_blocks": thinking});
        (0..most).map(|at| if at % 2 == 0 { user.clone() } else { model.clone() }).collect()
    };
    let call = scene.heard_by_model("createChatCompletion", &chat(turns(701, "Hm, Bonn."))).await;
    assert_eq!((call.messages.len(), call.messages[1].content.len()), (701, 2));
    // A wrong character of the reasoning is named by its place.
    let body = chat(turns(3, "a\u{0}b"));
    let refused = scene.ask("createChatCompletion", &body).await.problem(400, "invalid_request").json();
    assert_eq!(refused["error"]["param"], "messages.1.thinking_blocks");
}

/// OpenAI's clients join the parts of a list by their `index`.
#[tokio::test]
async fn a_stream_of_chat_has_reasoning_and_its_signature() {
    let scene = Scene::start().await;
    let asked = chat(json!([{"role": "user", "content": "Bonn?"}]));
    let events = scene.reasoning_events("createChatCompletion", &asked).await;
    let deltas: Vec<&Value> = events.iter().map(|event| &event["choices"][0]["delta"]).collect();
    let thinking = |text: &str| json!({"type": "thinking", "thinking": text, "index": 0});
    let mut signed = thinking("");
    signed["signature"] = json!(SIGNATURE);
    let hidden = json!({"type": "redacted_thinking", "data": HIDDEN, "index": 1});
    assert_eq!(
        deltas[1..4],
        [
            &json!({"reasoning_content": "Hm, Bonn.", "thinking_blocks": [thinking("Hm, Bonn.")]}),
            &json!({"reasoning_content": "", "thinking_blocks": [signed]}),
            &json!({"reasoning_content": "", "thinking_blocks": [hidden]}),
        ]
    );
}

fn response(input: Value) -> Value {
    json!({
        "model": SONNET, "max_output_tokens": 4000, "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"], "input": input, "store": false,
        "tools": [{"type": "function", "name": "weather"}],
    })
}

fn response_loop(output: &Value) -> Value {
    let mut input = vec![json!({"role": "user", "content": "Bonn?"})];
    input.extend(output.as_array().unwrap().iter().cloned());
    input.push(json!({"type": "function_call_output", "call_id": "c1", "output": "9 C"}));
    Value::Array(input)
}

#[tokio::test]
async fn a_loop_of_responses_goes_on_with_its_reasoning() {
    let scene = Scene::start().await;
    let asked = response(json!("Bonn?"));
    let answer = scene.answered_with_reasoning("createResponse", &asked).await;
    let output = &answer["output"];
    assert_eq!(output[0]["summary"], json!([{"type": "summary_text", "text": "Hm, Bonn."}]));
    assert_eq!((&output[1]["type"], &output[1]["summary"]), (&json!("reasoning"), &json!([])));
    let kinds: Vec<&Value> = output.as_array().unwrap().iter().map(|item| &item["type"]).collect();
    assert_eq!(kinds, ["reasoning", "reasoning", "message", "function_call"]);
    assert_goes_on(&scene.heard_by_model("createResponse", &response(response_loop(output))).await);
    // The text is only shown to a caller who asks for it, and comes back all the same.
    let mut quiet = asked.clone();
    quiet["reasoning"]["summary"] = Value::Null;
    let quiet = scene.answered_with_reasoning("createResponse", &quiet).await;
    assert_eq!(quiet["output"][0]["summary"], json!([]));
    assert_goes_on(&scene.heard_by_model("createResponse", &response(response_loop(&quiet["output"]))).await);
    // Reasoning of others, and reasoning before an item of the caller, is left alone.
    let mut foreign = output.clone();
    foreign[0]["encrypted_content"] = json!("gAAAAABoM1fb");
    foreign[1]["encrypted_content"] = Value::Null;
    let call = scene.heard_by_model("createResponse", &response(response_loop(&foreign))).await;
    assert_eq!((own_turn(&call).len(), call.reasoning), (2, None));
    let alone = json!([{"role": "user", "content": "Bonn?"}, output[0], {"role": "user", "content": "Now?"}]);
    let call = scene.heard_by_model("createResponse", &response(alone)).await;
    assert_eq!(call.messages.len(), 1);
}

#[tokio::test]
async fn a_stream_of_responses_has_items_of_reasoning() {
    let scene = Scene::start().await;
    let asked = response(json!("Bonn?"));
    let whole = scene.answered_with_reasoning("createResponse", &asked).await;
    let events = scene.reasoning_events("createResponse", &asked).await;
    let names: Vec<&str> =
        events.iter().map(|event| event["type"].as_str().unwrap().trim_start_matches("response.")).collect();
    let expected = [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "output_item.done",
        "output_item.added",
    ];
    assert_eq!(names[2..11], expected);
    assert_eq!((&events[4]["delta"], &events[5]["text"]), (&json!("Hm, Bonn."), &json!("Hm, Bonn.")));
    for (event, place) in [(7, 0), (9, 1)] {
        let (streamed, whole) = (&events[event]["item"], &whole["output"][place]);
        for member in ["type", "status", "summary", "encrypted_content"] {
            assert_eq!(streamed[member], whole[member], "{member}");
        }
    }
    let output = &events.last().unwrap()["response"]["output"];
    assert_eq!(output.as_array().unwrap().len(), 4);
    assert_goes_on(&scene.heard_by_model("createResponse", &response(response_loop(output))).await);
}

/// An answer that was cut within its reasoning has no message, and its reasoning is incomplete, as in a stream.
#[tokio::test]
async fn a_whole_response_that_was_cut_within_its_reasoning_is_like_a_streamed_one() {
    let scene = Scene::start().await;
    let reasoning = vec![ReasoningContent::Text { text: "Hm, B".to_owned(), signature: None }];
    let (text, tool_calls, stop) = (String::new(), Vec::new(), StopReason::MaxTokens);
    scene.world.model().script.script(Ok(ModelAnswer { reasoning, text, tool_calls, stop, ..called() }));
    let whole = scene.ask("createResponse", &response(json!("Bonn?"))).await.expect(200).json();
    let output = whole["output"].as_array().unwrap();
    assert_eq!(output.len(), 1);
    assert_eq!((&output[0]["type"], &output[0]["status"]), (&json!("reasoning"), &json!("incomplete")));
}

/// A cached answer has the reasoning of the one that was kept, whole and streamed.
#[tokio::test]
async fn a_cached_answer_has_its_reasoning() {
    let scene = Scene::start().await;
    let asked = message(json!([{"role": "user", "content": "Bonn?"}]));
    scene.world.model().script.script(Ok(called()));
    let first = scene.ask_with("createMessage", "max-age=60", &asked).await.expect(200);
    let second = scene.ask_with("createMessage", "max-age=60", &asked).await.expect(200);
    assert_eq!(second.header("x-sextant-cache"), Some("hit"));
    assert_eq!(second.json()["content"], first.json()["content"]);
    assert_eq!(second.json()["content"][0]["signature"], SIGNATURE);
    let mut streamed = asked.clone();
    streamed["stream"] = json!(true);
    let streamed = scene.ask_with("createMessage", "max-age=60", &streamed).await.expect(200);
    assert!(streamed.body.contains(SIGNATURE) && streamed.body.contains(HIDDEN), "{}", streamed.body);
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn every_effort_of_the_libraries_is_taken() {
    use ports::ReasoningEffort::{High, Low, Medium};
    let scene = Scene::start().await;
    for (word, effort) in [
        ("none", None),
        ("minimal", None),
        ("low", Some(Low)),
        ("medium", Some(Medium)),
        ("high", Some(High)),
        ("xhigh", Some(High)),
        ("max", Some(High)),
    ] {
        let mut in_chat = chat(json!([{"role": "user", "content": "Bonn?"}]));
        (in_chat["model"], in_chat["reasoning_effort"]) = (json!(SONNET_46), json!(word));
        let mut in_response = response(json!("Bonn?"));
        (in_response["model"], in_response["reasoning"]["effort"]) = (json!(SONNET_46), json!(word));
        for (operation, body) in [("createChatCompletion", in_chat), ("createResponse", in_response)] {
            let heard = scene.heard_by_model(operation, &body).await.reasoning;
            assert_eq!(heard, effort.map(Reasoning::Effort), "{operation} {word}");
        }
    }
}

#[tokio::test]
async fn reasoning_that_the_provider_refuses_is_left_out() {
    let scene = Scene::start().await;
    let content = json!([{"type": "thinking", "thinking": "Hm, Bonn.", "signature": SIGNATURE},
        {"type": "tool_use", "id": "c1", "name": "weather", "input": {}}]);
    for stream in [false, true] {
        let script = &scene.world.model().script;
        let before = script.calls().len();
        let refused = || ModelError::Refused("HTTP 400, ValidationException".into());
        script.fail(refused());
        script.answer("Yes.");
        let mut body = message(message_loop(&content));
        body["stream"] = json!(stream);
        scene.world.pass(100);
        let answer = scene.ask("createMessage", &body).await.expect(200);
        assert!(answer.body.contains("Yes."), "{}", answer.body);
        let calls = script.calls();
        assert_eq!(calls.len() - before, 2);
        let last = calls.last().unwrap();
        assert!(matches!(own_turn(last), [ContentBlock::ToolCall(_)]));
        assert_eq!(last.reasoning, None);
        // What is refused without reasoning too is refused, and not asked a third time.
        script.fail(refused());
        script.fail(refused());
        scene.world.pass(100);
        scene.ask("createMessage", &body).await.expect(400);
        assert_eq!(script.calls().len() - before, 4);
    }
}
