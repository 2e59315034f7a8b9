//! Tools: calls are checked, repaired once, masked, kept, streamed and paid for like text.

use super::scene::{NOVA, NOVA_COST, SONNET, Scene, ask, cacheable, judged, limits, rest};
use application_ai::gateway::{StreamEnd, StreamEvent};
use application_ai::{GatewayRequest, ToolCallCheck};
use application_core::Error;
use domain::ai::{CacheUse, Limits};
use ports::{
    ContentBlock, Delta, Message, ModelAnswer, ModelError, Role, StopReason, Tool, ToolCall, ToolChoice,
    ToolResult, ToolSet, Usage,
};
use serde_json::json;
use std::sync::Arc;

fn call(name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: "c1".to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

fn usage() -> Usage {
    Usage { input_tokens: 1000, output_tokens: 200, ..Usage::default() }
}

fn calls(calls: &[ToolCall]) -> ModelAnswer {
    let (tool_calls, stop) = (calls.to_vec(), StopReason::ToolCalls);
    ModelAnswer { reasoning: Vec::new(), text: String::new(), tool_calls, stop, usage: Some(usage()) }
}

/// A check that wants calls of `look` alone.
fn only_look() -> ToolCallCheck {
    Arc::new(|calls: &[ToolCall]| {
        let wrong = calls.iter().any(|call| call.name != "look");
        if wrong { Err(vec!["there is no tool of this name".to_owned()]) } else { Ok(()) }
    })
}

/// The request with one tool, whose calls alone are right.
pub(super) fn with_tools(ask: GatewayRequest, choice: ToolChoice) -> GatewayRequest {
    let tool = Tool {
        name: "look".to_owned(),
        description: Some("Ask ada@x.example first.".to_owned()),
        parameters: json!({"type": "object", "description": "not bob@x.example"}),
        strict: false,
    };
    let mut ask = GatewayRequest { tool_check: Some(only_look()), ..ask };
    ask.conversation.tools = ToolSet { tools: vec![tool], choice, one_at_a_time: false };
    ask
}

fn begun(name: &str) -> Result<Delta, ModelError> {
    Ok(Delta::ToolCall { id: "c1".to_owned(), name: name.to_owned() })
}

fn arguments(json: &str) -> Result<Delta, ModelError> {
    Ok(Delta::Arguments(json.to_owned()))
}

fn end(stop: StopReason) -> Result<Delta, ModelError> {
    Ok(Delta::End { stop, usage: Some(usage()) })
}

#[tokio::test]
async fn calls_are_kept_and_replayed_whole_and_as_a_stream() {
    let scene = Scene::start();
    let asked = with_tools(cacheable(NOVA), ToolChoice::Auto);
    scene.model.script(Ok(calls(&[call("look", "{\"b\":1, \"a\":2}"), call("look", "{}")])));
    let first = scene.complete(&asked).await.unwrap();
    assert_eq!(
        (first.stop, first.tool_calls.len(), first.head.cache),
        (StopReason::ToolCalls, 2, CacheUse::Miss)
    );
    let again = scene.complete(&asked).await.unwrap();
    assert_eq!((&again.tool_calls, again.head.cache), (&first.tool_calls, CacheUse::Hit));
    let events = rest(scene.stream(&asked).await.unwrap()).await;
    assert_eq!(events[0], StreamEvent::ToolCall { id: "c1".to_owned(), name: "look".to_owned() });
    assert_eq!(events[1], StreamEvent::Arguments("{\"b\":1, \"a\":2}".to_owned()));
    assert_eq!(events.len(), 5);
    // Another choice is another prompt.
    scene.model.answer("No.");
    assert_eq!(scene.complete(&with_tools(cacheable(NOVA), ToolChoice::None)).await.unwrap().text, "No.");
    assert_eq!(scene.settled().await, 2 * NOVA_COST);
}

#[tokio::test]
async fn a_wrong_call_is_told_to_the_model_and_asked_for_again() {
    let scene = Scene::start();
    scene.model.script(Ok(calls(&[call("jump", "{\"a\"")])));
    scene.model.script(Ok(calls(&[call("look", "{}")])));
    let answer = scene.complete(&with_tools(ask(NOVA), ToolChoice::Auto)).await.unwrap();
    assert_eq!(answer.tool_calls[0].name, "look");
    let sent = scene.model.calls()[1].messages.clone();
    // The arguments were cut off, and no provider takes them.
    assert_eq!(sent[1].content, [ContentBlock::ToolCall(call("jump", "{}"))]);
    let [ContentBlock::ToolResult(ToolResult { call_id, content, is_error: true })] = &sent[2].content[..]
    else {
        panic!("{sent:?}")
    };
    assert_eq!(call_id, "c1");
    assert!(content[0].as_text().unwrap().contains("there is no tool of this name"));
    assert_eq!(scene.settled().await, 2 * NOVA_COST);
}

#[tokio::test]
async fn a_malformed_call_is_paid_for_and_asked_for_again_and_then_left_to_the_next_model() {
    let malformed = || Ok(ModelAnswer { stop: StopReason::Malformed, tool_calls: Vec::new(), ..calls(&[]) });
    let scene = Scene::start();
    scene.model.script(malformed());
    scene.model.script(malformed());
    scene.model.script(Ok(calls(&[call("look", "{}")])));
    let chain = format!("{NOVA},{SONNET}");
    let answer = scene.complete(&with_tools(ask(&chain), ToolChoice::Auto)).await.unwrap();
    assert_eq!((answer.head.model.as_str(), answer.head.attempts), (SONNET, 3));
    assert_eq!(scene.model.asked(), [NOVA, NOVA, SONNET]);
    assert!(scene.settled().await > 2 * NOVA_COST);
}

#[tokio::test]
async fn a_model_that_writes_malformed_calls_alone_is_the_requests_fault() {
    let scene = Scene::start();
    for _ in 0..2 {
        scene.model.script(Ok(ModelAnswer { stop: StopReason::Malformed, ..calls(&[]) }));
    }
    let error = scene.complete(&with_tools(ask(NOVA), ToolChoice::Auto)).await.unwrap_err();
    assert!(matches!(error, Error::AnswerUnusable), "{error}");
}

#[tokio::test]
async fn a_streamed_malformed_call_breaks_the_stream_or_is_asked_for_again() {
    let scene = Scene::start();
    scene.model.stream([begun("look"), arguments("{\"a"), end(StopReason::Malformed)]);
    let events = rest(scene.stream(&with_tools(cacheable(NOVA), ToolChoice::Auto)).await.unwrap()).await;
    assert_eq!(events.last(), Some(&StreamEvent::Broken));
    assert_eq!(scene.settled().await, NOVA_COST);
    // Before anything was sent, the same model is asked again.
    scene.model.stream([end(StopReason::Malformed)]);
    scene.model.stream([begun("look"), arguments("{}"), end(StopReason::ToolCalls)]);
    let events = rest(scene.stream(&with_tools(cacheable(NOVA), ToolChoice::Auto)).await.unwrap()).await;
    assert!(matches!(events.last(), Some(StreamEvent::End(_))), "{events:?}");
    assert_eq!(scene.settled().await, 3 * NOVA_COST);
}

#[tokio::test]
async fn personal_data_reaches_no_provider_and_comes_back_in_calls() {
    let scene = Scene::start();
    scene.set_limits(Limits { mask_personal_data: true, ..limits(1_000_000_000_000) }).await;
    let mut asked = with_tools(ask(NOVA), ToolChoice::Auto);
    let result = |text: &str| {
        let content = vec![ContentBlock::Text(text.to_owned())];
        ContentBlock::ToolResult(ToolResult { call_id: "c0".to_owned(), content, is_error: false })
    };
    let called = ToolCall { id: "c0".to_owned(), ..call("look", "{\"mail\": \"cy@x.example\"}") };
    asked.conversation.messages.extend([
        Message { role: Role::Assistant, content: vec![ContentBlock::ToolCall(called)] },
        Message { role: Role::User, content: vec![result("write to dan@x.example")] },
    ]);
    scene.model.script(Ok(calls(&[call("look", "{\"to\": \"[email_2]\"}")])));
    let answer = scene.complete(&asked).await.unwrap();
    assert!(answer.tool_calls[0].arguments.contains("@x.example"), "{:?}", answer.tool_calls[0].arguments);
    let sent = &scene.model.calls()[0];
    let mut told =
        format!("{} {}", sent.tools.tools[0].parameters, sent.tools.tools[0].description.as_ref().unwrap());
    for block in sent.messages.iter().flat_map(|turn| &turn.content).flat_map(ContentBlock::with_inner) {
        match block {
            ContentBlock::Text(text) => told.push_str(text),
            ContentBlock::ToolCall(call) => told.push_str(&call.arguments),
            _ => {}
        }
    }
    assert!(!told.contains("@x.example") && told.contains("[email_4]"), "{told}");
    // Streamed arguments come back too, wherever a placeholder is cut.
    scene.model.stream([
        begun("look"),
        arguments("{\"to\": \"[ema"),
        arguments("il_2]\"}"),
        end(StopReason::ToolCalls),
    ]);
    let events = rest(scene.stream(&asked).await.unwrap()).await;
    let parts = events.iter().filter_map(|event| match event {
        StreamEvent::Arguments(json) => Some(json.as_str()),
        _ => None,
    });
    assert_eq!(parts.collect::<String>(), answer.tool_calls[0].arguments);
}

/// The check of calls sees what the caller will see.
#[tokio::test]
async fn calls_are_checked_with_their_values() {
    let scene = Scene::start();
    scene.set_limits(Limits { mask_personal_data: true, ..limits(1_000_000_000_000) }).await;
    let check = |calls: &[ToolCall]| {
        let right = calls.iter().all(|call| call.arguments.contains("@x.example"));
        if right { Ok(()) } else { Err(vec!["the argument is no address".to_owned()]) }
    };
    let asked =
        GatewayRequest { tool_check: Some(Arc::new(check)), ..with_tools(ask(NOVA), ToolChoice::Auto) };
    scene.model.script(Ok(calls(&[call("look", "{\"to\": \"[email_1]\"}")])));
    let answer = scene.complete(&asked).await.unwrap();
    assert_eq!((answer.head.attempts, scene.model.calls().len()), (1, 1));
}

/// Arguments that the model did not write would be a call that it did not make.
#[tokio::test]
async fn a_streamed_call_that_is_cut_before_its_arguments_gets_none() {
    for (end, whole) in [
        (end(StopReason::ToolCalls), true),
        (end(StopReason::MaxTokens), false),
        (end(StopReason::Other), false),
        (Err(ModelError::TimedOut), false),
    ] {
        let scene = Scene::start();
        scene.model.stream([begun("look"), end]);
        let events = rest(scene.stream(&with_tools(cacheable(NOVA), ToolChoice::Auto)).await.unwrap()).await;
        assert_eq!(events.contains(&StreamEvent::Arguments("{}".to_owned())), whole, "{events:?}");
    }
}

/// A streamed call that fails its check was sent and paid for, and nobody else gets it.
#[tokio::test]
async fn wrong_streamed_calls_and_texts_are_not_kept() {
    let wrong = |check: bool| {
        let asked = with_tools(cacheable(NOVA), ToolChoice::Auto);
        if check { asked } else { GatewayRequest { tool_check: None, ..asked } }
    };
    let scene = Scene::start();
    scene.model.stream([begun("jump"), arguments("{}"), end(StopReason::ToolCalls)]);
    let events = rest(scene.stream(&wrong(true)).await.unwrap()).await;
    assert!(matches!(events.last(), Some(StreamEvent::End(_))), "{events:?}");
    scene.model.script(Ok(calls(&[call("look", "{}")])));
    // The check is no part of the cache's key.
    let again = scene.complete(&wrong(false)).await.unwrap();
    assert_eq!((again.tool_calls[0].name.as_str(), again.head.cache), ("look", CacheUse::Miss));
    let scene = Scene::start();
    scene.model.stream([Ok(Delta::Text("bad".to_owned())), end(StopReason::EndTurn)]);
    rest(scene.stream(&judged(cacheable(NOVA))).await.unwrap()).await;
    scene.model.answer("good");
    let again = scene.complete(&cacheable(NOVA)).await.unwrap();
    assert_eq!((again.text.as_str(), again.head.cache), ("good", CacheUse::Miss));
}

#[tokio::test]
async fn the_caller_gets_no_more_calls_than_it_allows() {
    let scene = Scene::start();
    let mut one = with_tools(ask(NOVA), ToolChoice::Auto);
    one.conversation.tools.one_at_a_time = true;
    scene.model.script(Ok(calls(&[call("look", "{\"n\":1}"), call("look", "{\"n\":2}")])));
    assert_eq!(scene.complete(&one).await.unwrap().tool_calls, [call("look", "{\"n\":1}")]);
    let stream = || {
        [
            begun("look"),
            arguments("{\"n\":1}"),
            begun("look"),
            arguments("{\"n\":2}"),
            end(StopReason::ToolCalls),
        ]
    };
    scene.model.stream(stream());
    assert_eq!(rest(scene.stream(&one).await.unwrap()).await.len(), 3);
    let none = with_tools(ask(NOVA), ToolChoice::None);
    scene.model.stream(stream());
    let events = rest(scene.stream(&none).await.unwrap()).await;
    assert!(
        matches!(events[..], [StreamEvent::End(StreamEnd { stop: StopReason::EndTurn, .. })]),
        "{events:?}"
    );
}

/// Two tenths of the bound are for tools: their texts and the provider's words around them.
#[tokio::test]
async fn tools_are_part_of_the_amount_set_aside() {
    let plain = super::scene::bound_of(ask(NOVA)).await;
    let with = super::scene::bound_of(with_tools(ask(NOVA), ToolChoice::Auto)).await;
    let texts = "look".len() + "Ask ada@x.example first.".len();
    let schema = json!({"type": "object", "description": "not bob@x.example"}).to_string().len();
    assert_eq!(with - plain, 800 * (600 + 32 + texts + schema) as u64);
}
