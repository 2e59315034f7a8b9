//! Credentials in `x-api-key`, where Anthropic's clients send them: the routes that take them there, and the cost of wrong
//! ones.

use api_tests::{ApiKey, World};
use authorize_request::AuthorizeRequest;
use ports::KeyUses;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::Fault;

const MODELS: &str = "/v1/models";
const REFUSED: &str = "Deny";

struct Scene {
    world: World,
    key: ApiKey,
    authorizer: AuthorizeRequest,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start();
        let admin = world.admin().await;
        let key = world.api_key(&admin, &["model:read"]).await;
        let authorizer = world.authorizer(Arc::new(world.environment().key_uses()) as Arc<dyn KeyUses>);
        Self { world, key, authorizer }
    }

    async fn ask(&self, route: &str, headers: &[(&str, &str)]) -> Result<Value, String> {
        self.world.ask_authorizer(&self.authorizer, Some(route), headers).await
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.key.text)
    }
}

#[tokio::test]
async fn a_key_in_its_own_header_is_the_same_caller() {
    let scene = Scene::start().await;
    let by_authorization = scene.world.authorize(&scene.key.text).await.unwrap();
    for route in [MODELS, "/v1/models/{id}"] {
        let by_header = scene.ask(route, &[("x-api-key", &scene.key.text)]).await.unwrap();
        assert_eq!(by_header, by_authorization, "{route}");
        let both = [("Authorization", scene.bearer()), ("X-Api-Key", scene.key.text.clone())];
        let both = both.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(scene.ask(route, &both).await.unwrap(), by_authorization, "{route}");
        let called = scene.world.call("listOpenaiModels").let_in(&by_header).send().await;
        called.expect(200);
    }
}

#[tokio::test]
async fn a_session_may_call_the_same_routes() {
    let scene = Scene::start().await;
    let world = &scene.world;
    let account = json!({
        "email": "ada@northwind.example", "password": "correct horse battery staple", "name": "Ada Byron",
        "organization_name": "Northwind",
    });
    world.call("registerAccount").json(&account).send().await.expect(201);
    let credentials = json!({"email": account["email"], "password": account["password"]});
    let tokens = world.call("login").json(&credentials).send().await.expect(200).json();
    let token = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let policy = scene.ask(MODELS, &[("Authorization", &token)]).await.unwrap();
    assert_eq!(policy["context"]["role"], "admin");
    world.call("getOpenaiModel").let_in(&policy).send().await.expect(200);
    let both = [("Authorization", token.as_str()), ("x-api-key", scene.key.text.as_str())];
    assert_eq!(scene.ask(MODELS, &both).await.unwrap_err(), REFUSED);
}

/// The gateway keeps the answers of these routes by `Authorization`.
#[tokio::test]
async fn other_routes_do_not_read_the_header() {
    let scene = Scene::start().await;
    for route in ["/v1/leads", "/v1/leads/{id}", "/v1/ai/models", "/v1/api-keys"] {
        let alone = scene.ask(route, &[("x-api-key", &scene.key.text)]).await;
        assert_eq!(alone.unwrap_err(), REFUSED, "{route}");
        let with_another = [("Authorization", scene.bearer()), ("x-api-key", "another".to_owned())];
        let with_another = with_another.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert!(scene.ask(route, &with_another).await.is_ok(), "{route}");
    }
}

/// The gateway keeps a refusal for a minute, and asks for each request on routes that take two headers.
#[tokio::test]
async fn a_wrong_key_is_looked_up_once_a_minute() {
    let scene = Scene::start().await;
    let (rest, secret) = scene.key.text.rsplit_once('_').unwrap();
    let wrong = format!("{rest}_{}", secret.chars().rev().collect::<String>());
    let authorization = format!("Bearer {wrong}");
    let wire = scene.world.environment().wire();
    wire.take_calls();
    for headers in [[("x-api-key", wrong.as_str())], [("Authorization", authorization.as_str())]] {
        for _ in 0..5 {
            assert_eq!(scene.ask(MODELS, &headers).await.unwrap_err(), REFUSED);
        }
    }
    assert_eq!(wire.take_calls().len(), 1);
    // The right key is not mixed up with it.
    scene.ask(MODELS, &[("x-api-key", &scene.key.text)]).await.unwrap();

    scene.world.pass(60);
    wire.take_calls();
    assert_eq!(scene.ask(MODELS, &[("x-api-key", &wrong)]).await.unwrap_err(), REFUSED);
    assert_eq!(wire.take_calls().len(), 1);
    // Without any credential nothing is looked up.
    assert_eq!(scene.ask(MODELS, &[]).await.unwrap_err(), REFUSED);
    assert!(wire.take_calls().is_empty());
}

/// A failure of the database says nothing about a key.
#[tokio::test]
async fn a_key_that_could_not_be_looked_up_is_not_refused_afterwards() {
    let scene = Scene::start().await;
    let headers = [("x-api-key", scene.key.text.as_str())];
    for _ in 0..20 {
        let failure = Fault::Answer(500, json!({"__type": "InternalServerError"}));
        scene.world.environment().wire().fail_next("GetItem", failure);
    }
    assert_eq!(scene.ask(MODELS, &headers).await.unwrap_err(), "Unavailable");
    // The client of the database may have used up fewer failures than there were.
    let mut asked = 0;
    while scene.ask(MODELS, &headers).await.is_err_and(|error| error == "Unavailable") {
        asked += 1;
        assert!(asked < 20);
    }
    scene.ask(MODELS, &headers).await.unwrap();
}

#[tokio::test]
async fn a_revoked_key_ends_at_once() {
    let scene = Scene::start().await;
    let admin = scene.world.admin().await;
    let key = scene.world.api_key(&admin, &["model:read"]).await;
    scene.ask(MODELS, &[("x-api-key", &key.text)]).await.unwrap();
    scene.world.call("revokeApiKey").by(&admin).path("id", &key.id).send().await.expect(204);
    assert_eq!(scene.ask(MODELS, &[("x-api-key", &key.text)]).await.unwrap_err(), REFUSED);
}
