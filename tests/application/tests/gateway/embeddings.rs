//! Embeddings are charged and limited like answers.

use super::scene::{NOVA, Scene, limits};
use application_ai::gateway::Embedded;
use application_ai::{EmbeddingRequest, Embeddings, Providers, Registry, create_embedding};
use application_core::Error;
use domain::authority::{Caller, CreateEmbeddings, Credential};
use domain::id::new_id;
use ports::{BoxFuture, EmbeddingCall, EmbeddingFailure, EmbeddingGateway, InputType, ModelError};
use std::sync::Arc;

const TITAN: &str = "amazon.titan-embed-text-v2:0";
/// Nano-dollars for each token.
const PRICE: u64 = 20;

async fn embed(scene: &Scene, model: &str, texts: &[&str]) -> Result<Embedded, Error> {
    embed_with(scene, scene.model.clone(), model, texts).await
}

async fn embed_with(
    scene: &Scene,
    bedrock: Arc<dyn EmbeddingGateway>,
    model: &str,
    texts: &[&str],
) -> Result<Embedded, Error> {
    let needs = Embeddings {
        gateway: Arc::clone(&scene.gateway),
        providers: Providers { bedrock, openai: None },
        registry: Registry::shipped().unwrap(),
    };
    let credential = Credential::Session {
        id: new_id(crate::support::NOW, &[4; 10]),
        role: domain::tenancy::Role::SalesRep,
        account_organization: scene.tenant,
        authenticated_at: crate::support::NOW,
    };
    let caller = Caller { tenant: scene.tenant, account: scene.account, credential };
    let request = EmbeddingRequest {
        model: model.to_owned(),
        texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        dimensions: None,
        base64: false,
        input_type: InputType::Query,
    };
    let authority = caller.authorize::<CreateEmbeddings>().unwrap();
    create_embedding(&needs, &scene.context(0), &authority, request, "texts").await
}

#[tokio::test]
async fn vectors_cost_their_tokens() {
    let scene = Scene::start();
    let embedded = embed(&scene, TITAN, &["Paris", "Lyon"]).await.unwrap();
    assert_eq!(embedded.vectors, [[5.0, 1.0], [4.0, 1.0]]);
    assert_eq!(scene.model.embedding_calls()[0].input_type, InputType::Query);
    assert_eq!((embedded.cost.nano_usd, embedded.cost.tokens.input), (9 * PRICE, 9));
    assert_eq!((embedded.head.model.as_str(), embedded.head.attempts), (TITAN, 1));
    assert_eq!(
        scene.calls(),
        ["BatchGetItem", "TransactWriteItems", "TransactWriteItems", "UpdateItem", "UpdateItem"]
    );
    assert_eq!(scene.settled().await, 9 * PRICE);
    let ledger = scene.ledger().await;
    assert_eq!((ledger[0].cache.as_str(), ledger[0].outcome.as_str()), ("bypass", "answered"));
}

#[tokio::test]
async fn vectors_over_the_budget_are_not_made() {
    let scene = Scene::start();
    // Nine bytes, and the tokens that providers add to two texts.
    let bound = (9 + 2 * 16) * PRICE;
    scene.set_limits(limits(bound - 1)).await;
    assert!(matches!(embed(&scene, TITAN, &["Paris", "Lyon"]).await.err().unwrap(), Error::OverBudget(_)));
    assert!(scene.model.embedding_calls().is_empty());
    let scene = Scene::start();
    scene.set_limits(limits(bound)).await;
    embed(&scene, TITAN, &["Paris", "Lyon"]).await.unwrap();
    assert_eq!(scene.settled().await, 9 * PRICE);
}

#[tokio::test]
async fn only_models_that_embed_are_asked() {
    let scene = Scene::start();
    for model in ["no-such-model", NOVA] {
        assert!(
            matches!(embed(&scene, model, &["Paris"]).await.err().unwrap(), Error::UnknownModel),
            "{model}"
        );
    }
    for texts in [&[][..], &["Paris", " "]] {
        assert!(matches!(embed(&scene, TITAN, texts).await.err().unwrap(), Error::Invalid(_)));
    }
    let long = "x".repeat(8192 * 8 + 8);
    assert!(matches!(embed(&scene, TITAN, &["Paris", &long]).await.err().unwrap(), Error::ContextLength));
    assert!(scene.model.embedding_calls().is_empty());
    assert!(scene.ledger().await.is_empty());
}

#[tokio::test]
async fn what_a_failed_call_gave_is_paid_for_and_not_made_again() {
    let scene = Scene::start();
    scene.model.fail_embedding_after(2, ModelError::Unavailable("503".into()));
    let embedded = embed(&scene, TITAN, &["Paris", "Lyon", "Nice", "Brest"]).await.unwrap();
    assert_eq!(embedded.vectors, [[5.0, 1.0], [4.0, 1.0], [4.0, 1.0], [5.0, 1.0]]);
    let asked: Vec<usize> = scene.model.embedding_calls().iter().map(|call| call.texts.len()).collect();
    assert_eq!(asked, [4, 2]);
    assert_eq!(scene.model.embedding_calls()[1].texts, ["Nice", "Brest"]);
    assert_eq!((embedded.cost.tokens.input, scene.settled().await), (18, 18 * PRICE));

    // Also if the request fails.
    scene.model.fail_embedding_after(1, ModelError::Refused("no".into()));
    assert!(embed(&scene, TITAN, &["Paris", "Lyon"]).await.is_err());
    assert_eq!(scene.settled().await, (18 + 5) * PRICE);
    assert_eq!(scene.ledger().await.iter().filter(|metered| metered.outcome == "failed").count(), 1);
}

fn wrong(refused: Result<Embedded, Error>) -> (String, &'static str) {
    let Err(Error::Invalid(invalid)) = refused else { panic!("not refused") };
    (invalid.0[0].field.clone(), invalid.0[0].code)
}

#[tokio::test]
async fn vectors_that_fit_into_no_answer_are_not_made() {
    const MULTILINGUAL: &str = "cohere.embed-multilingual-v3";
    let scene = Scene::start();
    for (model, texts) in [(MULTILINGUAL, 400), (TITAN, 513)] {
        assert_eq!(wrong(embed(&scene, model, &vec!["x"; texts]).await), ("texts".to_owned(), "length"));
    }
    let long = "x".repeat(2049);
    assert_eq!(wrong(embed(&scene, MULTILINGUAL, &["x", &long]).await), ("texts.1".to_owned(), "too_long"));
    assert!(scene.model.embedding_calls().is_empty() && scene.ledger().await.is_empty());
    assert_eq!(embed(&scene, MULTILINGUAL, &vec!["x"; 300]).await.unwrap().vectors.len(), 300);
}

#[tokio::test]
async fn a_provider_that_fails_is_tried_again() {
    let scene = Scene::start();
    scene.model.fail_embedding(ModelError::Unavailable("503".into()));
    let embedded = embed(&scene, TITAN, &["Paris"]).await.unwrap();
    assert_eq!((embedded.head.attempts, embedded.cost.nano_usd), (2, 5 * PRICE));
    for _ in 0..3 {
        scene.model.fail_embedding(ModelError::Unavailable("503".into()));
    }
    let error = embed(&scene, TITAN, &["Paris"]).await.err().unwrap();
    assert!(matches!(error, Error::ModelsUnavailable { .. }), "{error:?}");
    assert_eq!((scene.settled().await, scene.ledger().await.len()), (5 * PRICE, 2));
}

/// A provider that counts no tokens.
struct CountsNothing;

impl EmbeddingGateway for CountsNothing {
    fn embed<'a>(
        &'a self,
        call: &'a EmbeddingCall,
    ) -> BoxFuture<'a, Result<ports::Embeddings, EmbeddingFailure>> {
        let vectors = call.texts.iter().map(|_| vec![1.0]).collect();
        Box::pin(async move { Ok(ports::Embeddings { vectors, input_tokens: None }) })
    }
}

#[tokio::test]
async fn vectors_without_counts_are_charged_by_their_length_and_told_as_presumed() {
    let scene = Scene::start();
    let text = "x".repeat(400);
    let embedded = embed_with(&scene, Arc::new(CountsNothing), TITAN, &[&text]).await.unwrap();
    let cost = embedded.cost.nano_usd;
    // Between eight bytes a token and one, with the frame of a text.
    assert!((50 * PRICE..=416 * PRICE).contains(&cost), "{cost}");
    assert_eq!((scene.settled().await, scene.unmetered().await), (cost, vec![cost]));
}

#[tokio::test]
async fn texts_that_take_longer_than_a_request_may_are_the_callers_fault() {
    let scene = Scene::start();
    for _ in 0..3 {
        scene.model.fail_embedding(ModelError::TimedOut);
    }
    let long = "x".repeat(60_000);
    let error = embed(&scene, TITAN, &vec![long.as_str(); 40]).await.err().unwrap();
    assert!(matches!(error, Error::AnswerTooSlow), "{error:?}");
}
