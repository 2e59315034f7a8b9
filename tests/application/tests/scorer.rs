//! The engines of scores: models through the AI gateway, and rules where they may score instead.

use crate::support::ROOMY;
use crate::support::{NOW, Tenant};
use application_ai::{AiGateway, Chain, Providers, Registry, RegistryError, Requester};
use application_core::Error;
use application_sales::LeadScorer;
use domain::ai::Limits;
use domain::sales::{Engine, Lead};
use ports::{BoxFuture, ModelError, Timer};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::{RoomyLimiter, ScriptedModel};

pub(crate) const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
pub(crate) const NOVA: &str = "amazon.nova-pro-v1:0";
const GPT: &str = "gpt-4o-mini";

/// Skips pauses between tries, and waits only for the end of a request's time, which is longer than any pause.
struct NoTime;

impl Timer for NoTime {
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        match time < Duration::from_secs(15) {
            true => Box::pin(std::future::ready(())),
            false => Box::pin(tokio::time::sleep(time)),
        }
    }
}

pub(crate) struct Scene {
    pub(crate) tenant: Tenant,
    pub(crate) lead: Lead,
    /// The models on Bedrock.
    pub(crate) model: Arc<ScriptedModel>,
    /// The models of a server with OpenAI's format.
    pub(crate) server: Arc<ScriptedModel>,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let tenant = Tenant::start().await;
        let lead = tenant.load().await.state;
        Self { tenant, lead, model: Arc::default(), server: Arc::default() }
    }

    pub(crate) fn scorer(&self, chain: &str) -> LeadScorer {
        let registry = Registry::shipped().unwrap();
        let environment = &self.tenant.environment;
        let state = Arc::new(environment.ai_state());
        let limiter = Arc::new(RoomyLimiter::new(Arc::new(environment.limiter()), ROOMY));
        LeadScorer {
            gateway: Arc::new(AiGateway::new(state, limiter, Arc::new(NoTime), registry.clone())),
            providers: Providers { bedrock: self.model.clone(), openai: Some(self.server.clone()) },
            chain: Chain::parse(chain, &registry).unwrap(),
            price_version: registry.version,
        }
    }

    pub(crate) fn asker(&self) -> Requester {
        Requester { tenant: self.tenant.tenant, account: self.tenant.owner, api_key: None }
    }

    pub(crate) async fn judge(&self, chain: &str) -> Result<domain::sales::LeadScore, Error> {
        self.scorer(chain).score(&self.lead, &self.tenant.context(), &self.asker()).await
    }

    fn models(&self) -> Vec<String> {
        self.model.calls().into_iter().map(|call| call.model).collect()
    }
}

fn judgement() -> String {
    json!({
        "abstain": false, "budget": 80, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
        "factors": [{"dimension": "budget", "impact": 30, "field": "notes", "quote": "THE  budget is\napproved",
            "reason": "Money is there"}],
    })
    .to_string()
}

#[tokio::test]
async fn a_chain_is_read_as_it_is_written() {
    let scene = Scene::start().await;
    for chain in ["rules", " rules ", ",rules,", "rules,no-such-model"] {
        let score = scene.judge(chain).await.unwrap();
        assert_eq!(
            (score.engine, score.model.as_str(), score.cost.attempts),
            (Engine::Rules, "rules", 0),
            "{chain:?}"
        );
    }
    assert!(scene.models().is_empty());
    // No step follows the rules, because they always answer.
    scene.judge(&format!("rules,{SONNET}")).await.unwrap();
    assert!(scene.models().is_empty());
    scene.model.fail(ModelError::NoSuchModel);
    scene.model.fail(ModelError::NoSuchModel);
    scene.judge(&format!(" {NOVA} , {SONNET} ,rules")).await.unwrap();
    assert_eq!(scene.models(), [NOVA, SONNET]);
}

#[tokio::test]
async fn a_chain_of_nobody_answers_nothing() {
    let scene = Scene::start().await;
    for chain in ["", " , "] {
        assert!(matches!(scene.judge(chain).await, Err(Error::NoModel)), "{chain:?}");
    }
}

#[tokio::test]
async fn a_model_of_a_server_with_openais_format_scores_by_the_schema() {
    let scene = Scene::start().await;
    scene.server.answer(judgement());
    let score = scene.judge(&format!("{GPT},{NOVA},rules")).await.unwrap();
    assert_eq!((score.engine, score.model.as_str(), score.value()), (Engine::Model, GPT, Some(67)));
    // 1,000 tokens at $0.15 and 200 at $0.60 a million.
    assert_eq!((score.cost.nano_usd, score.cost.attempts), (270_000, 1));
    let calls = scene.server.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].output_schema.as_ref().unwrap()["required"][0], "abstain");
    assert!(scene.models().is_empty());
}

#[tokio::test]
async fn a_server_that_fails_is_followed_by_bedrock_and_then_by_the_rules() {
    let scene = Scene::start().await;
    let chain = format!("{GPT},{NOVA},rules");
    scene.server.fail(ModelError::NoSuchModel);
    scene.model.answer(judgement());
    let score = scene.judge(&chain).await.unwrap();
    assert_eq!((score.engine, score.model.as_str()), (Engine::Model, NOVA));
    // An answer that does not match the schema is repaired once, and then left to the next model.
    for text in ["no", "still no"] {
        scene.server.answer(text);
    }
    scene.model.fail(ModelError::NoSuchModel);
    let mut other = scene.lead.clone();
    other.details.company_name = "Fabrikam".to_owned();
    let scorer = scene.scorer(&chain);
    let score = scorer.score(&other, &scene.tenant.context(), &scene.asker()).await.unwrap();
    assert_eq!((score.engine, score.model.as_str(), score.cost.attempts), (Engine::Rules, "rules", 3));
    assert_eq!((scene.server.asked(), scene.models()), (vec![GPT.to_owned(); 3], vec![NOVA.to_owned(); 2]));
}

#[tokio::test]
async fn case_and_spacing_of_a_quote_do_not_matter() {
    let scene = Scene::start().await;
    scene.model.answer(judgement());
    let score = scene.judge(SONNET).await.unwrap();
    assert_eq!((score.engine, score.value(), score.scored_at), (Engine::Model, Some(67), NOW));
    assert_eq!(score.cost.nano_usd, 6_600_000);
}

#[tokio::test]
async fn a_model_that_can_t_repair_its_answer_leaves_it_to_the_next() {
    let scene = Scene::start().await;
    scene.model.answer("no");
    scene.model.fail(ModelError::NoSuchModel);
    scene.model.answer(judgement());
    scene.judge(&format!("{SONNET},{NOVA}")).await.unwrap();
    let calls = scene.model.calls();
    assert_eq!(calls.len(), 3);
    // If a repair fails, the next model gets a new conversation.
    assert_eq!(calls.iter().map(|call| call.messages.len()).collect::<Vec<_>>(), [1, 3, 1]);
}

#[tokio::test]
async fn time_is_kept_back_to_settle_and_to_write_the_score() {
    let scene = Scene::start().await;
    let scorer = scene.scorer(&format!("{SONNET},rules"));
    for (left, asked) in [(0, 0), (3_300, 0), (4_000, 1), (29_000, 1)] {
        let before = scene.model.calls().len();
        scene.model.fail(ModelError::NoSuchModel);
        let mut context = scene.tenant.context();
        context.deadline = Instant::now() + Duration::from_millis(left);
        let score = scorer.score(&scene.lead, &context, &scene.asker()).await.unwrap();
        assert_eq!(score.engine, Engine::Rules);
        let calls = scene.model.calls();
        assert_eq!(calls.len() - before, asked, "{left} ms");
        if let Some(call) = calls.last().filter(|_| asked == 1) {
            assert!(call.time_left <= Duration::from_millis(left - 3000), "{left} ms");
        }
    }
}

#[tokio::test]
async fn over_budget_the_rules_judge_and_say_so() {
    let scene = Scene::start().await;
    scene.model.answer(judgement());
    scene.tenant.limit(Limits { tenant_day: 1, ..Limits::default() }).await;
    let score = scene.judge(&format!("{SONNET},rules")).await.unwrap();
    assert_eq!((score.engine, score.model.as_str()), (Engine::Rules, "rules"));
    assert_eq!((score.cost.nano_usd, score.cost.attempts), (0, 0));
    // Without rules it is an error, and never free.
    assert!(matches!(scene.judge(SONNET).await, Err(Error::OverBudget(_))));
    assert!(scene.models().is_empty());
}

#[tokio::test]
async fn a_repair_that_a_budget_does_not_cover_is_left_to_the_rules_and_the_first_answer_is_paid() {
    let scene = Scene::start().await;
    scene.model.answer("no");
    // One attempt is within the budget, and two are not.
    scene.tenant.limit(Limits { tenant_day: 40_000_000, ..Limits::default() }).await;
    let score = scene.judge(&format!("{SONNET},rules")).await.unwrap();
    assert_eq!((score.engine, score.cost.attempts, score.cost.nano_usd), (Engine::Rules, 1, 6_600_000));
    assert_eq!((score.cost.input_tokens, score.cost.output_tokens), (1000, 200));
}

#[tokio::test]
async fn a_tenant_that_may_ask_none_of_the_models_has_the_rules() {
    let scene = Scene::start().await;
    let allowed = std::collections::BTreeSet::from([NOVA.to_owned()]);
    scene.tenant.limit(Limits { allowed_models: Some(allowed), ..Limits::default() }).await;
    assert_eq!(scene.judge(&format!("{SONNET},rules")).await.unwrap().engine, Engine::Rules);
    // The caller named no model, so the answer does not say that one is unknown.
    assert!(matches!(scene.judge(SONNET).await, Err(Error::NoModel)));
    scene.model.answer(judgement());
    assert_eq!(scene.judge(&format!("{SONNET},{NOVA},rules")).await.unwrap().model, NOVA);
}

#[tokio::test]
async fn where_the_state_can_t_be_reached_nobody_judges() {
    let scene = Scene::start().await;
    for _ in 0..20 {
        let fault = testkit::Fault::Answer(500, json!({"__type": "InternalServerError"}));
        scene.tenant.environment.wire().fail_next("BatchGetItem", fault);
    }
    assert!(matches!(scene.judge(&format!("{SONNET},rules")).await, Err(Error::Store(_))));
    assert!(scene.models().is_empty());
}

#[tokio::test]
async fn the_limit_of_requests_to_models_holds_for_scores_too() {
    let scene = Scene::start().await;
    let scorer = scene.scorer(&format!("{SONNET},rules"));
    scene.model.answer(judgement());
    for _ in 0..60 {
        scorer.score(&scene.lead, &scene.tenant.context(), &scene.asker()).await.unwrap();
    }
    let refused = scorer.score(&scene.lead, &scene.tenant.context(), &scene.asker()).await;
    assert!(matches!(refused, Err(Error::Limited(_))));
}

#[test]
fn a_price_table_is_exact_or_no_table() {
    let table = |price: &str| {
        let text = json!({"version": "v", "models": [{"id": "m", "provider": "bedrock", "use": "chat",
            "max_output_tokens": 1, "input": price, "output": "1", "cache_read": "0",
            "cache_write": "0", "context_tokens": 1}]});
        Registry::parse(&text.to_string())
    };
    for (price, nano) in [("0", 0), ("3.00", 3000), ("0.001", 1), ("16.5", 16_500)] {
        assert_eq!(table(price).unwrap().model("m").unwrap().input, nano, "{price}");
    }
    for wrong in ["", "-1", "0.0001", "1e3", "NaN", "1,5", "18446744073709551615"] {
        assert!(matches!(table(wrong), Err(RegistryError::Price(_))), "{wrong}");
    }
    assert!(matches!(Registry::parse("{}"), Err(RegistryError::Malformed(_))));
}
