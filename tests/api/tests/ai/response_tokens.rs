//! The estimate of the tokens of a prompt in the format of OpenAI's Responses API.

use super::{NOVA, SONNET, Scene, TITAN};
use serde_json::{Value, json};

impl Scene {
    async fn response_tokens(&self, body: &Value) -> u64 {
        let answer = self.ask("countResponseTokens", body).await.expect(200).json();
        assert_eq!(
            (answer.as_object().unwrap().len(), &answer["object"]),
            (2, &json!("response.input_tokens"))
        );
        answer["input_tokens"].as_u64().unwrap()
    }

    async fn response_tokens_refusal(&self, body: &Value) -> String {
        let refused = self.ask("countResponseTokens", body).await.problem(400, "invalid_request").json();
        refused["error"]["message"].as_str().unwrap().to_owned()
    }
}

fn of(input: impl Into<Value>) -> Value {
    json!({"model": SONNET, "input": input.into()})
}

#[tokio::test]
async fn a_prompt_is_counted_without_a_model_and_without_a_cost() {
    let scene = Scene::start().await;
    // Three bytes a token, and 16 tokens each around the turn and around the instructions.
    let mut body = of("x".repeat(300));
    assert_eq!(scene.response_tokens(&body).await, 100 + 32);
    body["instructions"] = json!("y".repeat(30));
    assert_eq!(scene.response_tokens(&body).await, 110 + 32);
    // The same prompt has the same size in Anthropic's format.
    let message = json!({"model": SONNET, "system": "y".repeat(30),
        "messages": [{"role": "user", "content": "x".repeat(300)}]});
    let same = scene.ask("countMessageTokens", &message).await.expect(200).json();
    assert_eq!(same["input_tokens"], 110 + 32);
    // A picture at the most that the model makes of one, with the words around a block.
    let picture = json!({"type": "input_image", "image_url": "https://example.com/a.png"});
    let message = json!([{"role": "user", "content": [picture]}]);
    assert_eq!(scene.response_tokens(&of(message)).await, 1 + 32 + 1_600 + 32);
    let tool = json!({"type": "function", "name": "weather", "parameters": {"type": "object"}});
    body["tools"] = json!([tool]);
    let bytes = tool.to_string().len() as u64;
    assert_eq!(scene.response_tokens(&body).await, (330 + bytes).div_ceil(3) + 32 + 32 + 600);
    // A whole request for a response is taken as it is, and so is one that names no model.
    let whole = json!({
        "model": "auto", "input": "x", "stream": true, "store": false, "max_output_tokens": 100,
        "reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"], "tool_choice": "auto",
        "parallel_tool_calls": true, "truncation": "auto", "previous_response_id": null, "metadata": {"a": "b"},
    });
    assert_eq!(scene.response_tokens(&whole).await, 1 + 32);
    assert_eq!(scene.response_tokens(&json!({"input": "x"})).await, 1 + 32);
    assert_eq!(scene.asked(), 0);
    assert!(scene.world.events("ai_request_metered").await.is_empty());
}

#[tokio::test]
async fn what_can_t_be_counted_is_refused_in_openai_s_format() {
    let scene = Scene::start().await;
    let mut body = of("x");
    body["colour"] = json!("red");
    assert_eq!(scene.response_tokens_refusal(&body).await, "colour: is not a field of this body");
    assert_eq!(scene.response_tokens_refusal(&json!({})).await, "input: must be given");
    for member in ["previous_response_id", "conversation", "prompt"] {
        let mut body = of("x");
        body[member] = json!("resp_1");
        let way_out = "must be left out: nothing is stored; send the whole history as `input`";
        assert_eq!(scene.response_tokens_refusal(&body).await, format!("{member}: {way_out}"));
    }
    assert!(scene.response_tokens_refusal(&of(7)).await.starts_with("input: "));
    // A model that makes vectors, and one that does not exist.
    for model in [TITAN, "gpt-none"] {
        let mut body = of("x");
        body["model"] = json!(model);
        let answer = scene.ask("countResponseTokens", &body).await.problem(404, "model_not_found");
        assert_eq!(answer.json()["error"]["code"], "model_not_found");
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
    scene.ask("countResponseTokens", &of("x")).await.problem(404, "model_not_found");
    let mut body = of("x");
    body["model"] = json!(NOVA);
    assert_eq!(scene.response_tokens(&body).await, 1 + 32);
}

#[tokio::test]
async fn counting_counts_as_a_read() {
    let scene = Scene::start().await;
    let answer = scene.ask("countResponseTokens", &of("x")).await.expect(200);
    let policy = answer.header("ratelimit-policy").unwrap();
    assert!(policy.contains("reads"), "{policy}");
}
