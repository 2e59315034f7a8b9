//! Models of which only some calls fail: most requests are answered.

use super::breakers::{down, number};
use super::scene::{NOVA, SONNET, Scene, ask};
use application_ai::Providers;
use application_ai::gateway::complete;
use ports::{BoxFuture, ModelAnswer, ModelCall, ModelError, ModelGateway, StopReason, Usage};
use std::sync::Arc;

/// A model that fails a fixed share of its calls, the same ones in each run.
struct Unsteady {
    state: std::sync::Mutex<u64>,
    percent: u64,
}

impl Unsteady {
    fn new(percent: u64) -> Arc<Self> {
        Arc::new(Self { state: std::sync::Mutex::new(0x5eed_0015), percent })
    }

    fn fails(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % 100 < self.percent
    }
}

impl ModelGateway for Unsteady {
    fn converse<'a>(&'a self, _: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        let usage = Some(Usage { input_tokens: 10, output_tokens: 2, ..Usage::default() });
        let answer = ModelAnswer {
            reasoning: Vec::new(),
            tool_calls: Vec::new(),
            text: "Paris".to_owned(),
            stop: StopReason::EndTurn,
            usage,
        };
        Box::pin(std::future::ready(if self.fails() { Err(down()) } else { Ok(answer) }))
    }
}

/// The number of answered requests out of `requests` to one model, five a second by many processes that make few calls
/// each.
async fn answered(percent: u64, requests: u32) -> u32 {
    let scene = Scene::start();
    let bedrock: Arc<dyn ModelGateway> = Unsteady::new(percent);
    let providers = Providers { bedrock, openai: None };
    let mut answered = 0;
    let mut process = scene.other_process();
    for request in 0..requests {
        if request.is_multiple_of(4) {
            process = scene.other_process();
        }
        let context = scene.context(i64::from(request / 5));
        let got = complete(&process, &providers, &context, &scene.asker(), &ask(SONNET)).await;
        answered += u32::from(got.is_ok());
    }
    scene.settled().await;
    answered
}

#[tokio::test]
async fn a_provider_of_which_some_calls_fail_still_answers_nearly_every_request() {
    // With three attempts, 99.7 % are answered if each attempt fails in 15 %, and 78 % if each fails in 60 %.
    let steady = answered(15, 600).await;
    assert!(steady >= 594, "{steady} of 600");
    let unsteady = answered(60, 200).await;
    assert!((140..=180).contains(&unsteady), "{unsteady} of 200");
    // A model that never answers is avoided: almost no request is answered, and few calls are made.
    assert_eq!(answered(100, 60).await, 0);
}

#[tokio::test]
async fn a_model_that_fails_often_is_asked_after_the_others_and_before_nobody_is() {
    let scene = Scene::start();
    // 14 of 20 calls fail: the breaker is open for requests that have another model.
    scene.model.always("Paris");
    for request in 0..20 {
        if request % 10 < 7 {
            scene.model.fail(down());
        } else {
            scene.model.answer("Paris");
        }
    }
    for _ in 0..20 {
        if scene.model.calls().len() < 20 {
            drop(scene.complete(&ask(SONNET)).await);
        }
    }
    assert!(number(&scene, "open_until").await.is_some());
    assert!(number(&scene, "answers_some").await.is_some());
    let both = ask(&format!("{SONNET},{NOVA}"));
    let before = scene.model.calls().len();
    scene.complete_in(&scene.context(5), &both).await.unwrap();
    assert_eq!(scene.model.asked()[before..], [NOVA]);
    // As the only model it is called, and again after a failure.
    let before = scene.model.calls().len();
    scene.model.fail(down());
    scene.complete_in(&scene.context(5), &ask(SONNET)).await.unwrap();
    assert_eq!(scene.model.asked()[before..], [SONNET, SONNET]);
    // If the other model fails, this model is called.
    let before = scene.model.calls().len();
    scene.model.fail(ModelError::NoSuchModel);
    scene.complete_in(&scene.context(5), &both).await.unwrap();
    assert_eq!(scene.model.asked()[before..], [NOVA, SONNET]);
    scene.settled().await;
}
