//! The models that a caller may ask, in OpenAI's format, and the rate limit in OpenAI's headers.

use api_tests::{Answer, Person, World};
use application_core::limits::{AI_CALLS, READS};
use ports::{Limiter, RateLimit};
use serde_json::json;

const NOVA: &str = "us.amazon.nova-pro-v1:0";

async fn get(world: &World, by: &Person, id: &str) -> Answer {
    world.call("getOpenaiModel").by(by).path("id", id).send().await
}

/// Lets the organization ask this model alone.
async fn allow_alone(world: &World, admin: &Person, model: &str) {
    let body = json!({
        "tenant_month_usd": "1000", "tenant_day_usd": "100", "user_day_usd": "20", "feature_month_usd": {},
        "expected_month_usd": "100", "allowed_models": [model],
    });
    world.call("updateBudget").by(admin).if_match(0).json(&body).send().await.expect(200);
}

#[tokio::test]
async fn each_listed_model_is_read_by_its_id() {
    let world = World::start();
    let admin = world.admin().await;
    let listed = world.call("listOpenaiModels").by(&admin).send().await.expect(200).json();
    let models = listed["data"].as_array().unwrap();
    // What Anthropic's clients read.
    assert_eq!((&listed["has_more"], &listed["first_id"]), (&json!(false), &models[0]["id"]));
    assert_eq!(listed["last_id"], models[models.len() - 1]["id"]);
    for model in models {
        assert_eq!((&model["type"], &model["display_name"]), (&json!("model"), &model["id"]));
        let id = model["id"].as_str().unwrap();
        assert_eq!(get(&world, &admin, id).await.expect(200).json(), *model, "{id}");
        // Clients encode the colon, and the gateway passes it on as it was sent.
        let encoded = id.replace(':', "%3A").replace('.', "%2e");
        assert_eq!(get(&world, &admin, &encoded).await.expect(200).json(), *model, "{encoded}");
    }
}

#[tokio::test]
async fn a_model_that_the_organization_may_not_ask_is_answered_as_an_unknown_one() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let other = "amazon.nova-lite-v1:0";
    get(&world, &admin, other).await.expect(200);
    allow_alone(&world, &admin, NOVA).await;
    get(&world, &admin, NOVA).await.expect(200);
    get(&world, &stranger, other).await.expect(200);
    let refused = get(&world, &admin, other).await.problem(404, "model_not_found");
    let unknown = get(&world, &admin, "gpt-0").await.problem(404, "model_not_found");
    assert_eq!(refused.body, unknown.body);
    assert_eq!(
        unknown.json(),
        json!({"error": {
            "message": "Model not found", "type": "invalid_request_error", "param": null, "code": "model_not_found",
        }})
    );
    for wrong in ["", "%ff", "%", "us.amazon.nova-pro-v1", "US.AMAZON.NOVA-PRO-V1:0"] {
        get(&world, &admin, wrong).await.problem(404, "model_not_found");
    }
}

fn limit_headers(answer: &Answer) -> [Option<&str>; 3] {
    ["Limit", "Remaining", "Reset"].map(|what| answer.header(&format!("x-ratelimit-{what}-requests")))
}

async fn use_up(world: &World, limit: RateLimit, who: &Person) {
    let limiter = world.environment().limiter();
    for _ in 0..limit.burst {
        assert!(limiter.take(limit, &who.account.to_string(), world.now()).await.unwrap().allowed);
    }
}

#[tokio::test]
async fn routes_in_openais_format_tell_the_limit_in_openais_headers() {
    let world = World::start();
    let admin = world.admin().await;
    for operation in ["listOpenaiModels", "getOpenaiModel"] {
        world.pass(600);
        let answer = world.call(operation).by(&admin).send().await.expect(200);
        assert_eq!(limit_headers(&answer), [Some("100"), Some("99"), Some("1s")], "{operation}");
        let again = world.call(operation).by(&admin).header("If-None-Match", "*").send().await.expect(304);
        assert_eq!(limit_headers(&again)[1], Some("98"), "{operation}");
    }
    // The same limit without them.
    let answer = world.call("listModels").by(&admin).send().await.expect(200);
    assert!(answer.header("RateLimit").is_some());
    assert_eq!(limit_headers(&answer), [None; 3]);

    world.pass(600);
    use_up(&world, READS, &admin).await;
    use_up(&world, AI_CALLS, &admin).await;
    for (operation, limit) in [
        ("listOpenaiModels", "100"),
        ("getOpenaiModel", "100"),
        ("createChatCompletion", "60"),
        ("createOpenaiEmbedding", "60"),
    ] {
        let answer = world.call(operation).by(&admin).send().await.problem(429, "rate_limited");
        assert_eq!(limit_headers(&answer), [Some(limit), Some("0"), Some("1m0s")], "{operation}");
        assert!(answer.header("RateLimit").is_some() && answer.header("Retry-After").is_some());
    }
    let refused = world.call("listModels").by(&admin).send().await.problem(429, "rate_limited");
    assert_eq!(limit_headers(&refused), [None; 3]);
}
