//! Reasoning that comes back: a masked text must become again what its model signed, or it is left out.

use super::scene::{SONNET, Scene, ask, limits, rest};
use super::tools::with_tools;
use application_ai::GatewayRequest;
use application_ai::gateway::StreamEvent;
use domain::ai::Limits;
use ports::{
    ContentBlock, Delta, Message, ModelAnswer, ModelCall, Reasoning, ReasoningContent, ReasoningEffort, Role,
    StopReason, ToolCall, ToolChoice, ToolResult, Usage,
};

/// The text as the model writes it, and as its caller reads it.
const MASKED: &str = "Ask [email_4], or [email_1]?";
const READ: &str = "Ask cy@x.example, or sam@x.example?";

fn signed(text: &str, signature: &str) -> ReasoningContent {
    ReasoningContent::Text { text: text.to_owned(), signature: Some(signature.to_owned()) }
}

fn look() -> ToolCall {
    let [id, name, arguments] = ["c1", "look", "{}"].map(str::to_owned);
    ToolCall { id, name, arguments }
}

fn called(name: &str) -> ModelAnswer {
    ModelAnswer {
        reasoning: vec![signed(MASKED, "c2ln")],
        text: String::new(),
        tool_calls: vec![ToolCall { name: name.to_owned(), ..look() }],
        stop: StopReason::ToolCalls,
        usage: Some(Usage { input_tokens: 1000, output_tokens: 200, ..Usage::default() }),
    }
}

/// A request with personal data in its instructions, its tools and its turns.
fn question() -> GatewayRequest {
    let mut ask = with_tools(ask(SONNET), ToolChoice::Auto);
    ask.conversation.reasoning_effort = Some(ReasoningEffort::Low);
    ask.conversation.max_output_tokens = 4000;
    ask.conversation.system = "Write to sam@x.example.".to_owned();
    ask.conversation.messages = vec![Message::text(Role::User, "Is cy@x.example there?")];
    ask
}

/// The request that goes on after a call, with this reasoning and this result.
fn going_on(reasoning: Vec<ReasoningContent>, result: &str) -> GatewayRequest {
    let mut ask = question();
    let blocks = reasoning.into_iter().map(ContentBlock::Reasoning);
    let content = blocks.chain([ContentBlock::ToolCall(look())]).collect();
    let result = ToolResult {
        call_id: "c1".to_owned(),
        content: vec![ContentBlock::Text(result.to_owned())],
        is_error: false,
    };
    ask.conversation.messages.extend([
        Message { role: Role::Assistant, content },
        Message { role: Role::User, content: vec![ContentBlock::ToolResult(result)] },
    ]);
    ask
}

async fn masking() -> Scene {
    let scene = Scene::start();
    scene.set_limits(Limits { mask_personal_data: true, ..limits(1_000_000_000_000) }).await;
    scene
}

async fn heard(scene: &Scene, ask: &GatewayRequest) -> ModelCall {
    scene.model.answer("Yes.");
    scene.complete(ask).await.unwrap();
    scene.model.calls().pop().unwrap()
}

fn reasoning_of(call: &ModelCall) -> Vec<ReasoningContent> {
    let blocks = call.messages.iter().flat_map(|turn| turn.content.clone());
    blocks
        .filter_map(|block| match block {
            ContentBlock::Reasoning(reasoning) => Some(reasoning),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn masked_reasoning_comes_back_byte_for_byte_or_not_at_all() {
    let scene = masking().await;
    scene.model.script(Ok(called("look")));
    let answer = scene.complete(&question()).await.unwrap();
    let [ReasoningContent::Text { text, signature: Some(signature) }] = &answer.reasoning[..] else {
        panic!("{:?}", answer.reasoning)
    };
    assert_eq!(text, READ);
    assert!(signature.starts_with("sextant1.claude.") && signature.ends_with(".c2ln"), "{signature}");
    // More personal data in the turns that follow changes no earlier placeholder.
    let call = heard(&scene, &going_on(answer.reasoning.clone(), "no, but dan@x.example")).await;
    assert!(reasoning_of(&call) == [signed(MASKED, "c2ln")]);
    assert_eq!(call.reasoning, Some(Reasoning::Tokens(1024)));
    // A text that becomes other bytes is left out, and the model does not reason in this turn: here the numbers of all
    // placeholders change, because the result has one of its own.
    let call = heard(&scene, &going_on(answer.reasoning.clone(), "[email_7]")).await;
    assert_eq!((reasoning_of(&call).len(), call.reasoning), (0, None));
    // So it is when the organization does not mask any more.
    scene.set_limits(limits(1_000_000_000_000)).await;
    let call = heard(&scene, &going_on(answer.reasoning.clone(), "no")).await;
    assert_eq!((reasoning_of(&call).len(), call.reasoning), (0, None));
}

#[tokio::test]
async fn streamed_reasoning_is_restored_and_signed_like_a_whole_one() {
    let scene = masking().await;
    scene.model.script(Ok(called("look")));
    let whole = scene.complete(&question()).await.unwrap();
    scene.model.stream([
        Ok(Delta::Reasoning("Ask [ema".to_owned())),
        Ok(Delta::Reasoning("il_4], or [email_1]?".to_owned())),
        Ok(Delta::ReasoningSignature("c2ln".to_owned())),
        Ok(Delta::Text("Well.".to_owned())),
        Ok(Delta::End { stop: StopReason::EndTurn, usage: called("look").usage }),
    ]);
    let events = rest(scene.stream(&question()).await.unwrap()).await;
    let texts = events.iter().filter_map(|event| match event {
        StreamEvent::Reasoning(text) => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(texts.collect::<String>(), READ);
    let ReasoningContent::Text { signature: Some(signature), .. } = whole.reasoning[0].clone() else {
        panic!("{:?}", whole.reasoning)
    };
    let at = events.iter().position(|event| *event == StreamEvent::ReasoningSignature(signature.clone()));
    let said = events.iter().position(|event| *event == StreamEvent::Text("Well.".to_owned()));
    assert!(at.is_some() && at < said, "{events:?}");
}

/// A call that is repaired goes on with what the model thought when it wrote the call.
#[tokio::test]
async fn a_repair_has_the_reasoning_of_the_wrong_call() {
    let scene = Scene::start();
    scene.model.script(Ok(called("unknown")));
    let call = heard(&scene, &question()).await;
    assert!(reasoning_of(&call) == [signed(MASKED, "c2ln")]);
    assert_eq!(call.reasoning, Some(Reasoning::Tokens(1024)));
    scene.model.script(Ok(ModelAnswer { reasoning: Vec::new(), ..called("unknown") }));
    let call = heard(&scene, &question()).await;
    assert_eq!(call.reasoning, None, "a turn that began without reasoning goes on without");
}

/// What comes back counts in the bound, and so does what arrived without counts.
#[tokio::test]
async fn reasoning_is_paid_for_in_both_directions() {
    let scene = Scene::start();
    let long = vec![signed(&"x".repeat(50_000), &"y".repeat(50_000))];
    let mut committed = Vec::new();
    for reasoning in [Vec::new(), long.clone()] {
        let before = scene.spent().await.committed;
        scene.model.stream([Ok(Delta::Text("a".to_owned()))]);
        let streamed = scene.stream(&going_on(reasoning, "no")).await.unwrap();
        committed.push(scene.spent().await.committed - before);
        rest(streamed).await;
    }
    assert!(committed[1] - committed[0] >= 100_000 * 3_300, "{committed:?}");
    let scene = Scene::start();
    scene.model.script(Ok(ModelAnswer { reasoning: long, usage: None, ..called("look") }));
    scene.complete(&question()).await.unwrap();
    assert!(scene.settled().await >= 4000 * 16_500, "as many tokens as may be written");
}
