//! The estimate of the tokens of a prompt in Anthropic's format.

use super::messages::{PNG, message};
use super::{NOVA, SONNET, Scene, TITAN};
use serde_json::{Value, json};

impl Scene {
    async fn tokens(&self, body: &Value) -> u64 {
        let answer = self.ask("countMessageTokens", body).await.expect(200).json();
        assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
        answer["input_tokens"].as_u64().unwrap()
    }

    async fn tokens_refusal(&self, body: &Value) -> String {
        let refused = self.ask("countMessageTokens", body).await.problem(400, "invalid_request").json();
        assert_eq!(refused["type"], "error");
        refused["error"]["message"].as_str().unwrap().to_owned()
    }
}

fn of(content: impl Into<Value>) -> Value {
    json!({"model": SONNET, "messages": [{"role": "user", "content": content.into()}]})
}

#[tokio::test]
async fn a_prompt_is_counted_without_a_model_and_without_a_cost() {
    let scene = Scene::start().await;
    // Three bytes a token, and 16 tokens each around the turn and around the instructions.
    assert_eq!(scene.tokens(&of("x".repeat(300))).await, 100 + 32);
    let mut body = of("x".repeat(300));
    body["system"] =
        json!([{"type": "text", "text": "y".repeat(30), "cache_control": {"type": "ephemeral"}}]);
    assert_eq!(scene.tokens(&body).await, 110 + 32);
    // A picture at the most that the model makes of one, with the words around a block.
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}});
    assert_eq!(scene.tokens(&of(json!([image]))).await, 1 + 32 + 1_600 + 32);
    let tool = json!({"type": "web_search_20250305", "name": "web_search"});
    body["tools"] = json!([tool]);
    let bytes = tool.to_string().len() as u64;
    assert_eq!(scene.tokens(&body).await, (330 + bytes).div_ceil(3) + 32 + 32 + 600);
    // A whole request for a message is taken as it is.
    let mut whole = message("x");
    whole["stream"] = json!(true);
    whole["thinking"] = json!({"type": "adaptive"});
    whole["tool_choice"] = json!({"type": "auto"});
    whole["context_management"] = json!({"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]});
    whole["metadata"] = json!({"user_id": "u"});
    whole["thread"] = json!({"type": "create"});
    assert_eq!(scene.tokens(&whole).await, 1 + 32);
    whole["model"] = json!("auto");
    assert_eq!(scene.tokens(&whole).await, 1 + 32);
    assert_eq!(scene.asked(), 0);
    assert!(scene.world.events("ai_request_metered").await.is_empty());
}

#[tokio::test]
async fn what_can_t_be_counted_is_refused_in_anthropic_s_format() {
    let scene = Scene::start().await;
    let mut body = of("x");
    body["colour"] = json!("red");
    assert_eq!(scene.tokens_refusal(&body).await, "colour: is not a field of this body");
    let empty = json!({"model": NOVA, "messages": []});
    assert_eq!(scene.tokens_refusal(&empty).await, "messages: must not be empty");
    assert_eq!(scene.tokens_refusal(&json!({})).await, "model: must be given; messages: must be given");
    // A model that makes vectors, and one that does not exist.
    for model in [TITAN, "claude-none"] {
        let mut body = of("x");
        body["model"] = json!(model);
        let answer = scene.ask("countMessageTokens", &body).await.problem(404, "model_not_found");
        assert_eq!(answer.json()["error"]["type"], "not_found_error");
    }
}

#[tokio::test]
async fn a_model_that_the_organization_may_not_ask_is_not_counted_for() {
    let scene = Scene::start().await;
    let limits = json!({
        "tenant_month_usd": "250", "tenant_day_usd": "25", "user_day_usd": "25", "feature_month_usd": {},
        "expected_month_usd": "0", "allowed_models": [NOVA],
    });
    let update = scene.world.call("updateBudget").by(&scene.person).if_match(0).json(&limits);
    update.send().await.expect(200);
    scene.ask("countMessageTokens", &of("x")).await.problem(404, "model_not_found");
    let mut body = of("x");
    body["model"] = json!(NOVA);
    assert_eq!(scene.tokens(&body).await, 1 + 32);
}

#[tokio::test]
async fn counting_counts_as_a_read() {
    let scene = Scene::start().await;
    let answer = scene.ask("countMessageTokens", &of("x")).await.expect(200);
    let policy = answer.header("ratelimit-policy").unwrap();
    assert!(policy.contains("reads"), "{policy}");
}
