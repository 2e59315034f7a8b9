//! The settings of one tenant: chains, prices, and masking of personal data. They need no additional call to the
//! database.

use super::scene::{
    HAIKU, NOVA, NOVA_COST, SONNET, SONNET_COST, Scene, ask, cacheable, judged, limits, rest, until,
};
use crate::support::NOW;
use application_ai::gateway::{EmbedTexts, StreamEvent, answer, embed};
use application_ai::{Chain, GatewayRequest, Providers, Registry};
use application_core::Error;
use domain::ai::{Feature, Limits, TokenPrices};
use ports::{CallObservation, EmbeddingGateway, InputType, Message, ModelError, ModelName, Role};
use std::sync::Arc;

const MISS: [&str; 5] =
    ["BatchGetItem", "TransactWriteItems", "TransactWriteItems", "UpdateItem", "UpdateItem"];
const TITAN: &str = "amazon.titan-embed-text-v2:0";

/// A tenant whose conversations use these models.
async fn choosing(steps: &[&str]) -> Scene {
    let scene = Scene::start();
    scene.set_limits(with_chain(steps)).await;
    scene.model.always("Paris");
    scene
}

fn with_chain(steps: &[&str]) -> Limits {
    let steps = steps.iter().map(|step| (*step).to_owned()).collect();
    Limits { chains: [(Feature::Completion, steps)].into(), ..limits(1_000_000_000_000) }
}

#[tokio::test]
async fn a_tenants_chain_goes_before_the_environments_at_no_further_call() {
    let scene = choosing(&[HAIKU, NOVA]).await;
    scene.model.fail(ModelError::NoSuchModel);
    let answer = scene.complete(&ask(SONNET)).await.unwrap();
    assert_eq!(scene.model.asked(), [HAIKU, NOVA]);
    assert_eq!(answer.head.model, NOVA);
    assert_eq!(scene.calls(), MISS);
    // Another feature of the tenant, and a model named by the caller, are not affected.
    let other = GatewayRequest { feature: Feature::Content, ..ask(SONNET) };
    assert_eq!(scene.complete(&other).await.unwrap().head.model, SONNET);
    let named =
        GatewayRequest { chain: Chain::of(Registry::shipped().unwrap().model(SONNET).unwrap()), ..ask(NOVA) };
    assert_eq!(scene.complete(&named).await.unwrap().head.model, SONNET);
    scene.settled().await;
}

#[tokio::test]
async fn the_breakers_of_a_tenants_chain_are_heeded() {
    let scene = choosing(&[HAIKU, NOVA]).await;
    let haiku = ModelName { provider: "bedrock".to_owned(), model: HAIKU.to_owned() };
    let seen = CallObservation { calls: 30, failures: 30, retry_after: None };
    scene.state.observe(&haiku, seen, NOW).await.unwrap();
    assert_eq!(scene.complete(&ask(SONNET)).await.unwrap().head.model, NOVA);
    assert_eq!(scene.model.asked(), [NOVA]);
}

#[tokio::test]
async fn models_that_left_the_registry_are_passed_over() {
    for (steps, right) in [
        (&["gone", HAIKU, TITAN] as &[&str], HAIKU),
        (&["gone:900|amazon.nova-pro-v1:0:1"], NOVA),
        // No model of the tenant's chain exists any more. The environment's chain is used, not the rules at the end of
        // the tenant's.
        (&["gone"], SONNET),
        (&["gone", "rules"], SONNET),
    ] {
        let scene = choosing(steps).await;
        assert_eq!(scene.complete(&ask(SONNET)).await.unwrap().head.model, right, "{steps:?}");
    }
}

#[tokio::test]
async fn a_chain_of_rules_alone_asks_no_model_and_says_so() {
    let scene = choosing(&["rules"]).await;
    let providers = super::scene::providers(&scene.model);
    let (context, asker) = (scene.context(0), scene.asker());
    let unanswered = answer(&scene.gateway, &providers, &context, &asker, &ask(SONNET)).await.unwrap_err();
    assert!(matches!(unanswered.error, Error::NoModel));
    assert!(unanswered.terms.unwrap().rules);
    assert!(scene.model.calls().is_empty());
}

#[tokio::test]
async fn an_answer_of_another_chain_is_not_given_again() {
    let scene = choosing(&[HAIKU, NOVA]).await;
    scene.complete(&cacheable(SONNET)).await.unwrap();
    scene.calls();
    assert_eq!(scene.complete(&cacheable(SONNET)).await.unwrap().head.cache.as_str(), "hit");
    assert_eq!(scene.calls(), ["BatchGetItem", "PutItem", "UpdateItem", "UpdateItem"]);
    scene.set_limits(with_chain(&[NOVA, HAIKU])).await;
    let again = scene.complete(&cacheable(SONNET)).await.unwrap();
    assert_eq!((again.head.model.as_str(), again.head.cache.as_str()), (NOVA, "miss"));
    scene.set_limits(limits(1_000_000_000_000)).await;
    assert_eq!(scene.complete(&cacheable(SONNET)).await.unwrap().head.model, SONNET);
}

const CHEAP: TokenPrices = TokenPrices { input: 80, output: 320, cache_read: 20, cache_write: 80 };

#[tokio::test]
async fn a_tenants_prices_bound_and_charge_and_are_named() {
    let scene = Scene::start();
    scene.model.always("Paris");
    let usual = scene.complete(&ask(NOVA)).await.unwrap();
    assert_eq!((usual.cost.nano_usd, usual.price_version.as_str()), (NOVA_COST, "test-prices"));
    scene.set_prices(&[(NOVA, CHEAP)]).await;
    let own = scene.complete(&ask(NOVA)).await.unwrap();
    assert_eq!((own.cost.nano_usd, own.price_version.as_str()), (NOVA_COST / 10, "test-prices+tenant.1"));
    assert_eq!(scene.calls(), MISS);
    // Models without a tenant's price cost the price of the registry.
    assert_eq!(scene.complete(&ask(SONNET)).await.unwrap().cost.nano_usd, SONNET_COST);
    scene.set_prices(&[]).await;
    let ended = scene.complete(&ask(NOVA)).await.unwrap();
    assert_eq!((ended.cost.nano_usd, ended.price_version.as_str()), (NOVA_COST, "test-prices"));
    assert_eq!(scene.settled().await, 2 * NOVA_COST + NOVA_COST / 10 + SONNET_COST);
    let versions = price_versions(&scene).await;
    assert_eq!(versions.iter().filter(|it| *it == "test-prices").count(), 2);
    assert_eq!(versions.iter().filter(|it| *it == "test-prices+tenant.1").count(), 2);
}

#[tokio::test]
async fn a_price_that_changes_while_a_model_is_asked_changes_nothing() {
    let scene = Scene::start();
    scene.set_prices(&[(NOVA, CHEAP)]).await;
    scene.model.always("Paris");
    scene.model.hold();
    let making = scene.begin(ask(NOVA));
    until(|| !scene.model.calls().is_empty()).await;
    let bound = scene.spent().await.committed;
    let (input, output) = (most_bytes(), 1000);
    assert_eq!(bound, input * CHEAP.input + output * CHEAP.output);
    scene.set_prices(&[(NOVA, TokenPrices { input: 1_000_000, output: 1_000_000, ..CHEAP })]).await;
    scene.model.let_go(100);
    let answer = making.await.unwrap().unwrap();
    assert_eq!(
        (answer.cost.nano_usd, answer.price_version.as_str()),
        (NOVA_COST / 10, "test-prices+tenant.1")
    );
    assert_eq!(scene.settled().await, NOVA_COST / 10);
    assert_eq!(price_versions(&scene).await, ["test-prices+tenant.1"]);
}

/// The most tokens of the request of [`ask`].
fn most_bytes() -> u64 {
    let ask = ask(NOVA);
    ask.conversation.system.len() as u64 + 16 + ask.conversation.messages[0].joined_text().len() as u64 + 16
}

async fn price_versions(scene: &Scene) -> Vec<String> {
    let items = scene.environment.items(&scene.environment.tables().ledger).await;
    let metered = items.iter().filter(|item| item["event_type"].as_s().unwrap() == "ai_request_metered");
    metered.map(|item| item["data"].as_m().unwrap()["price_version"].as_s().unwrap().clone()).collect()
}

const PERSONAL: [&str; 4] =
    ["ada@x.example", "+49 171 1234567", "4111 1111 1111 1111", "DE89370400440532013000"];

fn personal(models: &str) -> GatewayRequest {
    let mut ask = cacheable(models);
    ask.conversation.system = "Write to ada@x.example.".to_owned();
    ask.conversation.messages = vec![
        Message::text(Role::User, format!("{} or {}?", PERSONAL[0], PERSONAL[1])),
        Message::text(Role::Assistant, format!("Perhaps {}.", PERSONAL[2])),
        Message::text(Role::User, format!("Or {}, says ada@x.example", PERSONAL[3])),
    ];
    ask.conversation.stop = vec![PERSONAL[1].to_owned()];
    ask.conversation.output_schema = Some(serde_json::json!({ "enum": [PERSONAL[0]] }));
    ask
}

fn masking() -> Limits {
    Limits { mask_personal_data: true, ..limits(1_000_000_000_000) }
}

/// All text that a provider received.
fn told(scene: &Scene) -> String {
    let calls = scene.model.calls();
    let texts = calls.iter().map(|call| {
        let messages: Vec<String> = call.messages.iter().map(Message::joined_text).collect();
        format!("{} {} {:?} {:?}", call.system, messages.join(" "), call.stop, call.output_schema)
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn nothing_personal_reaches_a_provider_and_answers_have_it() {
    let scene = Scene::start();
    scene.set_limits(masking()).await;
    scene.model.answer("Ask [email_1] or [phone_1], not [email_2].");
    let answer = scene.complete(&personal(NOVA)).await.unwrap();
    assert_eq!(answer.text, "Ask ada@x.example or +49 171 1234567, not [email_2].");
    assert_eq!(scene.calls(), MISS);
    let told = told(&scene);
    for value in PERSONAL {
        assert!(!told.contains(value), "{value} in {told}");
    }
    for placeholder in ["[email_1]", "[phone_1]", "[card_1]", "[iban_1]"] {
        assert!(told.contains(placeholder), "{placeholder} in {told}");
    }
    // A cached answer is repeated unchanged, but not to a tenant that changed the setting.
    let again = scene.complete(&personal(NOVA)).await.unwrap();
    assert_eq!((again.text, again.head.cache.as_str()), (answer.text, "hit"));
    scene.model.always("other");
    scene.set_limits(limits(1_000_000_000_000)).await;
    assert_eq!(scene.complete(&personal(NOVA)).await.unwrap().text, "other");
    assert!(self::told(&scene).contains(PERSONAL[0]));
}

#[tokio::test]
async fn an_answer_that_was_made_of_everything_is_not_given_to_whoever_masks() {
    let scene = Scene::start();
    scene.model.always("open");
    scene.complete(&personal(NOVA)).await.unwrap();
    scene.set_limits(masking()).await;
    scene.model.always("masked");
    assert_eq!(scene.complete(&personal(NOVA)).await.unwrap().text, "masked");
}

#[tokio::test]
async fn a_check_judges_answers_with_the_values_in_them_and_a_repair_tells_none() {
    let scene = Scene::start();
    scene.set_limits(masking()).await;
    scene.model.answer("no, [email_1]");
    scene.model.answer("good");
    let answer = scene.complete(&judged(personal(NOVA))).await.unwrap();
    assert_eq!(answer.text, "good");
    assert_eq!(scene.model.calls().len(), 2);
    assert!(told(&scene).contains("no, [email_1]") && !told(&scene).contains("ada@"));
    let mut quoting = personal(NOVA);
    quoting.cache.read = false;
    quoting.check = Some(Arc::new(|text| if text == "ada@x.example" { Ok(()) } else { Err(Vec::new()) }));
    scene.model.answer("[email_1]");
    assert_eq!(scene.complete(&quoting).await.unwrap().text, "ada@x.example");
}

#[tokio::test]
async fn a_streamed_answer_has_the_values_too() {
    let scene = Scene::start();
    scene.set_limits(masking()).await;
    scene.model.answer("Ask [email_1] or [phone_1]");
    let events = rest(scene.stream(&personal(NOVA)).await.unwrap()).await;
    let text: String = events
        .iter()
        .filter_map(|event| match event {
            StreamEvent::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(text, "Ask ada@x.example or +49 171 1234567");
    assert!(matches!(events.last(), Some(StreamEvent::End { .. })));
    assert!(!told(&scene).contains("ada@x"));
    let kept = scene.complete(&personal(NOVA)).await.unwrap();
    assert_eq!((kept.text, kept.head.cache.as_str()), (text, "hit"));
}

#[tokio::test]
async fn what_is_set_aside_covers_placeholders_that_are_longer_than_what_they_stand_for() {
    let scene = Scene::start();
    scene.set_limits(masking()).await;
    scene.model.always("Paris");
    scene.model.hold();
    let mut asked = ask(NOVA);
    asked.conversation.messages[0] = Message::text(Role::User, "a@b.co c@d.co");
    let making = scene.begin(asked);
    until(|| !scene.model.calls().is_empty()).await;
    let bytes = "Be brief.".len() + 16 + "[email_1] [email_2]".len() + 16;
    assert_eq!(scene.spent().await.committed, bytes as u64 * 800 + 1000 * 3200);
    scene.model.let_go(100);
    making.await.unwrap().unwrap();
}

#[tokio::test]
async fn texts_that_become_vectors_are_masked_too() {
    let scene = Scene::start();
    scene.set_limits(masking()).await;
    let registry = Registry::shipped().unwrap();
    let providers: Providers<dyn EmbeddingGateway> = Providers { bedrock: scene.model.clone(), openai: None };
    let texts = EmbedTexts {
        model: registry.model(TITAN).unwrap(),
        texts: vec!["ada@x.example".to_owned(), "of ada@x.example".to_owned()],
        dimensions: None,
        input_type: InputType::Document,
    };
    let embedded = embed(&scene.gateway, &providers, &scene.context(0), &scene.asker(), texts).await.unwrap();
    assert_eq!((embedded.vectors.len(), embedded.price_version.as_str()), (2, "test-prices"));
    let told: Vec<String> = scene.model.embedding_calls().into_iter().flat_map(|call| call.texts).collect();
    assert_eq!(told, ["[email_1]", "of [email_1]"]);
}
