//! Scoring by the first model of the chain that gives a usable answer, or by the rules if the chain ends with them; the
//! cost is exact to the nano-dollar.

mod answers;
mod chain;
mod prompts;

use api_tests::{Answer, MODELS, Person, World, lead_body, thin_body};
use ports::{ModelAnswer, ModelCall, ModelError, StopReason, Usage};
use serde_json::{Value, json};

const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "us.amazon.nova-pro-v1:0";

struct Scene {
    world: World,
    person: Person,
    lead: Value,
}

impl Scene {
    async fn start(chain: &str, body: &Value) -> Self {
        let world = World::with_chain(chain);
        let person = world.admin().await;
        let lead = world.lead(&person, body).await;
        Self { world, person, lead }
    }

    fn id(&self) -> &str {
        self.lead["id"].as_str().unwrap()
    }

    async fn score(&self) -> Answer {
        self.world.call("scoreLead").by(&self.person).path("id", self.id()).send().await
    }

    fn answer(&self, text: impl Into<String>) {
        self.world.model().script.answer(text);
    }

    fn fail(&self, error: ModelError) {
        self.world.model().script.fail(error);
    }

    fn calls(&self) -> Vec<ModelCall> {
        self.world.model().script.calls()
    }

    fn models(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.model).collect()
    }
}

fn judgement() -> Value {
    json!({
        "abstain": false, "budget": 80, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
        "factors": [
            {"dimension": "budget", "impact": 30, "field": "notes", "quote": "the budget is approved",
                "reason": "Money is there"},
            {"dimension": "authority", "impact": -5, "field": "status", "quote": "qualified", "reason": "Not yet sure"},
        ],
    })
}

fn with(mut judgement: Value, pointer: &str, value: Value) -> Value {
    *judgement.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    judgement
}

/// Answers that must not be used, for different reasons.
fn useless() -> Vec<(&'static str, String)> {
    let changed = |pointer: &str, value: Value| with(judgement(), pointer, value).to_string();
    let mut extra = judgement();
    extra["admin"] = json!(true);
    let mut short = judgement();
    short.as_object_mut().unwrap().remove("need");
    vec![
        ("no JSON", "I would say it is a good lead.".to_owned()),
        ("a cut object", judgement().to_string()[..80].to_owned()),
        ("words around", format!("Sure! {}", judgement())),
        ("an array", "[]".to_owned()),
        ("too much", changed("/budget", json!(101))),
        ("too little", changed("/need", json!(-1))),
        ("no whole number", changed("/timeline", json!(50.5))),
        ("a number as text", changed("/authority", json!("60"))),
        ("null", changed("/budget", Value::Null)),
        ("a field left out", short.to_string()),
        ("an unknown field", extra.to_string()),
        ("an unknown dimension", changed("/factors/0/dimension", json!("luck"))),
        ("a field that holds a name", changed("/factors/0/field", json!("contact_name"))),
        ("an impact out of range", changed("/factors/0/impact", json!(101))),
        ("an empty quote", changed("/factors/0/quote", json!(""))),
        ("a blank quote", changed("/factors/0/quote", json!("  "))),
        ("a quote of punctuation", changed("/factors/0/quote", json!("."))),
        ("a part of a word", changed("/factors/0/quote", json!("udge"))),
        ("an invented quote", changed("/factors/0/quote", json!("they will pay a million"))),
        ("a quote of another field", changed("/factors/0/field", json!("industry"))),
        ("no reasons at all", changed("/factors", json!([]))),
    ]
}

#[tokio::test]
async fn a_models_judgement_is_used_with_its_cost() {
    let scene = Scene::start(MODELS, &lead_body()).await;
    scene.answer(judgement().to_string());
    scene.world.pass(60);
    let answer = scene.score().await.expect(200);
    assert_eq!(answer.header("ETag"), Some("\"2\""));
    assert_eq!(answer.header("RateLimit-Policy"), Some("\"lead_scores\";q=10;w=60"));
    assert_eq!(
        answer.json(),
        json!({
            "lead_id": scene.id(), "score": 67,
            "score_breakdown": {"budget": 80, "authority": 60, "need": 70, "timeline": 50},
            "factors": [
                {"dimension": "budget", "impact": 30, "reason": "Money is there",
                    "evidence": {"field": "notes", "quote": "the budget is approved"}},
                {"dimension": "authority", "impact": -5, "reason": "Not yet sure",
                    "evidence": {"field": "status", "quote": "qualified"}},
            ],
            "confidence": 0.82, "abstained": false, "abstain_reason": null, "engine": "model", "model": SONNET,
            "price_version": "2026-12-01", "cost_usd": "0.006600000", "scored_at": "2026-11-02T09:01:00.000Z",
            "version": 2,
        })
    );
    let lead = scene.world.get_lead(&scene.person, scene.id()).await.json();
    assert_eq!(
        (&lead["score"], &lead["version"], &lead["scored_at"]),
        (&json!(67), &json!(2), &json!("2026-11-02T09:01:00.000Z"))
    );
    assert_eq!((&lead["created_at"], &lead["updated_at"]), (&scene.lead["created_at"], &lead["scored_at"]));
    assert_eq!(lead["score_breakdown"], json!({"budget": 80, "authority": 60, "need": 70, "timeline": 50}));
    let call = &scene.calls()[0];
    assert_eq!((call.temperature, call.max_output_tokens), (Some(0.0), 1_500));
}

#[tokio::test]
async fn an_answer_in_a_fence_is_used() {
    let scene = Scene::start(MODELS, &lead_body()).await;
    scene.answer(format!("```json\n{}\n```", judgement()));
    assert_eq!(scene.score().await.expect(200).json()["engine"], "model");
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn a_lead_that_says_the_same_is_judged_once_a_day() {
    let scene = Scene::start(MODELS, &lead_body()).await;
    scene.answer(judgement().to_string());
    let first = scene.score().await.expect(200).json();
    scene.world.pass(24 * 60 * 60 - 60);
    let again = scene.score().await.expect(200).json();
    assert_eq!(scene.calls().len(), 1);
    assert_eq!((&first["cost_usd"], &again["cost_usd"]), (&json!("0.006600000"), &json!("0.000000000")));
    for same in ["score", "score_breakdown", "factors", "confidence", "engine", "model", "price_version"] {
        assert_eq!(first[same], again[same], "{same}");
    }
    assert_eq!(again["version"], 3);
    let cost = &scene.world.events("lead_scored").await[1]["data"]["M"]["cost"]["M"].clone();
    assert_eq!((&cost["nano_usd"]["N"], &cost["attempts"]["N"]), (&json!("0"), &json!("0")));

    // The cache does not answer another tenant with the same words, nor the same lead a day later or with other words.
    let stranger = scene.world.admin().await;
    let theirs = scene.world.lead(&stranger, &lead_body()).await;
    scene.answer(judgement().to_string());
    let call = scene.world.call("scoreLead").by(&stranger).path("id", theirs["id"].as_str().unwrap());
    assert_eq!(call.send().await.expect(200).json()["cost_usd"], "0.006600000");
    scene.world.pass(120);
    scene.answer(judgement().to_string());
    assert_eq!(scene.score().await.expect(200).json()["cost_usd"], "0.006600000");
    let mut body = lead_body();
    body["notes"] = json!("The CTO says the budget is approved.");
    let update =
        scene.world.call("updateLead").by(&scene.person).path("id", scene.id()).if_match(4).json(&body);
    update.send().await.expect(200);
    scene.answer(judgement().to_string());
    assert_eq!(scene.score().await.expect(200).json()["cost_usd"], "0.006600000");
    assert_eq!(scene.calls().len(), 4);
}

#[tokio::test]
async fn tokens_of_the_prompt_cache_have_prices_of_their_own() {
    let scene = Scene::start(MODELS, &lead_body()).await;
    let usage = Usage {
        input_tokens: 100,
        output_tokens: 10,
        cache_read_tokens: 1000,
        cache_write_tokens: 200,
        ..Usage::default()
    };
    let answer = ModelAnswer {
        reasoning: Vec::new(),
        tool_calls: Vec::new(),
        text: judgement().to_string(),
        stop: StopReason::EndTurn,
        usage: Some(usage),
    };
    scene.world.model().script.script(Ok(answer));
    let score = scene.score().await.expect(200).json();
    // 100 * 3300 + 10 * 16500 + 1000 * 330 + 200 * 4125 nano-dollars.
    assert_eq!(score["cost_usd"], "0.001650000");
}

#[tokio::test]
async fn thin_data_is_not_judged() {
    let scene = Scene::start("rules", &thin_body()).await;
    let score = scene.score().await.expect(200).json();
    assert_eq!(
        (&score["score"], &score["score_breakdown"], &score["abstained"], &score["abstain_reason"]),
        (&Value::Null, &Value::Null, &json!(true), &json!("insufficient_data"))
    );
    assert_eq!((&score["confidence"], &score["cost_usd"]), (&json!(0.0), &json!("0.000000000")));
    let lead = scene.world.get_lead(&scene.person, scene.id()).await.json();
    assert_eq!((&lead["score"], &lead["score_breakdown"]), (&Value::Null, &Value::Null));
    assert!(lead["scored_at"].is_string());
}

#[tokio::test]
async fn a_model_may_abstain_and_is_not_asked_again() {
    let scene = Scene::start(MODELS, &thin_body()).await;
    let mut thin = with(judgement(), "/factors", json!([]));
    for dimension in ["budget", "authority", "need", "timeline"] {
        thin[dimension] = json!(0);
    }
    thin["abstain"] = json!(true);
    scene.answer(thin.to_string());
    let score = scene.score().await.expect(200).json();
    assert_eq!(
        (&score["score"], &score["abstained"], &score["engine"]),
        (&Value::Null, &json!(true), &json!("model"))
    );
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn the_rules_quote_the_lead_word_for_word() {
    let scene = Scene::start("rules", &lead_body()).await;
    let score = scene.score().await.expect(200).json();
    assert_eq!(score["abstained"], false);
    let factors = score["factors"].as_array().unwrap();
    assert!(factors.len() >= 4, "{score}");
    for factor in factors {
        let field = factor["evidence"]["field"].as_str().unwrap();
        let quote = factor["evidence"]["quote"].as_str().unwrap();
        let text = match &scene.lead[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert!(text.contains(quote), "{quote:?} does not stand in {field}");
    }
}

#[tokio::test]
async fn scores_are_limited_to_ten_a_minute_for_each_person() {
    let scene = Scene::start("rules", &lead_body()).await;
    let colleague = scene.world.colleague(&scene.person, domain::tenancy::Role::Admin).await;
    for left in (0..10).rev() {
        let answer = scene.score().await.expect(200);
        let limit = answer.header("RateLimit").unwrap();
        assert!(limit.starts_with(&format!("\"lead_scores\";r={left};t=")), "{limit}");
    }
    let before = scene.world.snapshot().await;
    let refused = scene.score().await.problem(429, "rate_limited");
    assert_eq!(refused.number("Retry-After"), 6);
    assert_eq!(refused.header("RateLimit"), Some("\"lead_scores\";r=0;t=60"));
    assert_eq!(refused.header("RateLimit-Policy"), Some("\"lead_scores\";q=10;w=60"));
    scene.world.unchanged_since(&before).await;
    scene.world.call("scoreLead").by(&colleague).path("id", scene.id()).send().await.expect(200);
    scene.world.pass(5);
    scene.score().await.problem(429, "rate_limited");
    scene.world.pass(1);
    scene.score().await.expect(200);
    scene.score().await.problem(429, "rate_limited");
}

#[tokio::test]
async fn a_score_stays_until_the_next() {
    let scene = Scene::start(MODELS, &lead_body()).await;
    scene.answer(judgement().to_string());
    scene.score().await.expect(200);
    let call = scene.world.call("updateLead").by(&scene.person).path("id", scene.id()).if_match(2);
    let updated =
        call.json(&json!({"company_name": "Contoso", "status": "won"})).send().await.expect(200).json();
    assert_eq!(updated["score"], 67);
    scene.answer(
        with(
            judgement(),
            "/factors/0",
            json!({"dimension": "need", "impact": 1, "field": "company_name",
        "quote": "CONTOSO", "reason": "x"}),
        )
        .to_string()
        .replace("qualified", "won")
        .replace("80", "20"),
    );
    let scored = scene.score().await.expect(200).json();
    assert_eq!((&scored["score"], &scored["version"]), (&json!(49), &json!(4)));
}
