//! Batches from the upload to the results: paid for once, asked in the organization's quiet capacity, killed at each step,
//! run twice at once, cancelled and expired.

mod ends;
mod held;
mod logs;
mod money;
mod provider;
mod provider_faults;
mod provider_parts;
mod runs;

use crate::gateway::scene::{NOVA, SharedTimer, ShortTimer};
use crate::support::{NOW, context};
use application_ai::batches::{BatchReport, BatchTools, advance_batches, cancel_batch};
use application_ai::{AiGateway, Chain, Completions, Providers, Registry};
use application_core::limits::AI_CALLS_OF_ORGANIZATION;
use application_core::repository::{Actor, PendingChange, load};
use application_core::{Context, Error, Precondition};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::AggregateType;
use domain::ai::batch::{
    Batch, BatchFailureReason, BatchStatus, CreateBatch, MOST_BYTES, WINDOW, create_batch,
};
use domain::ai::{AiBudget, AiBudgetEvent, BudgetSet, Limits};
use domain::authority::{Authority, Caller, Credential, UseBatches};
use domain::id::{AccountId, BatchId, OrganizationId, new_id};
use domain::tenancy::Role;
use ports::{AggregateKey, AiState, BatchFileKey, Limiter, ModelGateway, SpentByScope, Store};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::{ScriptedModel, TestBatchFiles, TestEnvironment};
use wiring_ai::chat::chat_lines;

/// A line with this prompt, for the model of the test.
fn line(id: &str, prompt: &str) -> String {
    of_body(
        id,
        &json!({"model": NOVA, "messages": [{"role": "user", "content": prompt}], "max_tokens": 1000}),
    )
}

fn of_body(id: &str, body: &Value) -> String {
    let line = json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body});
    format!("{line}\n")
}

/// Lines `r1` to `r<count>`.
fn lines(count: usize) -> String {
    (1..=count).map(|number| line(&format!("r{number}"), &format!("Prompt {number}."))).collect()
}

struct Scene {
    environment: TestEnvironment,
    store: Arc<dyn Store>,
    files: TestBatchFiles,
    model: Arc<ScriptedModel>,
    limiter: Arc<dyn Limiter>,
    state: Arc<dyn AiState>,
    completions: Completions<dyn ModelGateway>,
}

impl Scene {
    fn start() -> Self {
        Self::with_limiter(|limiter| limiter)
    }

    fn with_limiter(change: impl FnOnce(Arc<dyn Limiter>) -> Arc<dyn Limiter>) -> Self {
        let environment = TestEnvironment::start();
        let model: Arc<ScriptedModel> = Arc::default();
        model.always("An answer.");
        let limiter = change(Arc::new(environment.limiter()));
        let state: Arc<dyn AiState> = Arc::new(environment.ai_state());
        let registry = Registry::shipped().unwrap();
        let timer = Arc::new(SharedTimer(Arc::<ShortTimer>::default()));
        let gateway = AiGateway::new(Arc::clone(&state), Arc::clone(&limiter), timer, registry.clone());
        let providers: Providers<dyn ModelGateway> = Providers { bedrock: model.clone(), openai: None };
        let chain = Chain::parse(NOVA, &registry).unwrap();
        let completions = Completions { gateway: Arc::new(gateway), providers, registry, chain };
        let store = Arc::new(environment.store());
        Self { environment, store, files: TestBatchFiles::default(), model, limiter, state, completions }
    }

    /// A batch that waits for this file.
    async fn created(&self, number: u8, file: &str) {
        let sha256 = STANDARD.encode(digest(&SHA256, file.as_bytes()));
        let event = create_batch(&CreateBatch {
            id: id(number),
            endpoint: "/v1/chat/completions",
            completion_window: "24h",
            bytes: file.len() as u64,
            sha256: &sha256,
            metadata: &BTreeMap::new(),
            created_by: account(),
            api_key: None,
        });
        let (context, actor) = (context(&self.environment), Actor::anonymous());
        let pending = PendingChange::<Batch>::create(key(number), [], &event.unwrap(), &context, &actor);
        pending.unwrap().commit(self.store.as_ref()).await.unwrap();
    }

    /// A batch whose file is uploaded.
    async fn with_file(&self, number: u8, file: &str) {
        self.created(number, file).await;
        self.files.bring(&BatchFileKey::input(tenant(number), &id(number)), file);
    }

    fn tools(&self) -> BatchTools<'_> {
        BatchTools {
            store: self.store.as_ref(),
            files: &self.files,
            completions: &self.completions,
            format: chat_lines(),
            provider: None,
        }
    }

    fn at(&self, seconds: i64) -> Context {
        let deadline = Instant::now() + Duration::from_secs(900);
        Context { now: NOW.plus_seconds(seconds), deadline, ..context(&self.environment) }
    }

    async fn run_at(&self, seconds: i64) -> Result<BatchReport, Error> {
        advance_batches(self.tools(), &self.at(seconds)).await
    }

    async fn run(&self) -> BatchReport {
        self.run_at(0).await.unwrap()
    }

    async fn state(&self, number: u8) -> Batch {
        load::<Batch>(self.store.as_ref(), &key(number)).await.unwrap().unwrap().state
    }

    async fn status(&self, number: u8) -> BatchStatus {
        self.state(number).await.status
    }

    async fn cancel(&self, number: u8) {
        let context = self.at(0);
        let store = self.store.as_ref();
        cancel_batch(store, &context, &manager(), &id(number), &Precondition::NONE, None).await.unwrap();
    }

    /// The results in a file, by their `custom_id`.
    fn results(&self, key: &BatchFileKey) -> BTreeMap<String, Value> {
        let text = self.files.text(key).unwrap_or_default();
        let results = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        results.map(|result| (result["custom_id"].as_str().unwrap().to_owned(), result)).collect()
    }

    fn output(&self, number: u8) -> BTreeMap<String, Value> {
        self.results(&BatchFileKey::output(tenant(number), &id(number)))
    }

    fn errors(&self, number: u8) -> BTreeMap<String, Value> {
        self.results(&BatchFileKey::errors(tenant(number), &id(number)))
    }

    async fn spent(&self) -> SpentByScope {
        self.state.spent(tenant(1), account(), NOW).await.unwrap()
    }

    /// The facts of every metered request.
    async fn metered(&self) -> Vec<Value> {
        let items = self.environment.items(&self.environment.tables().ledger).await;
        let metered = items.iter().filter(|item| item["event_type"].as_s().unwrap() == "ai_request_metered");
        metered.map(|item| plain(&item["data"])).collect()
    }

    async fn limit(&self, limits: Limits) {
        let key = AggregateKey::new(tenant(1), AggregateType::AiBudget, &tenant(1));
        let event = AiBudgetEvent::Set(BudgetSet { limits, set_by: account() });
        let (context, actor) = (context(&self.environment), Actor::account(account()));
        let pending = PendingChange::<AiBudget>::create(key, [], &event, &context, &actor);
        pending.unwrap().commit(self.store.as_ref()).await.unwrap();
    }
}

/// A stored value as JSON.
fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => serde_json::from_str(number).unwrap(),
        AttributeValue::L(items) => items.iter().map(plain).collect(),
        AttributeValue::M(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn tenant(number: u8) -> OrganizationId {
    new_id(NOW, &[if number == 9 { 77 } else { 1 }; 10])
}

fn account() -> AccountId {
    new_id(NOW, &[2; 10])
}

fn id(number: u8) -> BatchId {
    new_id(NOW, &[number; 10])
}

fn key(number: u8) -> AggregateKey {
    AggregateKey::new(tenant(number), AggregateType::Batch, &id(number))
}

fn manager() -> Authority<UseBatches> {
    let credential = Credential::Session {
        id: new_id(NOW, &[9; 10]),
        role: Role::Manager,
        account_organization: tenant(1),
        authenticated_at: NOW,
    };
    Caller { tenant: tenant(1), account: account(), credential }.authorize().unwrap()
}

#[tokio::test]
async fn every_line_of_a_good_file_gets_its_result() {
    let scene = Scene::start();
    let wrong = json!({"model": NOVA, "messages": [], "stream": true});
    let unknown = json!({"model": "no-such-model", "messages": [{"role": "user", "content": "Hi"}]});
    let file = format!("{}{}{}", lines(3), of_body("wrong", &wrong), of_body("unknown", &unknown));
    scene.created(1, &file).await;
    assert_eq!(scene.run().await, BatchReport { seen: 1, steps: 0 });
    assert_eq!(scene.status(1).await, BatchStatus::Validating);
    scene.files.bring(&BatchFileKey::input(tenant(1), &id(1)), file);
    // The file is checked, its lines are asked, and the results are put together in one run.
    assert_eq!(scene.run().await, BatchReport { seen: 1, steps: 3 });
    let state = scene.state(1).await;
    assert_eq!((state.status, state.lines, state.completed, state.failed), (BatchStatus::Completed, 5, 3, 2));
    let output = scene.output(1);
    assert_eq!(output.keys().collect::<Vec<_>>(), ["r1", "r2", "r3"]);
    let result = &output["r1"];
    assert_eq!((&result["error"], &result["response"]["status_code"]), (&Value::Null, &json!(200)));
    let body = &result["response"]["body"];
    assert_eq!((&body["object"], &body["model"]), (&json!("chat.completion"), &json!(NOVA)));
    assert_eq!(body["choices"][0]["message"]["content"], "An answer.");
    assert_eq!(body["usage"]["total_tokens"], 1200);
    assert!(result["id"].as_str().unwrap().starts_with("batch_req_"));
    assert_eq!(body["id"], result["response"]["request_id"]);
    let errors = scene.errors(1);
    let error = |id: &str| {
        let response = &errors[id]["response"];
        (response["status_code"].clone(), response["body"]["error"]["code"].clone())
    };
    assert_eq!(error("wrong"), (json!(400), json!("invalid_request")));
    assert_eq!(error("unknown"), (json!(404), json!("model_not_found")));
    let message = errors["wrong"]["response"]["body"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("stream: must be false") && message.contains("messages: must be"), "{message}");
    assert_eq!(scene.model.calls().len(), 3);
    // The batch is no longer open.
    assert_eq!(scene.run().await, BatchReport::default());
}

#[tokio::test]
async fn wrong_files_fail_with_what_is_wrong_and_nothing_is_asked() {
    let scene = Scene::start();
    let good = lines(2);
    scene.with_file(1, &format!("{good}{{\"secret")).await;
    scene.with_file(2, &format!("{good}{}", line("r1", "Again."))).await;
    scene.with_file(3, &good.replace("/v1/chat/completions", "/v1/embeddings")).await;
    // The uploaded file is not the declared one: once its size differs, once only its content.
    scene.created(4, &good).await;
    scene.files.bring(&BatchFileKey::input(tenant(4), &id(4)), "short");
    scene.created(5, &good).await;
    scene.files.bring(&BatchFileKey::input(tenant(5), &id(5)), good.replace("Prompt", "prompt"));
    scene.with_file(6, "\n").await;
    scene.run().await;
    let mut seen = Vec::new();
    for number in 1..=6 {
        let failure = scene.state(number).await.failure.unwrap();
        let lines = failure.lines.iter().map(|fault| format!("{} {}", fault.line, fault.reason.as_str()));
        seen.push((failure.reason, lines.collect::<Vec<_>>().join(", ")));
    }
    use BatchFailureReason::{FileDiffers, InvalidLines};
    let expected = [
        (InvalidLines, "3 not_json"),
        (InvalidLines, "3 repeated_custom_id"),
        (InvalidLines, "1 url, 2 url"),
        (FileDiffers, ""),
        (FileDiffers, ""),
        (InvalidLines, "1 empty"),
    ];
    assert_eq!(seen, expected.map(|(reason, lines)| (reason, lines.to_owned())));
    assert!(scene.model.calls().is_empty() && scene.metered().await.is_empty());
    assert_eq!(scene.spent().await, SpentByScope::default());
}

#[tokio::test]
async fn a_large_file_is_read_in_pieces() {
    let scene = Scene::start();
    scene.limit(Limits { user_day: 20_000_000_000, ..Limits::default() }).await;
    let long = "x".repeat(900_000);
    let file: String =
        (0..12).map(|number| line(&format!("r{number}"), &format!("{number} {long}"))).collect();
    assert!(file.len() as u64 <= MOST_BYTES);
    scene.with_file(1, &file).await;
    scene.run().await;
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Completed, 12, 0));
    assert_eq!(state.bytes_done, file.len() as u64);
    // No read of the file has more than four megabytes.
    assert!(scene.files.reads().iter().all(|read| read.bytes <= 4 * 1024 * 1024));
    // Eight of these lines fit in a chunk.
    let chunks = scene.files.written().iter().filter(|name| name.contains("/chunks/")).count();
    assert_eq!(chunks, 2);
}
