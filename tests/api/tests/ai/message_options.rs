//! Options of messages in Anthropic's format: reasoning and schemas.

use super::messages::with;
use super::{SONNET, Scene};
use ports::{Reasoning, ReasoningEffort};
use serde_json::{Value, json};

const SONNET_46: &str = "us.anthropic.claude-sonnet-4-6";

#[tokio::test]
async fn reasoning_is_told_in_the_model_s_way() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let effort = |effort| Some(Reasoning::Effort(effort));
    for (model, thinking, output, heard) in [
        (SONNET_46, json!({"type": "adaptive"}), json!(null), effort(ReasoningEffort::Medium)),
        (SONNET_46, json!({"type": "adaptive"}), json!({"effort": "low"}), effort(ReasoningEffort::Low)),
        (SONNET_46, json!({"type": "between_tools"}), json!(null), effort(ReasoningEffort::Medium)),
        (SONNET_46, json!(null), json!({"effort": "max"}), effort(ReasoningEffort::High)),
        (SONNET_46, json!({"type": "disabled"}), json!({"effort": "max"}), None),
        (SONNET_46, json!(null), json!(null), None),
        (
            SONNET,
            json!({"type": "enabled", "budget_tokens": 1024}),
            json!(null),
            Some(Reasoning::Tokens(1024)),
        ),
        (
            SONNET,
            json!({"type": "enabled", "budget_tokens": 8000}),
            json!(null),
            Some(Reasoning::Tokens(4096)),
        ),
    ] {
        let mut body = with("thinking", thinking);
        (body["model"], body["output_config"], body["max_tokens"]) = (json!(model), output, json!(20_000));
        assert_eq!(scene.heard(&body).await.reasoning, heard, "{body}");
    }
    for (thinking, named) in [
        (json!({"type": "enabled"}), "thinking.budget_tokens: must be given"),
        (
            json!({"type": "enabled", "budget_tokens": 100}),
            "thinking.budget_tokens: must be at least 1024 and less than max_tokens",
        ),
        (
            json!({"type": "sometimes"}),
            "thinking.type: must be one of disabled, enabled, adaptive, between_tools",
        ),
    ] {
        assert_eq!(scene.refusal(&with("thinking", thinking)).await, named);
    }
}

#[tokio::test]
async fn a_schema_is_taken_at_its_new_and_at_its_old_place() {
    let scene = Scene::start().await;
    scene.world.model().script.always(r#"{"country": "France"}"#);
    let schema =
        json!({"type": "object", "properties": {"country": {"type": "string"}}, "required": ["country"]});
    let format = |schema: &Value| json!({"type": "json_schema", "schema": schema});
    for body in
        [with("output_config", json!({"format": format(&schema)})), with("output_format", format(&schema))]
    {
        assert_eq!(scene.heard(&body).await.output_schema.as_ref(), Some(&schema));
    }
    for (body, named) in [
        (with("output_config", json!({"format": format(&json!(false))})), "output_config.format.schema: "),
        (with("output_format", format(&json!(false))), "output_format.schema: "),
        (
            with("output_config", json!({"format": {"type": "json_schema"}})),
            "output_config.format.schema: must be given",
        ),
        (with("output_config", json!({"effort": "huge"})), "output_config.effort: must be one of low, "),
        (
            with("output_config", json!({"task_budget": {}})),
            "output_config.task_budget: is not a field of this body",
        ),
    ] {
        let refusal = scene.refusal(&body).await;
        assert!(refusal.starts_with(named), "{refusal}");
    }
}
