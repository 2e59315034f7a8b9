//! The chain of judges.

use crate::support::{NOW, Tenant};
use application::Error;
use application::ai::{LeadScorer, Registry, RegistryError, ScoringRequest};
use application::ports::ModelError;
use domain::sales::{Engine, Lead};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use testkit::ScriptedModel;

const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "amazon.nova-pro-v1:0";

struct Scene {
    tenant: Tenant,
    lead: Lead,
    model: Arc<ScriptedModel>,
}

impl Scene {
    async fn start() -> Self {
        let tenant = Tenant::start().await;
        let lead = tenant.load().await.state;
        Self { tenant, lead, model: Arc::default() }
    }

    fn scorer(&self, chain: &str) -> LeadScorer {
        LeadScorer::new(self.model.clone(), chain, &Registry::shipped().unwrap()).unwrap()
    }

    fn request(&self, time_left: Duration) -> ScoringRequest {
        ScoringRequest {
            tenant: self.tenant.tenant,
            account: self.tenant.owner,
            request_id: "request-1".to_owned(),
            now: NOW,
            time_left,
        }
    }

    async fn judge(&self, chain: &str) -> Result<domain::sales::LeadScore, Error> {
        self.scorer(chain).score(&self.lead, &self.request(Duration::from_secs(29))).await
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
    // Nothing comes after an engine that always answers.
    scene.judge(&format!("rules,{SONNET}")).await.unwrap();
    assert!(scene.models().is_empty());
    scene.judge(&format!(" {NOVA} , {SONNET} ,rules")).await.unwrap();
    assert_eq!(scene.models(), [NOVA, SONNET]);
}

#[tokio::test]
async fn a_model_without_a_price_stops_the_start() {
    let scene = Scene::start().await;
    let prices = Registry::shipped().unwrap();
    let error = LeadScorer::new(scene.model.clone(), "no-such-model,rules", &prices).err().unwrap();
    assert!(error.to_string().contains("no-such-model"));
}

#[tokio::test]
async fn a_chain_of_nobody_answers_nothing() {
    let scene = Scene::start().await;
    for chain in ["", " , "] {
        assert!(matches!(scene.judge(chain).await, Err(Error::NoModel)), "{chain:?}");
    }
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
    scene.model.fail(ModelError::TimedOut);
    scene.model.answer(judgement());
    scene.judge(&format!("{SONNET},{NOVA}")).await.unwrap();
    let calls = scene.model.calls();
    assert_eq!(calls.len(), 3);
    // A repair that fails leaves the model for the next, which begins anew.
    assert_eq!(calls.iter().map(|call| call.messages.len()).collect::<Vec<_>>(), [1, 3, 1]);
}

#[tokio::test]
async fn time_is_kept_back_to_write_the_result() {
    let scene = Scene::start().await;
    for (left, asked) in [(0, 0), (2, 0), (3, 0), (4, 0), (5, 1), (29, 1)] {
        let before = scene.model.calls().len();
        let request = scene.request(Duration::from_millis(left * 1000 + 100));
        let score = scene.scorer(&format!("{SONNET},rules")).score(&scene.lead, &request).await.unwrap();
        assert_eq!(score.engine, Engine::Rules);
        let calls = scene.model.calls();
        // From 4.1 seconds on there are two to ask and two to write.
        let expected = if left == 4 { 1 } else { asked };
        assert_eq!(calls.len() - before, expected, "{left} seconds");
        if let Some(call) = calls.last().filter(|_| expected == 1) {
            assert!(call.time_left <= Duration::from_millis(left * 1000 + 100 - 2000), "{left} seconds");
        }
    }
}

#[test]
fn a_price_table_is_exact_or_no_table() {
    let table = |price: &str| {
        let text = json!({"version": "v", "models": [{"id": "m", "input": price, "output": "1", "cache_read": "0",
            "cache_write": "0", "context_tokens": 1, "max_output_tokens": 1, "provider": "bedrock", "use": "chat"}]});
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
