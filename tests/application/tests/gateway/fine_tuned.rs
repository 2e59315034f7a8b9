//! An organization's fine-tuned models: asked by their deployments and recorded by their names, within the organization's
//! own chains, and unknown to everybody else and in every state but the last.

use super::scene::{NOVA, NOVA_COST, Scene, ask, cacheable, limits};
use crate::support::NOW;
use application_ai::{Chain, GatewayRequest, PriceBook, Registry};
use application_core::Error;
use domain::AggregateType;
use domain::ai::fine_tune::{
    CreateFineTune, FineTune, FineTuneEvent, HyperParameters, cancel_fine_tune, complete_fine_tune,
    create_fine_tune, judge_file, start_fine_tune, train_fine_tune,
};
use domain::ai::training_file::FileReport;
use domain::ai::{Feature, Limits, TokenPrices};
use domain::id::{FineTuneId, OrganizationId, new_id};
use domain::{Aggregate, EventMeta};
use ports::{AggregateKey, Breaker, CallObservation, ModelError, ModelName, RequestLookup};

const DEPLOYMENT: &str = "arn:aws:bedrock:us-east-1:000000000000:custom-model-deployment/abcdefghijkl";

fn id(number: u8) -> FineTuneId {
    new_id(NOW, &[number; 10])
}

fn name(number: u8) -> String {
    format!("ft:{NOVA}:{}", id(number))
}

/// The events of a fine-tune until its model can be asked.
fn events(number: u8) -> Vec<FineTuneEvent> {
    let created = create_fine_tune(&CreateFineTune {
        id: id(number),
        name: "Ours",
        base_model: NOVA,
        training_model: "amazon.nova-pro-v1:0:300k",
        hyper_parameters: HyperParameters::default(),
        bytes: 10,
        sha256: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
        created_by: new_id(NOW, &[2; 10]),
    });
    let mut events = vec![created.unwrap()];
    let steps: [fn(&FineTune) -> Option<FineTuneEvent>; 4] = [
        |state| judge_file(state, FileReport { records: 9, faults: Vec::new() }),
        |state| start_fine_tune(state, "job"),
        |state| train_fine_tune(state, "model"),
        |state| complete_fine_tune(state, DEPLOYMENT),
    ];
    for step in steps {
        let fold = |state, event| FineTune::apply(state, event, EventMeta { at: NOW });
        let state = events.iter().fold(None, fold).unwrap();
        events.push(step(&state).unwrap());
    }
    events
}

async fn record(scene: &Scene, tenant: OrganizationId, number: u8, events: &[FineTuneEvent]) {
    let key = AggregateKey::new(tenant, AggregateType::FineTune, &id(number));
    for event in events {
        scene.record::<FineTune>(&key, event).await;
    }
    scene.calls();
}

/// A scene whose organization has this fine-tuned model.
async fn with_model(number: u8) -> Scene {
    let scene = Scene::start();
    record(&scene, scene.tenant, number, &events(number)).await;
    scene.model.always("Paris");
    scene
}

/// A request whose caller names a model.
fn named(name: &str) -> GatewayRequest {
    let chain = Chain::of(&Registry::shipped().unwrap().named(name).unwrap());
    GatewayRequest { chain, ..ask(NOVA) }
}

fn chained(steps: &[&str]) -> Limits {
    let steps = steps.iter().map(|step| (*step).to_owned()).collect();
    Limits { chains: [(Feature::Completion, steps)].into(), ..limits(1_000_000_000_000) }
}

#[tokio::test]
async fn it_is_asked_by_its_deployment_and_recorded_by_its_name_at_its_base_models_prices() {
    let scene = with_model(1).await;
    let answer = scene.complete(&named(&name(1))).await.unwrap();
    let calls = scene.model.calls();
    assert_eq!((calls[0].model.as_str(), calls[0].family()), (DEPLOYMENT, NOVA));
    assert_eq!((answer.head.model.as_str(), answer.cost.nano_usd), (name(1).as_str(), NOVA_COST));
    // The fine-tune is read with everything else.
    let miss = ["BatchGetItem", "TransactWriteItems", "TransactWriteItems", "UpdateItem", "UpdateItem"];
    assert_eq!(scene.calls(), miss);
    let ledger = scene.ledger().await;
    assert_eq!((ledger[0].model.as_str(), ledger[0].cost), (name(1).as_str(), NOVA_COST));
    assert_eq!(scene.settled().await, NOVA_COST);
    let book = PriceBook::shipped().unwrap();
    let version = Registry::shipped().unwrap().version;
    let price = |model: &str| book.model(&version, model, &Default::default()).unwrap().input;
    assert_eq!(price(&name(1)), price(NOVA));
}

#[tokio::test]
async fn the_organizations_own_prices_of_the_base_model_hold_for_it() {
    let scene = with_model(1).await;
    scene.set_prices(&[(NOVA, TokenPrices { input: 1, output: 2, cache_read: 1, cache_write: 1 })]).await;
    let answer = scene.complete(&named(&name(1))).await.unwrap();
    assert_eq!(answer.cost.nano_usd, 1_000 + 2 * 200);
}

#[tokio::test]
async fn one_that_is_not_ready_of_another_organization_or_of_another_base_model_is_none() {
    let all = events(1);
    for ready in 0..all.len() {
        let scene = Scene::start();
        record(&scene, scene.tenant, 1, &all[..ready]).await;
        let refused = scene.complete(&named(&name(1))).await.unwrap_err();
        assert!(matches!(refused, Error::UnknownModel), "{ready}: {refused:?}");
        assert!(scene.model.calls().is_empty());
        assert_eq!(scene.settled().await, 0);
    }
    let stranger = Scene::start();
    record(&stranger, new_id(NOW, &[77; 10]), 1, &all).await;
    assert!(matches!(stranger.complete(&named(&name(1))).await, Err(Error::UnknownModel)));
    let scene = with_model(1).await;
    let other = format!("ft:amazon.nova-lite-v1:0:{}", id(1));
    assert!(matches!(scene.complete(&named(&other)).await, Err(Error::UnknownModel)));
    // A retired model is gone at once, and so are its cached answers.
    let cached = || GatewayRequest { cache: cacheable(NOVA).cache, ..named(&name(1)) };
    scene.complete(&cached()).await.unwrap();
    assert_eq!(scene.complete(&cached()).await.unwrap().head.cache.as_str(), "hit");
    let key = AggregateKey::new(scene.tenant, AggregateType::FineTune, &id(1));
    let fold = |state, event: &FineTuneEvent| FineTune::apply(state, event, EventMeta { at: NOW });
    let whole = all.iter().fold(None, fold).unwrap();
    scene.record::<FineTune>(&key, &cancel_fine_tune(&whole, new_id(NOW, &[2; 10])).unwrap()).await;
    assert!(matches!(scene.complete(&cached()).await, Err(Error::UnknownModel)));
}

#[tokio::test]
async fn an_allow_list_names_it_or_its_base_model() {
    let scene = with_model(1).await;
    for (allowed, right) in
        [(NOVA.to_owned(), true), (name(1), true), ("other".to_owned(), false), (name(2), false)]
    {
        scene
            .set_limits(Limits {
                allowed_models: Some([allowed.clone()].into()),
                ..limits(1_000_000_000_000)
            })
            .await;
        let answer = scene.complete(&named(&name(1))).await;
        assert_eq!(answer.is_ok(), right, "{allowed}");
        assert!(right || matches!(answer, Err(Error::UnknownModel)));
    }
}

#[tokio::test]
async fn it_stands_in_the_organizations_own_chain_at_one_more_read() {
    let scene = with_model(1).await;
    scene.set_limits(chained(&[&name(1), NOVA])).await;
    assert_eq!(scene.complete(&ask("us.amazon.nova-pro-v1:0")).await.unwrap().head.model, name(1));
    let reads = scene.calls().into_iter().filter(|call| call == "BatchGetItem").count();
    assert_eq!(reads, 2);
    scene.model.fail(ModelError::NoSuchModel);
    assert_eq!(scene.complete(&ask("us.amazon.nova-pro-v1:0")).await.unwrap().head.model, NOVA);
    assert_eq!(scene.model.asked(), [DEPLOYMENT, DEPLOYMENT, NOVA]);
    // A step whose model is gone is passed over.
    scene.set_limits(chained(&[&name(2), &format!("{NOVA}:1|{}:1000", name(3))])).await;
    assert_eq!(scene.complete(&ask("us.amazon.nova-pro-v1:0")).await.unwrap().head.model, NOVA);
    scene.settled().await;
}

#[tokio::test]
async fn its_breaker_is_its_own() {
    let scene = with_model(1).await;
    let breaker = |model: String| ModelName { provider: "bedrock".to_owned(), model };
    let failing = CallObservation { calls: 30, failures: 30, retry_after: None };
    scene.state.observe(&breaker(name(1)), failing, NOW).await.unwrap();
    assert!(matches!(scene.complete(&named(&name(1))).await, Err(Error::ModelsUnavailable { .. })));
    scene.complete(&ask(NOVA)).await.unwrap();
    let models = [breaker(name(2)), breaker(NOVA.to_owned())];
    let wanted =
        RequestLookup { tenant: scene.tenant, cache: None, models: &models, now: NOW, fine_tunes: &[] };
    assert_eq!(scene.state.look_up(&wanted).await.unwrap().breakers, [Breaker::Closed, Breaker::Closed]);
    // In a chain the next model answers.
    scene.set_limits(chained(&[&name(1), NOVA])).await;
    assert_eq!(scene.complete(&ask(NOVA)).await.unwrap().head.model, NOVA);
    assert_eq!(scene.model.asked(), [NOVA, NOVA]);
}
