//! Answers that are passed on while they arrive.

use super::scene::{NOVA, NOVA_COST, SONNET, Scene, ask, cacheable, judged, limits, rest, until};
use application_ai::gateway::{StreamEnd, StreamEvent};
use application_core::Error;
use domain::ai::CacheUse;
use futures_util::StreamExt;
use ports::{Delta, ModelError, StopReason, Usage};
use std::time::Duration;

fn text(text: &str) -> Result<Delta, ModelError> {
    Ok(Delta::Text(text.to_owned()))
}

fn end(stop: StopReason) -> Result<Delta, ModelError> {
    let usage = Usage { input_tokens: 1000, output_tokens: 200, ..Usage::default() };
    Ok(Delta::End { stop, usage: Some(usage) })
}

fn broke() -> Result<Delta, ModelError> {
    Err(ModelError::Unavailable("reset".into()))
}

fn said(events: &[StreamEvent]) -> String {
    let parts = events.iter().filter_map(|event| match event {
        StreamEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    parts.collect()
}

#[tokio::test]
async fn the_first_words_arrive_before_the_provider_has_the_second() {
    let scene = Scene::start();
    scene.model.stream([text("Par"), text("is"), end(StopReason::EndTurn)]);
    scene.model.hold();
    scene.model.let_go(1);
    // The second part is held, so this test would not end if the gateway waited for it.
    let mut streamed = scene.stream(&cacheable(NOVA)).await.unwrap();
    assert_eq!(streamed.events.next().await, Some(StreamEvent::Text("Par".to_owned())));
    assert_eq!((streamed.head.cache, streamed.head.attempts), (CacheUse::Miss, 1));
    let spent = scene.spent().await;
    assert!(spent.committed > 0 && spent.settled == 0);
    scene.model.let_go(2);
    let events = rest(streamed).await;
    let [StreamEvent::Text(second), StreamEvent::End(StreamEnd { stop, tokens, cost, .. })] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (second.as_str(), *stop, tokens.output, cost.nano_usd),
        ("is", StopReason::EndTurn, 200, NOVA_COST)
    );
    assert_eq!(scene.settled().await, NOVA_COST);
    assert_eq!(scene.ledger().await[0].outcome, "answered");
}

#[tokio::test]
async fn a_streamed_answer_is_replayed_as_a_stream_and_whole() {
    let scene = Scene::start();
    scene.model.stream([text("Par"), text("is"), end(StopReason::EndTurn)]);
    rest(scene.stream(&cacheable(NOVA)).await.unwrap()).await;
    let again = scene.stream(&cacheable(NOVA)).await.unwrap();
    assert_eq!((again.head.cache, again.head.attempts, again.head.model.as_str()), (CacheUse::Hit, 0, NOVA));
    let events = rest(again).await;
    assert_eq!(said(&events), "Paris");
    let Some(StreamEvent::End(StreamEnd { stop: StopReason::EndTurn, tokens, cost, .. })) = events.last()
    else {
        panic!("{events:?}")
    };
    assert_eq!((tokens.output, cost.nano_usd), (200, 0));
    let whole = scene.complete(&cacheable(NOVA)).await.unwrap();
    assert_eq!((whole.text.as_str(), whole.head.cache), ("Paris", CacheUse::Hit));
    assert_eq!(scene.model.calls().len(), 1);
    assert_eq!(scene.settled().await, NOVA_COST);
}

#[tokio::test]
async fn a_stream_that_breaks_says_so_and_is_settled_as_cut() {
    for broken in
        [vec![text("Par"), broke()], vec![text("Par")], vec![text("Par"), Err(ModelError::ProviderTimedOut)]]
    {
        let scene = Scene::start();
        scene.model.stream(broken);
        scene.model.always("Lyon");
        let events = rest(scene.stream(&cacheable(&format!("{NOVA},{SONNET}"))).await.unwrap()).await;
        // No other model is called, and the call is not repeated.
        assert_eq!(events, [StreamEvent::Text("Par".to_owned()), StreamEvent::Broken]);
        assert_eq!(scene.model.asked(), [NOVA]);
        let ledger = scene.ledger().await;
        assert_eq!((ledger[0].outcome.as_str(), ledger[0].model.as_str()), ("cut", NOVA));
        assert!(scene.settled().await >= 3 * 3200);
        // The answer is not cached, and nobody waits for it.
        let next = scene.complete(&cacheable(&format!("{NOVA},{SONNET}"))).await.unwrap();
        assert_eq!((next.text.as_str(), next.head.cache), ("Lyon", CacheUse::Miss));
    }
}

#[tokio::test]
async fn a_broken_stream_never_costs_more_than_was_set_aside() {
    let scene = Scene::start();
    // Eight bytes a token are usual in some languages.
    scene.model.stream([text(&"x".repeat(8000)), broke()]);
    let streamed = scene.stream(&ask(NOVA)).await.unwrap();
    let set_aside = scene.spent().await.committed;
    scene.set_limits(limits(set_aside)).await;
    rest(streamed).await;
    let settled = scene.settled().await;
    assert!(settled <= set_aside, "{settled} of {set_aside}");
    assert!(settled >= 1000 * 3200);
}

#[tokio::test]
async fn a_model_whose_streams_break_is_left_alone_and_one_whose_questions_break_it_is_not() {
    let scene = Scene::start();
    for _ in 0..20 {
        scene.model.stream([text("Par"), broke()]);
        match scene.stream(&ask(NOVA)).await {
            Ok(streamed) => drop(rest(streamed).await),
            Err(error) => assert!(matches!(error, Error::ModelsUnavailable { .. }), "{error:?}"),
        }
    }
    scene.model.stream([text("Paris"), end(StopReason::EndTurn)]);
    assert!(matches!(scene.stream(&ask(NOVA)).await.err().unwrap(), Error::ModelsUnavailable { .. }));
    let scene = Scene::start();
    for _ in 0..25 {
        scene.model.stream([text("{"), Err(ModelError::MalformedAnswer("424".into()))]);
        let events = rest(scene.stream(&ask(NOVA)).await.unwrap()).await;
        assert_eq!(events, [StreamEvent::Text("{".to_owned()), StreamEvent::Broken]);
    }
    scene.settled().await;
}

#[tokio::test]
async fn before_the_first_words_a_stream_is_tried_again_and_left_to_the_next() {
    let scene = Scene::start();
    scene.model.stream([broke()]);
    scene.model.stream([]);
    scene.model.stream([Err(ModelError::TimedOut)]);
    scene.model.stream([text("Paris"), end(StopReason::EndTurn)]);
    let streamed = scene.stream(&ask(&format!("{SONNET},{NOVA}"))).await.unwrap();
    assert_eq!((streamed.head.model.as_str(), streamed.head.attempts), (NOVA, 4));
    assert_eq!(said(&rest(streamed).await), "Paris");
    assert_eq!(scene.model.asked(), [SONNET, SONNET, SONNET, NOVA]);
    scene.settled().await;
}

#[tokio::test]
async fn a_stream_that_never_begins_is_an_error_and_costs_nothing() {
    let scene = Scene::start();
    let error = scene.stream(&ask(NOVA)).await.err().unwrap();
    assert!(matches!(error, Error::ModelsUnavailable { .. }), "{error:?}");
    assert_eq!((scene.model.calls().len(), scene.settled().await), (3, 0));
    assert_eq!(scene.ledger().await[0].outcome, "failed");
}

#[tokio::test]
async fn a_stream_that_nobody_takes_to_its_end_is_left_to_the_sweeper() {
    let scene = Scene::start();
    scene.model.stream([text("Par"), text("is"), end(StopReason::EndTurn)]);
    let mut streamed = scene.stream(&cacheable(NOVA)).await.unwrap();
    streamed.events.next().await.unwrap();
    drop(streamed);
    let spent = scene.spent().await;
    assert!(spent.committed > spent.settled);
    assert_eq!(scene.sweep().await, 1);
    assert_eq!(scene.settled().await, spent.committed);
    assert_eq!(scene.ledger().await[0].outcome, "presumed");
}

#[tokio::test]
async fn a_cut_or_wrong_streamed_answer_is_not_kept() {
    let scene = Scene::start();
    for (stop, words) in [(StopReason::MaxTokens, "good"), (StopReason::EndTurn, "bad")] {
        scene.model.stream([text(words), end(stop)]);
        let events = rest(scene.stream(&judged(cacheable(NOVA))).await.unwrap()).await;
        assert_eq!(said(&events), words);
    }
    assert_eq!(scene.settled().await, 2 * NOVA_COST);
    scene.model.answer("good");
    let whole = scene.complete(&judged(cacheable(NOVA))).await.unwrap();
    assert_eq!((whole.text.as_str(), whole.head.cache), ("good", CacheUse::Miss));
}

#[tokio::test]
async fn a_stream_over_the_budget_is_refused_before_it_begins() {
    let scene = Scene::start();
    scene.set_limits(limits(1)).await;
    assert!(matches!(scene.stream(&ask(NOVA)).await.err().unwrap(), Error::OverBudget(_)));
    assert!(scene.model.calls().is_empty());
}

#[tokio::test]
async fn others_wait_for_a_stream_that_makes_their_answer() {
    let scene = Scene::start();
    scene.model.stream([text("Par"), text("is"), end(StopReason::EndTurn)]);
    scene.model.hold();
    scene.model.let_go(1);
    let streamed = scene.stream(&cacheable(NOVA)).await.unwrap();
    let waits = scene.begin(cacheable(NOVA));
    until(|| !scene.timer.pauses().is_empty()).await;
    scene.model.let_go(2);
    rest(streamed).await;
    let answer = waits.await.unwrap().unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.head.cache, scene.model.calls().len()),
        ("Paris", CacheUse::Hit, 1)
    );
}

#[tokio::test]
async fn a_stream_must_begin_within_its_share_of_the_time_and_may_take_all_of_it() {
    let scene = Scene::start();
    for _ in 0..6 {
        scene.model.stream([text("Paris"), end(StopReason::EndTurn)]);
    }
    // Nothing arrives while the model is held.
    scene.model.hold();
    let context = scene.hurried(Duration::from_secs(32));
    let error = scene.stream_in(&context, &ask(&format!("{SONNET},{NOVA}"))).await.err().unwrap();
    assert!(matches!(error, Error::ModelsUnavailable { .. }), "{error:?}");
    assert_eq!(scene.model.asked(), [SONNET, SONNET, SONNET, NOVA, NOVA, NOVA]);
    let waited: Vec<_> =
        scene.timer.pauses().into_iter().filter(|time| *time > Duration::from_secs(5)).collect();
    // All but five of the remaining thirty seconds, and then all of them.
    assert!(waited[..3].iter().all(|time| *time <= Duration::from_secs(25)), "{waited:?}");
    assert!(waited[3] > Duration::from_secs(26), "{waited:?}");
    assert!(scene.model.calls().iter().all(|call| call.time_left > Duration::from_secs(20)));
    scene.settled().await;
}

#[tokio::test]
async fn what_a_stream_without_counts_costs() {
    let counted = |bytes: u64| (1000 - bytes) * 3200;
    for (end, saved) in [
        // The usage is known: the prompt at its longest, and three bytes.
        (Some(broke()), counted(3)),
        (Some(Err(ModelError::TimedOut)), counted(3)),
        // The usage is unknown.
        (Some(Err(ModelError::Lost("reset".into()))), 0),
        (None, 0),
    ] {
        let scene = Scene::start();
        scene.model.stream([text("Par")].into_iter().chain(end));
        let streamed = scene.stream(&ask(NOVA)).await.unwrap();
        let set_aside = scene.spent().await.committed;
        rest(streamed).await;
        assert_eq!(scene.settled().await, set_aside - saved);
    }
}

#[tokio::test]
async fn a_stream_that_our_time_cuts_ends_like_one_that_is_too_long_and_is_nobodys_fault() {
    let scene = Scene::start();
    for _ in 0..25 {
        scene.model.stream([text("Par"), Err(ModelError::TimedOut)]);
        let events = rest(scene.stream(&cacheable(NOVA)).await.unwrap()).await;
        let [StreamEvent::Text(_), StreamEvent::End(StreamEnd { stop, tokens, cost, .. })] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((*stop, tokens.output), (StopReason::MaxTokens, 3));
        assert!(cost.nano_usd >= 3 * 3200);
    }
    assert!(scene.ledger().await.iter().all(|metered| metered.outcome == "cut"));
    scene.settled().await;
}

#[tokio::test]
async fn a_stream_whose_provider_sends_no_counts_is_charged_by_its_length() {
    let scene = Scene::start();
    let whole = "Paris is the capital of France.";
    scene.model.stream([text(whole), Ok(Delta::End { stop: StopReason::EndTurn, usage: None })]);
    let events = rest(scene.stream(&cacheable(NOVA)).await.unwrap()).await;
    let Some(StreamEvent::End(StreamEnd { stop: StopReason::EndTurn, tokens, cost, .. })) = events.last()
    else {
        panic!("{events:?}")
    };
    // 31 bytes of answer; 9 and 30 bytes of prompt, each with 16 tokens added; one token for three bytes.
    assert_eq!((tokens.input, tokens.output), (24, 11));
    assert_eq!(cost.nano_usd, 24 * 800 + 11 * 3200);
    assert_eq!(scene.settled().await, 24 * 800 + 11 * 3200);
    let unmetered = scene.unmetered().await;
    assert_eq!(unmetered, [24 * 800 + 11 * 3200]);
    // The answer is cached like any other.
    assert_eq!(scene.complete(&cacheable(NOVA)).await.unwrap().head.cache, CacheUse::Hit);
}

#[tokio::test]
async fn what_is_charged_by_its_length_is_never_more_than_was_set_aside() {
    let scene = Scene::start();
    scene.model.stream([text(&"x".repeat(9000)), Ok(Delta::End { stop: StopReason::EndTurn, usage: None })]);
    let streamed = scene.stream(&ask(NOVA)).await.unwrap();
    let set_aside = scene.spent().await.committed;
    rest(streamed).await;
    let settled = scene.settled().await;
    assert!(settled <= set_aside && settled >= 1000 * 3200, "{settled} of {set_aside}");
}
