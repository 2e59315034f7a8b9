//! The models that a tenant may call, and the model that it gets from a split step.

use super::scene::{HAIKU, NOVA, SONNET, Scene, ask, limits, until};
use application_ai::{Chain, GatewayRequest, Registry};
use application_core::Error;
use domain::ai::Limits;
use ports::{Message, Role};
use std::collections::BTreeSet;

async fn allowing(models: &[&str]) -> Scene {
    let scene = Scene::start();
    let allowed = models.iter().map(|model| (*model).to_owned()).collect::<BTreeSet<_>>();
    scene.set_limits(Limits { allowed_models: Some(allowed), ..limits(1_000_000_000_000) }).await;
    scene.model.always("Paris");
    scene
}

#[tokio::test]
async fn a_model_that_the_tenant_may_not_ask_does_not_exist() {
    let scene = allowing(&[NOVA]).await;
    for forbidden in [SONNET.to_owned(), format!("{SONNET},{HAIKU}")] {
        let refused = scene.complete(&ask(&forbidden)).await.unwrap_err();
        assert!(matches!(refused, Error::UnknownModel), "{refused:?}");
        assert_eq!(scene.calls(), ["BatchGetItem", "UpdateItem", "UpdateItem"]);
    }
    let scene = allowing(&[]).await;
    assert!(matches!(scene.complete(&ask(NOVA)).await.unwrap_err(), Error::UnknownModel));
    assert!(scene.model.calls().is_empty());
}

#[tokio::test]
async fn a_chain_leaves_out_what_the_tenant_may_not_ask() {
    let scene = allowing(&[NOVA, HAIKU]).await;
    scene.model.fail(ports::ModelError::NoSuchModel);
    let answer = scene.complete(&ask(&format!("{SONNET},{NOVA},{HAIKU}"))).await.unwrap();
    assert_eq!(scene.model.asked(), [NOVA, HAIKU]);
    assert_eq!(answer.head.model, HAIKU);
    scene.settled().await;
}

#[tokio::test]
async fn models_that_are_not_there_don_t_exist() {
    let scene = allowing(&[NOVA, HAIKU, "gpt-4o-mini"]).await;
    for _ in 0..3 {
        scene.model.fail(ports::ModelError::NoSuchModel);
    }
    // A model that its provider does not know, and a model without a configured provider.
    for model in [NOVA, "gpt-4o-mini"] {
        let named = Chain::of(Registry::shipped().unwrap().model(model).unwrap());
        let refused = scene.complete(&GatewayRequest { chain: named, ..ask(model) }).await.unwrap_err();
        assert!(matches!(refused, Error::UnknownModel), "{refused:?}");
    }
    // A caller who named no model does not learn the names of models.
    let refused = scene.complete(&ask(&format!("{NOVA},{HAIKU}"))).await.unwrap_err();
    assert!(matches!(refused, Error::ModelsUnavailable { .. }), "{refused:?}");
    assert_eq!(scene.model.asked(), [NOVA, NOVA, HAIKU]);
    assert_eq!(scene.settled().await, 0);
}

#[tokio::test]
async fn a_model_gets_the_samplers_that_it_takes() {
    let scene = allowing(&[SONNET, NOVA]).await;
    for (model, temperature, top_p) in
        [(SONNET, 0.7, 1.0), (SONNET, 1.0, 0.9), (SONNET, 0.1, 0.1), (SONNET, 1.7, 1.0), (NOVA, 1.7, 0.9)]
    {
        let mut ask = ask(model);
        (ask.conversation.temperature, ask.conversation.top_p) = (Some(temperature), Some(top_p));
        scene.complete(&ask).await.unwrap();
    }
    let sent: Vec<_> = scene.model.calls().iter().map(|call| (call.temperature, call.top_p)).collect();
    let expected =
        [(Some(0.7), None), (None, Some(0.9)), (Some(0.1), None), (Some(1.0), None), (Some(1.0), Some(0.9))];
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_split_step_asks_one_of_its_models_and_the_same_each_time() {
    let scene = allowing(&[SONNET, NOVA, HAIKU]).await;
    let split = |sticky: usize| GatewayRequest {
        sticky: format!("lead_{sticky}"),
        ..ask(&format!("{SONNET}:50|{NOVA}:50,{HAIKU}"))
    };
    let mut nova = 0;
    for sticky in 0..30 {
        let first = scene.complete(&split(sticky)).await.unwrap().head.model;
        assert_eq!(scene.complete(&split(sticky)).await.unwrap().head.model, first);
        assert_ne!(first, HAIKU);
        nova += usize::from(first == NOVA);
    }
    assert!((5..=25).contains(&nova), "{nova} of 30");
}

#[tokio::test]
async fn a_question_that_fits_into_no_model_is_not_asked() {
    let scene = allowing(&[SONNET, NOVA]).await;
    // At nine bytes a token the text would still be more than Sonnet's context; it fits into Nova's.
    let long = |bytes: usize| {
        let mut ask = ask(&format!("{SONNET},{NOVA}"));
        ask.conversation.messages[0] = Message::text(Role::User, "x".repeat(bytes));
        ask
    };
    scene.complete(&long(200_000 * 9)).await.unwrap();
    assert_eq!(scene.model.asked(), [NOVA]);
    let refused = scene.complete(&long(300_000 * 8 + 100)).await.unwrap_err();
    assert!(matches!(refused, Error::ContextLength), "{refused:?}");
    assert_eq!(scene.model.calls().len(), 1);
}

#[tokio::test]
async fn the_longest_answer_is_the_models_own_at_most() {
    let scene = allowing(&[SONNET, NOVA]).await;
    let mut ask = ask(&format!("{SONNET},{NOVA}"));
    ask.conversation.max_output_tokens = 60_000;
    scene.model.fail(ports::ModelError::NoSuchModel);
    scene.complete(&ask).await.unwrap();
    let longest: Vec<_> = scene.model.calls().iter().map(|call| call.max_output_tokens).collect();
    assert_eq!(longest, [60_000, 10_000]);

    // No amount is reserved for tokens that the model can't write.
    let mut set_aside = Vec::new();
    for longest in [10_000, 60_000] {
        let scene = Scene::start();
        scene.model.hold();
        let mut ask = super::scene::ask(NOVA);
        ask.conversation.max_output_tokens = longest;
        let making = scene.begin(ask);
        until(|| !scene.model.calls().is_empty()).await;
        set_aside.push(scene.spent().await.committed);
        making.abort();
    }
    assert_eq!(set_aside[0], set_aside[1]);
    assert!(set_aside[0] > 10_000 * 3200);
}

#[tokio::test]
async fn a_model_that_has_no_room_left_for_the_answer_is_not_asked() {
    let scene = allowing(&[SONNET, NOVA]).await;
    let mut ask = ask(&format!("{SONNET},{NOVA}"));
    // At least 150,000 tokens, which fit only into Sonnet's 200,000.
    ask.conversation.messages[0] = Message::text(Role::User, "x".repeat(150_000 * 8));
    ask.conversation.max_output_tokens = 60_000;
    assert_eq!(scene.complete(&ask).await.unwrap().head.model, NOVA);
    assert_eq!(scene.model.asked(), [NOVA]);
}
