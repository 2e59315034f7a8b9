//! Which answers are cached, for whom and how long, and what callers can say about it.

use super::scene::{NOVA, SONNET, Scene, cacheable, judged, limits};
use application_ai::{CompletionRequest, Completions, GatewayRequest, Registry, create_completion};
use application_core::Error;
use application_core::model_answer::CacheControl;
use domain::ai::{CacheUse, Feature, Limits};
use domain::authority::{Caller, CreateCompletions, Credential};
use domain::id::new_id;
use ports::{Message, Role, ToolSet};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

async fn hit(scene: &Scene, seconds: i64, ask: &GatewayRequest) -> CacheUse {
    scene.complete_in(&scene.context(seconds), ask).await.unwrap().head.cache
}

#[tokio::test]
async fn an_answer_is_kept_for_its_time() {
    let scene = Scene::start();
    scene.model.always("Paris");
    let ask = cacheable(NOVA);
    for (seconds, cache) in
        [(0, CacheUse::Miss), (1, CacheUse::Hit), (3590, CacheUse::Hit), (3605, CacheUse::Miss)]
    {
        assert_eq!(hit(&scene, seconds, &ask).await, cache, "{seconds}");
    }
}

#[tokio::test]
async fn a_caller_may_want_a_younger_answer() {
    let scene = Scene::start();
    scene.model.always("Paris");
    hit(&scene, 0, &cacheable(NOVA)).await;
    let mut ask = cacheable(NOVA);
    ask.cache.max_age = Some(Duration::from_secs(60));
    assert_eq!(hit(&scene, 59, &ask).await, CacheUse::Hit);
    // The new answer replaces the old one for all callers.
    assert_eq!(hit(&scene, 65, &ask).await, CacheUse::Miss);
    assert_eq!(hit(&scene, 66, &cacheable(NOVA)).await, CacheUse::Hit);
    assert_eq!(hit(&scene, 120, &ask).await, CacheUse::Hit);
    // The hour starts with the second answer.
    assert_eq!(hit(&scene, 3650, &cacheable(NOVA)).await, CacheUse::Hit);
    assert_eq!(scene.model.calls().len(), 2);
    scene.settled().await;
}

#[tokio::test]
async fn who_wants_none_that_is_older_shares_one_that_is_made_meanwhile() {
    let scene = Scene::start();
    scene.model.always("Paris");
    hit(&scene, -10, &cacheable(NOVA)).await;
    let mut ask = cacheable(NOVA);
    ask.cache.max_age = Some(Duration::ZERO);
    let context = scene.context(0);
    let asked = (0..8).map(|_| scene.complete_in(&context, &ask));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.unwrap().text, "Paris");
    }
    assert_eq!(scene.model.calls().len(), 2);
    scene.settled().await;
}

#[tokio::test]
async fn who_reads_nothing_stores_nothing_and_the_other_way_round() {
    let scene = Scene::start();
    scene.model.always("Paris");
    let policy = |read, store| {
        let mut ask = cacheable(NOVA);
        ask.cache.read = read;
        ask.cache.store = store;
        ask
    };
    assert_eq!(hit(&scene, 0, &policy(true, false)).await, CacheUse::Miss);
    assert_eq!(hit(&scene, 0, &policy(false, false)).await, CacheUse::Bypass);
    // Neither request stored its answer.
    assert_eq!(hit(&scene, 0, &policy(true, true)).await, CacheUse::Miss);
    assert_eq!(hit(&scene, 0, &policy(true, false)).await, CacheUse::Hit);
    assert_eq!(hit(&scene, 0, &policy(false, false)).await, CacheUse::Bypass);
    assert_eq!(hit(&scene, 0, &policy(false, true)).await, CacheUse::Bypass);
    assert_eq!(scene.model.calls().len(), 5);
}

#[tokio::test]
async fn another_tenant_question_or_feature_gets_another_answer() {
    let scene = Scene::start();
    scene.model.always("Paris");
    hit(&scene, 0, &cacheable(NOVA)).await;
    let mut other = cacheable(NOVA);
    other.feature = Feature::Content;
    assert_eq!(hit(&scene, 0, &other).await, CacheUse::Miss);
    assert_eq!(hit(&scene, 0, &cacheable(SONNET)).await, CacheUse::Miss);
    let foreign = Scene { tenant: new_id(crate::support::NOW, &[8; 10]), ..scene };
    assert_eq!(hit(&foreign, 0, &cacheable(NOVA)).await, CacheUse::Miss);
    // The check of an answer is not part of the cache key, because it follows from the feature.
    assert_eq!(hit(&foreign, 0, &judged(cacheable(NOVA))).await, CacheUse::Hit);
}

#[tokio::test]
async fn an_answer_of_a_model_that_was_forbidden_since_is_not_given() {
    let scene = Scene::start();
    scene.model.always("Paris");
    let ask = cacheable(&format!("{SONNET},{NOVA}"));
    assert_eq!(scene.complete(&ask).await.unwrap().head.model, SONNET);
    let allowed_models = Some(BTreeSet::from([NOVA.to_owned()]));
    scene.set_limits(Limits { allowed_models, ..limits(1_000_000_000_000) }).await;
    let answer = scene.complete(&ask).await.unwrap();
    assert_eq!(answer.head.model, NOVA);
    assert_eq!(answer.head.cache, CacheUse::Miss);
}

#[tokio::test]
async fn a_hit_needs_no_budget() {
    let scene = Scene::start();
    scene.model.answer("Paris");
    hit(&scene, 0, &cacheable(NOVA)).await;
    scene.set_limits(limits(0)).await;
    assert_eq!(hit(&scene, 0, &cacheable(NOVA)).await, CacheUse::Hit);
    let other = cacheable(SONNET);
    assert!(matches!(scene.complete(&other).await.unwrap_err(), Error::OverBudget(_)));
}

/// Sends the caller's own conversation twice. Returns how the cache was used the second time.
async fn asked_twice(temperature: Option<f32>, first: CacheControl, second: CacheControl) -> CacheUse {
    let scene = Scene::start();
    scene.model.always("Paris");
    let needs = Completions {
        gateway: Arc::clone(&scene.gateway),
        providers: super::scene::providers(&scene.model),
        registry: Registry::shipped().unwrap(),
        chain: super::scene::chain(NOVA),
    };
    let credential = Credential::Session {
        id: new_id(crate::support::NOW, &[4; 10]),
        role: domain::tenancy::Role::SalesRep,
        account_organization: scene.tenant,
        authenticated_at: crate::support::NOW,
    };
    let caller = Caller { tenant: scene.tenant, account: scene.account, credential };
    let authority = caller.authorize::<CreateCompletions>().unwrap();
    let request = |cache| CompletionRequest {
        model: None,
        system: String::new(),
        messages: vec![Message::text(Role::User, "What is the capital of France?")],
        tools: ToolSet::default(),
        allowed_tools: None,
        reasoning_effort: None,
        output_schema: None,
        max_tokens: Some(100),
        temperature,
        top_p: None,
        stop: Vec::new(),
        cache,
        user: None,
    };
    create_completion(&needs, &scene.context(0), &authority, request(first)).await.unwrap();
    let answer = create_completion(&needs, &scene.context(10), &authority, request(second)).await.unwrap();
    answer.head.cache
}

#[tokio::test]
async fn a_conversation_is_kept_when_it_has_no_chance_or_its_caller_says_so() {
    let usual = CacheControl::default();
    let aged = |seconds| CacheControl { max_age: Some(Duration::from_secs(seconds)), ..usual };
    let no_cache = CacheControl { no_cache: true, ..usual };
    let no_store = CacheControl { no_store: true, ..usual };
    let cases = [
        (Some(0.0), usual, usual, CacheUse::Hit),
        (Some(0.1), usual, usual, CacheUse::Bypass),
        (None, usual, usual, CacheUse::Bypass),
        (None, aged(60), aged(60), CacheUse::Hit),
        (None, aged(60), usual, CacheUse::Bypass),
        (Some(0.0), no_cache, usual, CacheUse::Miss),
        (Some(0.0), usual, no_cache, CacheUse::Bypass),
        (Some(0.0), no_store, usual, CacheUse::Miss),
        (Some(0.0), usual, no_store, CacheUse::Hit),
        (Some(0.0), usual, CacheControl { no_cache: true, ..aged(60) }, CacheUse::Bypass),
    ];
    for (temperature, first, second, expected) in cases {
        let found = asked_twice(temperature, first, second).await;
        assert_eq!(found, expected, "{temperature:?} {first:?} {second:?}");
    }
    assert_eq!(asked_twice(Some(0.0), usual, aged(5)).await, CacheUse::Miss);
}
