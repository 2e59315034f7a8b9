//! The chain of models: when the next one is asked, when the rules answer, what was spent, and how the time is shared.

use super::{NOVA, SONNET, Scene, judgement, useless};
use api_tests::{MODELS, lead_body};
use ports::ModelError;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_model_that_fails_twice_is_left_for_the_next_and_its_cost_is_counted() {
    for (what, text) in useless() {
        let scene = Scene::start(MODELS, &lead_body()).await;
        scene.answer(&*text);
        scene.answer(text);
        scene.answer(judgement().to_string());
        let score = scene.score().await.expect(200).json();
        assert_eq!(scene.models(), [SONNET, SONNET, NOVA], "{what}");
        // Twice 6,600,000 and once 1,440,000 nano-dollars.
        assert_eq!((&score["model"], &score["cost_usd"]), (&json!(NOVA), &json!("0.014640000")), "{what}");
        assert_eq!(scene.calls()[2].messages.len(), 1, "the next model begins anew");
    }
}

/// Whether a model is on Bedrock or on a server with OpenAI's format makes no difference to a chain.
#[tokio::test]
async fn a_chain_mixes_models_of_all_providers() {
    const GPT: &str = "gpt-4o-mini";
    let scene = Scene::start(&format!("{GPT},{NOVA},rules"), &lead_body()).await;
    scene.answer(judgement().to_string());
    let score = scene.score().await.expect(200).json();
    assert_eq!((&score["engine"], &score["model"]), (&json!("model"), &json!(GPT)));
    assert_eq!(score["cost_usd"], "0.000270000");
    assert!(scene.calls()[0].output_schema.is_some());

    let scene = Scene::start(&format!("{GPT},{NOVA},rules"), &lead_body()).await;
    scene.fail(ModelError::NoSuchModel);
    scene.answer(judgement().to_string());
    assert_eq!(scene.score().await.expect(200).json()["model"], NOVA);
    assert_eq!(scene.models(), [GPT, NOVA]);
}

#[tokio::test]
async fn when_no_model_is_of_use_the_rules_answer_and_what_was_spent_is_counted() {
    let scene = Scene::start(MODELS, &lead_body()).await;
    for _ in 0..4 {
        scene.answer("no");
    }
    let score = scene.score().await.expect(200).json();
    assert_eq!(scene.models(), [SONNET, SONNET, NOVA, NOVA]);
    assert_eq!((&score["engine"], &score["model"]), (&json!("rules"), &json!("rules")));
    assert_eq!(score["cost_usd"], "0.016080000");
    let event = scene.world.events("lead_scored").await.remove(0);
    let cost = &event["data"]["M"]["cost"]["M"];
    assert_eq!((&cost["nano_usd"]["N"], &cost["attempts"]["N"]), (&json!("16080000"), &json!("4")));
    assert_eq!((&cost["input_tokens"]["N"], &cost["output_tokens"]["N"]), (&json!("4000"), &json!("800")));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_then_left_to_the_next_model() {
    let failures: Vec<(u32, fn() -> ModelError)> = vec![
        // The pause is longer than the remaining time.
        (1, || ModelError::Throttled { retry_after: Some(Duration::from_secs(60)) }),
        (3, || ModelError::Throttled { retry_after: None }),
        (3, || ModelError::Unavailable("500".into())),
        (1, || ModelError::NoSuchModel),
    ];
    for (tries, failure) in failures {
        let scene = Scene::start(MODELS, &lead_body()).await;
        for _ in 0..tries {
            scene.fail(failure());
        }
        scene.answer(judgement().to_string());
        let score = scene.score().await.expect(200).json();
        let mut expected = vec![SONNET; tries as usize];
        expected.push(NOVA);
        assert_eq!(scene.models(), expected, "{:?}", failure());
        assert_eq!(
            (&score["model"], &score["cost_usd"]),
            (&json!(NOVA), &json!("0.001440000")),
            "{:?}",
            failure()
        );
    }
}

/// A prompt that one model refuses as wrong is wrong for every model.
#[tokio::test]
async fn a_question_that_is_refused_is_left_to_the_rules_at_once() {
    let failures: Vec<fn() -> ModelError> =
        vec![|| ModelError::ContextLength, || ModelError::Refused("400".into())];
    for failure in failures {
        let scene = Scene::start(MODELS, &lead_body()).await;
        scene.fail(failure());
        scene.answer(judgement().to_string());
        let score = scene.score().await.expect(200).json();
        assert_eq!(scene.models(), [SONNET], "{:?}", failure());
        assert_eq!((&score["engine"], &score["cost_usd"]), (&json!("rules"), &json!("0.000000000")));
    }
}

#[tokio::test]
async fn a_chain_without_rules_and_without_an_answer_is_unavailable() {
    let scene = Scene::start(&format!("{SONNET},{NOVA}"), &lead_body()).await;
    let long = || ModelError::Throttled { retry_after: Some(Duration::from_secs(60)) };
    scene.fail(long());
    scene.fail(long());
    let answer = scene.score().await.problem(503, "models_unavailable");
    assert_eq!(answer.number("Retry-After"), 60);
    assert!(scene.world.events("lead_scored").await.is_empty());
    assert_eq!(scene.world.get_lead(&scene.person, scene.id()).await.json(), scene.lead);
}

#[tokio::test]
async fn models_share_the_time_that_is_left() {
    let scene = Scene::start(MODELS, &lead_body()).await;
    for _ in 0..2 {
        scene.fail(ModelError::Throttled { retry_after: Some(Duration::from_secs(60)) });
    }
    let call = scene.world.call("scoreLead").by(&scene.person).path("id", scene.id());
    let score = call.within(Duration::from_secs(20)).send().await.expect(200).json();
    assert_eq!(score["engine"], "rules");
    let left: Vec<Duration> = scene.calls().iter().map(|call| call.time_left).collect();
    // Two seconds are kept for the settlement and one for writing the score; the first model gets three quarters of the
    // rest. The time that a slow machine used before is subtracted.
    assert!(left[0] <= Duration::from_millis(12_750) && left[0] > Duration::from_secs(8), "{left:?}");
    assert!(left[1] <= Duration::from_secs(17) && left[1] > left[0], "{left:?}");

    // With too little time no model is called.
    let call = scene.world.call("scoreLead").by(&scene.person).path("id", scene.id());
    let score = call.within(Duration::from_secs(3)).send().await.expect(200).json();
    assert_eq!((&score["engine"], scene.calls().len()), (&json!("rules"), 2));
}
