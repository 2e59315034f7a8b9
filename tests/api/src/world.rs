//! The world of a test: every route and job on one embedded DynamoDB as one warm process would serve them, a clock that
//! stands still until the test moves it, and a model that answers from a script.

use crate::contract::Contract;
use crate::held_model::HeldModel;
use crate::request::{Answer, Call};
use crate::routes::{Route, handlers};
use crate::tokens::TestTokens;
use adapter_dynamodb::{DynamoKeyUses, DynamoStore};
use application_core::Context;
use application_core::limits::{AI_CALLS, AI_CALLS_OF_ORGANIZATION};
use domain::Timestamp;
use edge::Invocation;
use ports::Limiter;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use testkit::{RoomyLimiter, TestConfiguration, TestEnvironment, TestRemoteFiles, TestSecretSealing};

/// Two models of the price table, and the rules.
pub const MODELS: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0,us.amazon.nova-pro-v1:0,rules";

/// The time at which every world begins: 2026-11-02T09:00:00Z.
const BEGINNING: i64 = 1_793_610_000_000;

/// The limits of requests to models.
const REQUESTS_TO_MODELS: &[&str] = &[AI_CALLS.name, AI_CALLS_OF_ORGANIZATION.name];

/// The parts from which handlers are made.
pub(crate) struct Parts {
    pub(crate) environment: TestEnvironment,
    pub(crate) store: Arc<DynamoStore>,
    pub(crate) limiter: Arc<dyn Limiter>,
    pub(crate) key_uses: Arc<DynamoKeyUses>,
    pub(crate) model: Arc<HeldModel>,
    pub(crate) remote_files: Arc<TestRemoteFiles>,
    pub(crate) tokens: Arc<TestTokens>,
    pub(crate) secrets: Arc<TestSecretSealing>,
    pub(crate) chain: String,
    pub(crate) configuration: Arc<TestConfiguration>,
}

/// The world of a test.
pub struct World {
    pub(crate) parts: Parts,
    pub(crate) handlers: BTreeMap<&'static str, Route>,
    clock: AtomicI64,
    requests: AtomicU64,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World(..)")
    }
}

impl World {
    /// A world in which the rules score leads.
    pub fn start() -> Self {
        Self::with_chain("rules")
    }

    /// A world in which this chain scores leads.
    pub fn with_chain(chain: &str) -> Self {
        let environment = TestEnvironment::start();
        let limiter = Arc::new(environment.limiter());
        Self::of(environment, limiter, chain)
    }

    /// A world in which no caller and no organization reaches its limit of requests to models.
    pub fn without_limits_of_requests_to_models() -> Self {
        let environment = TestEnvironment::start();
        let limiter = Arc::new(RoomyLimiter::new(Arc::new(environment.limiter()), REQUESTS_TO_MODELS));
        Self::of(environment, limiter, "rules")
    }

    fn of(environment: TestEnvironment, limiter: Arc<dyn Limiter>, chain: &str) -> Self {
        let parts = Parts {
            store: Arc::new(environment.store()),
            limiter,
            key_uses: Arc::new(environment.key_uses()),
            model: Arc::default(),
            remote_files: Arc::default(),
            tokens: Arc::default(),
            secrets: Arc::default(),
            chain: chain.to_owned(),
            configuration: Arc::default(),
            environment,
        };
        let handlers = handlers(&parts);
        for operation in Contract::get().operations() {
            assert!(handlers.contains_key(operation.id.as_str()), "nobody answers {}", operation.id);
        }
        Self { parts, handlers, clock: AtomicI64::new(BEGINNING), requests: AtomicU64::new(0) }
    }

    /// The database and the adapters on it.
    pub fn environment(&self) -> &TestEnvironment {
        &self.parts.environment
    }

    /// The configuration.
    pub fn configuration(&self) -> &TestConfiguration {
        &self.parts.configuration
    }

    /// The store of all handlers.
    pub fn store(&self) -> &Arc<DynamoStore> {
        &self.parts.store
    }

    /// The model that scores leads.
    pub fn model(&self) -> &HeldModel {
        &self.parts.model
    }

    /// The files at the URLs that requests name.
    pub fn remote_files(&self) -> &TestRemoteFiles {
        &self.parts.remote_files
    }

    /// The keys of access tokens.
    pub fn tokens(&self) -> &TestTokens {
        &self.parts.tokens
    }

    /// The time that the next request sees.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Lets a thousandth of a second pass.
    pub fn tick(&self) {
        self.clock.fetch_add(1, Ordering::SeqCst);
    }

    /// The context of a use case that the test calls without a route.
    pub fn context(&self) -> Context {
        Context {
            now: self.now(),
            began: std::time::Instant::now(),
            correlation_id: self.next_request_id(),
            causation_id: None,
            deadline: std::time::Instant::now() + Duration::from_secs(29),
            entropy: Arc::clone(&Invocation::in_process(self.now()).entropy),
        }
    }

    /// A request of the operation with this id, made from its sample. It has no caller until the test sets one.
    pub fn call(&self, operation: &str) -> Call<'_> {
        Call::new(self, Contract::get().operation(operation))
    }

    pub(crate) fn next_request_id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.requests.fetch_add(1, Ordering::SeqCst))
    }

    /// Creates a lead and returns its body.
    pub async fn lead(&self, owner: &crate::Person, body: &Value) -> Value {
        self.call("createLead").by(owner).json(body).send().await.expect(201).json()
    }

    /// A lead as its owner reads it.
    pub async fn get_lead(&self, by: &crate::Person, id: &str) -> Answer {
        self.call("getLead").by(by).path("id", id).send().await
    }
}

/// A lead with many known fields.
pub fn lead_body() -> Value {
    json!({
        "company_name": "Contoso Logistics",
        "industry": "Logistics",
        "company_size": 1200,
        "contact_name": "Grace Hopper",
        "contact_email": "grace.hopper@contoso.example",
        "contact_phone": "+1 555 0100",
        "notes": "The CTO says the budget is approved. They must replace the old tool this quarter.",
        "status": "qualified",
    })
}

/// A lead with no known fields.
pub fn thin_body() -> Value {
    json!({"company_name": "Fabrikam"})
}
