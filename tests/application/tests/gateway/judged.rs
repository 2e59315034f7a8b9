//! Answers with a check: an unusable answer is repaired once, both calls are charged, and then the next model is
//! called.

use super::scene::{NOVA, NOVA_COST, SONNET, SONNET_COST, Scene, ask, cacheable, judged, limits, until};
use application_ai::GatewayRequest;
use application_core::Error;
use domain::ai::CacheUse;
use ports::{ModelAnswer, ModelError, Role, StopReason, Usage};

/// An answer with these numbers of tokens.
fn answer(text: &str, stop: StopReason, input_tokens: u64, output_tokens: u64) -> ModelAnswer {
    let usage = Usage { input_tokens, output_tokens, ..Usage::default() };
    ModelAnswer {
        reasoning: Vec::new(),
        tool_calls: Vec::new(),
        text: text.to_owned(),
        stop,
        usage: Some(usage),
    }
}

#[tokio::test]
async fn a_wrong_answer_is_repaired_and_both_are_paid_for() {
    let scene = Scene::start();
    scene.model.answer("bad");
    scene.model.answer("good");
    let answer = scene.complete(&judged(cacheable(SONNET))).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.head.attempts), ("good", 2));
    assert_eq!(answer.cost.nano_usd, 2 * SONNET_COST);
    assert_eq!((answer.cost.tokens.input, answer.tokens.input), (2000, 1000));
    assert_eq!(scene.ledger().await[0].others, []);
    let calls = scene.model.calls();
    let turns: Vec<_> = calls[1].messages.iter().map(|message| message.role).collect();
    assert_eq!(turns, [Role::User, Role::Assistant, Role::User]);
    assert_eq!(calls[1].messages[1].joined_text(), "bad");
    assert!(calls[1].messages[2].joined_text().contains("it must be good"));
    assert_eq!(scene.settled().await, 2 * SONNET_COST);
    let again = scene.complete(&judged(cacheable(SONNET))).await.unwrap();
    assert_eq!((again.text.as_str(), again.head.cache), ("good", CacheUse::Hit));
}

/// The amount that is reserved before the call at which the model is held.
async fn set_aside_at(call: usize) -> u64 {
    let scene = Scene::start();
    scene.model.script(Ok(answer("bad", StopReason::EndTurn, 40, 900)));
    scene.model.answer("good");
    scene.model.hold();
    let making = scene.begin(judged(ask(SONNET)));
    scene.model.let_go(call - 1);
    until(|| scene.model.calls().len() == call).await;
    let set_aside = scene.spent().await.committed;
    making.abort();
    set_aside
}

#[tokio::test]
async fn a_repair_is_paid_for_before_it_is_asked_for() {
    let (first, second) = (set_aside_at(1).await, set_aside_at(2).await);
    // The usage of the first call, and the bound of the second one: two more messages, each with the tokens that
    // providers add.
    let complaint = "That answer can't be used: it must be good. Answer again, the answer only.";
    let used = 40 * 3300 + 900 * 16_500;
    let turns = ("bad".len() + complaint.len() + 2 * 16) as u64 * 4125;
    assert_eq!(second, first + used + turns);

    let scene = Scene::start();
    scene.set_limits(limits(second - 1)).await;
    scene.model.script(Ok(answer("bad", StopReason::EndTurn, 40, 900)));
    scene.model.answer("good");
    let refused = scene.complete(&judged(ask(SONNET))).await.unwrap_err();
    assert!(matches!(refused, Error::OverBudget(_)), "{refused:?}");
    // The usage is charged, and the model was not called again.
    assert_eq!((scene.model.calls().len(), scene.settled().await), (1, used));
    assert_eq!(scene.ledger().await[0].outcome, "failed");
}

#[tokio::test]
async fn an_answer_that_can_t_be_repaired_is_left_to_the_next_model() {
    let scene = Scene::start();
    for text in ["bad", "still bad", "good"] {
        scene.model.answer(text);
    }
    let answer = scene.complete(&judged(cacheable(&format!("{SONNET},{NOVA}")))).await.unwrap();
    assert_eq!(scene.model.asked(), [SONNET, SONNET, NOVA]);
    assert_eq!((answer.head.model.as_str(), answer.head.attempts), (NOVA, 3));
    assert_eq!(answer.cost.nano_usd, 2 * SONNET_COST + NOVA_COST);
    // The next model gets a new conversation.
    assert_eq!(scene.model.calls()[2].messages.len(), 1);
    assert_eq!(scene.settled().await, answer.cost.nano_usd);
    // Each model is billed at its own prices.
    assert_eq!(scene.ledger().await[0].others, [(SONNET.to_owned(), 2 * SONNET_COST, 2000)]);
}

#[tokio::test]
async fn wrong_answers_of_all_models_are_paid_for_and_not_kept() {
    let scene = Scene::start();
    scene.model.always("bad");
    for _ in 0..2 {
        let error = scene.complete(&judged(cacheable(NOVA))).await.unwrap_err();
        // Another call would cost as much and give nothing more.
        assert!(matches!(error, Error::AnswerUnusable), "{error:?}");
    }
    assert_eq!(scene.model.calls().len(), 4);
    assert_eq!(scene.settled().await, 4 * NOVA_COST);
    assert!(scene.ledger().await.iter().all(|metered| metered.outcome == "failed" && metered.attempts == 2));
}

#[tokio::test]
async fn an_empty_answer_is_not_repaired() {
    let scene = Scene::start();
    scene.model.answer("  ");
    scene.model.answer("good");
    scene.complete(&judged(ask(&format!("{SONNET},{NOVA}")))).await.unwrap();
    assert_eq!(scene.model.asked(), [SONNET, NOVA]);
    assert_eq!(scene.settled().await, SONNET_COST + NOVA_COST);
}

#[tokio::test]
async fn a_cut_answer_is_wrong_even_if_it_looks_right() {
    for stop in [StopReason::MaxTokens, StopReason::Other] {
        let scene = Scene::start();
        scene.model.script(Ok(answer("good", stop, 10, 10)));
        scene.model.answer("good");
        let answer = scene.complete(&judged(ask(NOVA))).await.unwrap();
        assert_eq!((answer.stop, scene.model.calls().len()), (StopReason::EndTurn, 2), "{stop:?}");
    }
}

#[tokio::test]
async fn a_cut_answer_is_given_to_callers_who_read_that_it_is_cut() {
    for stop in [StopReason::MaxTokens, StopReason::Filtered] {
        let scene = Scene::start();
        let cut = || answer("{\"go", stop, 10, 10);
        scene.model.script(Ok(cut()));
        scene.model.script(Ok(cut()));
        let asked = || GatewayRequest { gives_cut: true, ..judged(cacheable(&format!("{NOVA},{SONNET}"))) };
        let got = scene.complete(&asked()).await.unwrap();
        assert_eq!((got.text.as_str(), got.stop, got.head.attempts), ("{\"go", stop, 1));
        // The answer is given to no other request.
        assert_eq!(scene.complete(&asked()).await.unwrap().head.cache, CacheUse::Miss);
        assert_eq!(scene.model.asked(), [NOVA, NOVA]);
        scene.settled().await;
    }
}

#[tokio::test]
async fn an_unusable_answer_beside_a_model_that_fails_may_be_asked_for_again() {
    let scene = Scene::start();
    scene.model.answer("bad");
    scene.model.answer("still bad");
    for _ in 0..3 {
        scene.model.fail(ModelError::Throttled { retry_after: None });
    }
    let error = scene.complete(&judged(ask(&format!("{SONNET},{NOVA}")))).await.unwrap_err();
    assert!(matches!(error, Error::ModelsUnavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_cut_answer_that_nobody_judges_is_given_once_and_never_again() {
    for stop in [StopReason::MaxTokens, StopReason::Filtered, StopReason::Other] {
        let scene = Scene::start();
        scene.model.script(Ok(answer("Par", stop, 10, 10)));
        scene.model.answer("Paris");
        let first = scene.complete(&cacheable(NOVA)).await.unwrap();
        assert_eq!((first.text.as_str(), first.stop), ("Par", stop));
        let second = scene.complete(&cacheable(NOVA)).await.unwrap();
        assert_eq!((second.text.as_str(), second.head.cache), ("Paris", CacheUse::Miss), "{stop:?}");
    }
}

#[tokio::test]
async fn a_repair_may_be_tried_again_when_the_provider_fails() {
    let scene = Scene::start();
    scene.model.answer("bad");
    scene.model.fail(ModelError::Throttled { retry_after: None });
    scene.model.answer("good");
    assert_eq!(scene.complete(&judged(ask(NOVA))).await.unwrap().head.attempts, 3);
    assert_eq!(scene.model.calls()[2].messages.len(), 3);
    assert_eq!(scene.settled().await, 2 * NOVA_COST);
}

#[tokio::test]
async fn what_a_guardrail_stopped_is_refused_and_neither_repaired_nor_asked_of_another() {
    let scene = Scene::start();
    scene.model.script(Ok(answer("Sorry, no.", StopReason::Filtered, 10, 10)));
    scene.model.answer("good");
    let refused = scene.complete(&judged(ask(&format!("{NOVA},{SONNET}")))).await.unwrap_err();
    assert!(matches!(refused, application_core::Error::ModelRefused), "{refused:?}");
    // The call is charged.
    assert_eq!((scene.model.asked(), scene.settled().await), (vec![NOVA.into()], 10 * 800 + 10 * 3200));
    // The repair is charged, too.
    let scene = Scene::start();
    scene.model.answer("bad");
    scene.model.script(Ok(answer("Sorry, no.", StopReason::Filtered, 10, 10)));
    let refused = scene.complete(&judged(ask(&format!("{NOVA},{SONNET}")))).await.unwrap_err();
    assert!(matches!(refused, application_core::Error::ModelRefused), "{refused:?}");
    assert_eq!(scene.model.asked(), [NOVA; 2]);
}

#[tokio::test]
async fn a_guardrail_stands_around_every_conversation_with_bedrock() {
    let scene = Scene::start();
    scene.model.always("Paris");
    scene.complete(&ask(NOVA)).await.unwrap();
    let guardrail: ports::Guardrail = "gr4x7:3".parse().unwrap();
    let guarded = scene.guarded(guardrail.clone());
    guarded.complete(&ask(NOVA)).await.unwrap();
    let streamed = guarded.stream(&ask(NOVA)).await.unwrap();
    super::scene::rest(streamed).await;
    let seen: Vec<_> = guarded.model.calls().into_iter().map(|call| call.guardrail).collect();
    assert_eq!(seen, [None, Some(guardrail.clone()), Some(guardrail)]);
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_not_kept() {
    let scene = Scene::start();
    scene.model.answer(" \n");
    scene.model.answer("Paris");
    assert_eq!(scene.complete(&cacheable(NOVA)).await.unwrap().text, " \n");
    let second = scene.complete(&cacheable(NOVA)).await.unwrap();
    assert_eq!((second.text.as_str(), second.head.cache), ("Paris", CacheUse::Miss));
}

#[tokio::test]
async fn a_malformed_answer_is_asked_for_once_more_and_then_of_the_next() {
    let malformed = || ModelError::MalformedAnswer("424".into());
    let scene = Scene::start();
    scene.model.fail(malformed());
    scene.model.answer("good");
    assert_eq!(scene.complete(&judged(ask(NOVA))).await.unwrap().head.attempts, 2);

    let scene = Scene::start();
    scene.model.fail(malformed());
    scene.model.fail(malformed());
    scene.model.answer("good");
    scene.complete(&judged(ask(&format!("{NOVA},{SONNET}")))).await.unwrap();
    assert_eq!(scene.model.asked(), [NOVA, NOVA, SONNET]);

    let scene = Scene::start();
    (0..4).for_each(|_| scene.model.fail(malformed()));
    let error = scene.complete(&judged(ask(&format!("{NOVA},{SONNET}")))).await.unwrap_err();
    assert!(matches!(error, Error::AnswerUnusable), "{error:?}");
    // The provider sent an error in place of an answer.
    assert_eq!((scene.model.asked().len(), scene.settled().await), (4, 0));
}

#[tokio::test]
async fn a_whole_answer_without_counts_is_charged_by_its_length() {
    let scene = Scene::start();
    scene.model.script(Ok(ModelAnswer { usage: None, ..answer("Paris", StopReason::EndTurn, 0, 0) }));
    let got = scene.complete(&ask(NOVA)).await.unwrap();
    // 9 and 30 bytes of prompt, each with 16 tokens added; 5 bytes of answer.
    assert_eq!((got.tokens.input, got.tokens.output, got.head.attempts), (24, 2, 1));
    assert_eq!((got.cost.nano_usd, scene.settled().await), (24 * 800 + 2 * 3200, 24 * 800 + 2 * 3200));
    assert_eq!(scene.unmetered().await, [24 * 800 + 2 * 3200]);
}

#[tokio::test]
async fn an_answer_for_which_there_is_no_time_is_not_the_services_failure() {
    // A healthy model may take forty seconds for a thousand tokens; at most thirty were available.
    let scene = Scene::start();
    (0..6).for_each(|_| scene.model.fail(ModelError::TimedOut));
    let error = scene.complete(&ask(&format!("{NOVA},{SONNET}"))).await.unwrap_err();
    assert!(matches!(error, Error::AnswerTooSlow), "{error:?}");
    // A short answer must come in that time, and another model that fails may answer later.
    let mut short = ask(NOVA);
    short.conversation.max_output_tokens = 100;
    let scene = Scene::start();
    (0..3).for_each(|_| scene.model.fail(ModelError::TimedOut));
    assert!(matches!(scene.complete(&short).await.unwrap_err(), Error::ModelsUnavailable { .. }));
    let scene = Scene::start();
    (0..3).for_each(|_| scene.model.fail(ModelError::TimedOut));
    (0..3).for_each(|_| scene.model.fail(ModelError::Unavailable("503".into())));
    let error = scene.complete(&ask(&format!("{NOVA},{SONNET}"))).await.unwrap_err();
    assert!(matches!(error, Error::ModelsUnavailable { .. }), "{error:?}");
}
