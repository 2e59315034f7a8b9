//! Reasoning of Claude in each wire format: callers get it with a signature, and it reaches the model again byte for byte
//! when they send it back.

mod chat;
mod responses;

use self::chat::chat;
use self::responses::response;
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

/// The blocks of the model's own turn, which is the second of three in a loop that goes on.
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
async fn reasoning_that_claude_would_refuse_is_not_sent() {
    let scene = Scene::start().await;
    let thinking = json!({"type": "thinking", "thinking": "Hm, Bonn.", "signature": SIGNATURE});
    let text = json!({"type": "text", "text": "Bonn."});
    let heard = async |content: Value| {
        let turns = json!([{"role": "user", "content": "Bonn?"}, {"role": "assistant", "content": content},
            {"role": "user", "content": "Why?"}]);
        let call = scene.heard_by_model("createMessage", &message(turns)).await;
        own_turn(&call).to_vec()
    };
    let sent = heard(json!([thinking, text])).await;
    assert!(matches!(sent[..], [ContentBlock::Reasoning(_), ContentBlock::Text(_)]), "{sent:?}");
    // A turn must not end with reasoning, as that of a cut answer does.
    let sent = heard(json!([thinking, text, thinking])).await;
    assert!(matches!(sent[..], [ContentBlock::Reasoning(_), ContentBlock::Text(_)]), "{sent:?}");
    // Another family's reasoning, and hidden reasoning that is no base64.
    let mut of_others = thinking.clone();
    of_others["signature"] = json!(SIGNATURE.replace(".claude.", ".other."));
    let hidden = json!({"type": "redacted_thinking", "data": HIDDEN.replace("AQI=", "@@")});
    for foreign in [of_others, hidden] {
        let sent = heard(json!([foreign, text])).await;
        assert!(matches!(sent[..], [ContentBlock::Text(_)]), "{sent:?}");
    }
}

#[tokio::test]
async fn only_reasoning_of_claude_is_signed() {
    let scene = Scene::start().await;
    let mut asked = message(json!([{"role": "user", "content": "Bonn?"}]));
    asked["model"] = json!(NOVA);
    let answer = scene.answered_with_reasoning("createMessage", &asked).await;
    assert!(!answer.to_string().contains("sextant1"), "{answer}");
}

/// Reasoning from elsewhere is not sent, so it makes no other request of one whose answer is cached.
#[tokio::test]
async fn reasoning_from_elsewhere_changes_no_cached_answer() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Yes.");
    let foreign = json!({"type": "thinking", "thinking": "Hm, Bonn.", "signature": "c2ln"});
    let text = json!({"type": "text", "text": "Bonn."});
    for (content, cache) in [(json!([text]), "miss"), (json!([foreign, text]), "hit")] {
        let turns = json!([{"role": "user", "content": "Bonn?"}, {"role": "assistant", "content": content},
            {"role": "user", "content": "Why?"}]);
        let answer = scene.ask_with("createMessage", "max-age=60", &message(turns)).await.expect(200);
        assert_eq!(answer.header("x-sextant-cache"), Some(cache));
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
