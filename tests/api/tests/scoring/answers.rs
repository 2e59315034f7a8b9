//! Answers of models that must not be used, and the one repair that a model gets.

use super::{NOVA, SONNET, Scene, judgement, useless, with};
use api_tests::{MODELS, lead_body};
use ports::{ModelAnswer, Role, StopReason, Usage};
use serde_json::{Value, json};

#[tokio::test]
async fn a_useless_answer_is_told_to_the_model_once_and_repaired() {
    for (what, text) in useless() {
        let scene = Scene::start(MODELS, &lead_body()).await;
        scene.answer(&*text);
        scene.answer(judgement().to_string());
        let score = scene.score().await.expect(200).json();
        assert_eq!(scene.models(), [SONNET, SONNET], "{what}");
        assert_eq!(
            (&score["engine"], &score["cost_usd"]),
            (&json!("model"), &json!("0.013200000")),
            "{what}"
        );
        let repair = &scene.calls()[1].messages;
        let roles: Vec<Role> = repair.iter().map(|message| message.role).collect();
        assert_eq!(roles, [Role::User, Role::Assistant, Role::User], "{what}");
        assert_eq!(repair[0], scene.calls()[0].messages[0], "{what}");
        assert_eq!(repair[1].joined_text(), text, "{what}");
        assert!(
            repair[2].joined_text().starts_with("That answer can't be used: "),
            "{what}: {}",
            repair[2].joined_text()
        );
    }
}

/// Providers refuse a message without text, so nothing can be repaired.
#[tokio::test]
async fn an_answer_without_text_is_left_for_the_next_model() {
    for blank in ["", " \n"] {
        let scene = Scene::start(MODELS, &lead_body()).await;
        scene.answer(blank);
        scene.answer(judgement().to_string());
        assert_eq!(scene.score().await.expect(200).json()["model"], NOVA);
        assert_eq!(scene.models(), [SONNET, NOVA]);
    }
}

#[tokio::test]
async fn what_was_wrong_is_told_by_place() {
    let scene = Scene::start(MODELS, &lead_body()).await;
    scene.answer(with(judgement(), "/factors/0/quote", json!("they will pay a million")).to_string());
    scene.answer(judgement().to_string());
    scene.score().await.expect(200);
    let told = scene.calls()[1].messages[2].joined_text();
    assert!(told.contains("/factors/0/quote does not stand in its field"), "{told}");
    assert!(!told.contains("/factors/1"), "{told}");
}

#[tokio::test]
async fn an_answer_that_was_cut_or_filtered_is_not_used_though_it_parses() {
    // If a filter stopped the answer, no other model is called.
    let (next, rules) = (Value::from(NOVA), Value::from("rules"));
    for (stop, model) in
        [(StopReason::MaxTokens, &next), (StopReason::Other, &next), (StopReason::Filtered, &rules)]
    {
        let scene = Scene::start(MODELS, &lead_body()).await;
        let usage = Usage { input_tokens: 10, output_tokens: 10, ..Usage::default() };
        for _ in 0..2 {
            scene.world.model().script.script(Ok(ModelAnswer {
                reasoning: Vec::new(),
                tool_calls: Vec::new(),
                text: judgement().to_string(),
                stop,
                usage: Some(usage),
            }));
        }
        scene.answer(judgement().to_string());
        assert_eq!(scene.score().await.expect(200).json()["model"], *model, "{stop:?}");
    }
}
