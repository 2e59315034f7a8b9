//! Fine-tunes from the upload to a model that can be asked, and to its end: the process is killed at each step, runs twice,
//! or runs twice at once, and the fine-tune is canceled in between.

mod cancellation;
mod charges;
mod deployments;
mod provider;
mod runs;

use crate::support::{NOW, context};
use application_ai::Registry;
use application_ai::fine_tunes::{
    self, AdvanceReport, NewFineTune, Tools, advance_fine_tunes, cancel_fine_tune,
};
use application_core::repository::{Actor, PendingChange, history, load};
use application_core::{Context, Error, Precondition};
use domain::ai::AiRequestMetered;
use domain::ai::fine_tune::{
    CreateFineTune, FailureReason, FineTune, FineTuneStatus, HyperParameters, TrainingFile, WAIT_FOR_FILE,
    create_fine_tune,
};
use domain::authority::{Authority, Caller, Credential, ManageFineTunes};
use domain::id::{FineTuneId, OrganizationId, new_id};
use domain::tenancy::Role;
use domain::{AggregateType, DomainEvent, Timestamp};
use ports::{
    AggregateKey, AiState, BoxFuture, DeploymentState, FileError, FileKey, JobName, JobState, Store,
    TrainingUploads, Upload,
};
use ring::digest::{SHA256, digest};
use std::sync::Arc;
use std::time::Duration;
use testkit::{TestEnvironment, TestTraining};

const LINE: &str = r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"text":"Hello"}]}]}"#;

/// The cost of a training with [`good`]: 1,510 bytes are 504 tokens, twice, at 2,000 nano-dollars.
const COST: u64 = 2_016_000;

fn good() -> String {
    format!("{LINE}\n").repeat(10)
}

struct Scene {
    environment: TestEnvironment,
    store: Arc<dyn Store>,
    training: TestTraining,
}

impl Scene {
    fn start() -> Self {
        let environment = TestEnvironment::start();
        let store = Arc::new(environment.store());
        Self { environment, store, training: TestTraining::default() }
    }

    /// A fine-tune that waits for this file.
    async fn created(&self, number: u8, file: &str) -> AggregateKey {
        self.created_as(id(number), tenant(number), file).await
    }

    async fn created_as(&self, id: FineTuneId, tenant: OrganizationId, file: &str) -> AggregateKey {
        use base64::Engine as _;
        let sha256 = base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, file.as_bytes()));
        let event = create_fine_tune(&CreateFineTune {
            id,
            name: "Ours",
            base_model: "amazon.nova-lite-v1:0",
            training_model: "amazon.nova-lite-v1:0:300k",
            hyper_parameters: HyperParameters::default(),
            bytes: file.len() as u64,
            sha256: &sha256,
            created_by: new_id(NOW, &[2; 10]),
        });
        let key = AggregateKey::new(tenant, AggregateType::FineTune, &id);
        let (context, actor) = (context(&self.environment), Actor::anonymous());
        let pending = PendingChange::<FineTune>::create(key.clone(), [], &event.unwrap(), &context, &actor);
        pending.unwrap().commit(self.store.as_ref()).await.unwrap();
        key
    }

    /// A fine-tune whose file is uploaded.
    async fn with_file(&self, number: u8, file: &str) -> AggregateKey {
        let key = self.created(number, file).await;
        self.training.bring(&place(number), file);
        key
    }

    async fn run_at(&self, context: &Context) -> Result<AdvanceReport, Error> {
        let (ai, registry) = (self.environment.ai_state(), Registry::shipped().unwrap());
        let tools = Tools {
            store: self.store.as_ref(),
            files: &self.training,
            trainer: &self.training,
            ai: &ai,
            registry: &registry,
        };
        advance_fine_tunes(tools, context).await
    }

    async fn run(&self) -> Result<AdvanceReport, Error> {
        self.run_at(&context(&self.environment)).await
    }

    async fn state(&self, number: u8) -> FineTune {
        load::<FineTune>(self.store.as_ref(), &key(number)).await.unwrap().unwrap().state
    }

    /// A fine-tune whose training has just ended with a model, which no run has seen.
    async fn trained(&self, number: u8) {
        self.with_file(number, &good()).await;
        self.run().await.unwrap();
        self.training.end(&name(number), JobState::Completed(format!("model-{number}")));
    }

    /// A fine-tune whose model can be asked.
    async fn completed(&self, number: u8) {
        self.trained(number).await;
        self.run().await.unwrap();
        let deployment = DeploymentState::Active(format!("deployment-{number}"));
        self.training.deploy_as(&name(number), deployment);
        self.run().await.unwrap();
        assert_eq!(self.status(number).await, FineTuneStatus::Completed);
    }

    /// The nano-dollars of the organization's month that are set aside or spent, and those that are spent.
    async fn spent(&self) -> (u64, u64) {
        let spent = self.environment.ai_state().spent(tenant(1), new_id(NOW, &[2; 10]), NOW).await.unwrap();
        (spent.tenant_month.committed, spent.tenant_month.settled)
    }

    /// The charges in the ledger.
    async fn metered(&self) -> Vec<AiRequestMetered> {
        let ai = self.state(1).await.training_request();
        let key = AggregateKey::new(tenant(1), AggregateType::AiRequest, &ai);
        let history = history(self.store.as_ref(), &key, 1).await;
        let records = history.unwrap_or_default();
        records.iter().map(|record| AiRequestMetered::decode(&record.event).unwrap()).collect()
    }

    async fn status(&self, number: u8) -> FineTuneStatus {
        self.state(number).await.status
    }

    async fn cancel(&self, number: u8) -> FineTune {
        let context = context(&self.environment);
        let (id, unconditional) = (id(number), Precondition::NONE);
        let canceled =
            cancel_fine_tune(self.store.as_ref(), &context, &admin(), &id, &unconditional, None).await;
        canceled.unwrap().value.state
    }
}

fn tenant(number: u8) -> OrganizationId {
    new_id(NOW, &[if number == 9 { 77 } else { 1 }; 10])
}

fn id(number: u8) -> FineTuneId {
    new_id(NOW, &[number; 10])
}

fn key(number: u8) -> AggregateKey {
    AggregateKey::new(tenant(number), AggregateType::FineTune, &id(number))
}

fn place(number: u8) -> FileKey {
    FileKey::new(tenant(number), &id(number))
}

fn name(number: u8) -> JobName {
    JobName::of(id(number))
}

fn admin() -> Authority<ManageFineTunes> {
    let credential = Credential::Session {
        id: new_id(NOW, &[9; 10]),
        role: Role::Admin,
        account_organization: tenant(1),
        authenticated_at: NOW,
    };
    let caller = Caller { tenant: tenant(1), account: new_id(NOW, &[2; 10]), credential };
    caller.authorize().unwrap()
}

fn later(scene: &Scene, seconds: i64) -> Context {
    Context { now: NOW.plus_seconds(seconds), ..context(&scene.environment) }
}

#[tokio::test]
async fn a_good_file_becomes_a_model() {
    let scene = Scene::start();
    scene.created(1, &good()).await;
    assert_eq!(scene.run().await.unwrap(), AdvanceReport { seen: 1, ..AdvanceReport::default() });
    assert_eq!(scene.status(1).await, FineTuneStatus::AwaitingFile);
    scene.training.bring(&place(1), good());
    assert_eq!(scene.run().await.unwrap(), AdvanceReport { seen: 1, steps: 2, waiting: 0 });
    let state = scene.state(1).await;
    assert_eq!((state.status, state.records), (FineTuneStatus::Training, Some(10)));
    let started = scene.training.started();
    assert_eq!((started.len(), started[0].model.as_str()), (1, "amazon.nova-lite-v1:0:300k"));
    assert_eq!((started[0].file.clone(), started[0].tenant), (place(1), tenant(1)));
    assert_eq!(scene.run().await.unwrap().steps, 0);
    scene.training.end(&name(1), JobState::Completed("model-1".to_owned()));
    assert_eq!(scene.run().await.unwrap().steps, 1);
    let state = scene.state(1).await;
    assert_eq!((state.status, state.custom_model.as_deref()), (FineTuneStatus::Deploying, Some("model-1")));
    assert_eq!((state.model(), scene.run().await.unwrap().steps), (None, 0));
    scene.training.deploy_as(&name(1), DeploymentState::Active("deployment-1".to_owned()));
    assert_eq!(scene.run().await.unwrap().steps, 1);
    let state = scene.state(1).await;
    assert_eq!(
        (state.status, state.deployment.as_deref()),
        (FineTuneStatus::Completed, Some("deployment-1"))
    );
    assert_eq!(state.model().unwrap().to_string(), format!("ft:amazon.nova-lite-v1:0:{}", id(1)));
    // The fine-tune is no longer open.
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
}

#[tokio::test]
async fn wrong_files_fail_with_what_is_wrong() {
    let scene = Scene::start();
    scene.with_file(1, &good().replacen("Hello\"}]}]}", "Hello", 1)).await;
    scene.with_file(2, LINE).await;
    // The uploaded file is not the declared one: once its size differs, once only its content.
    scene.created(3, &good()).await;
    scene.training.bring(&place(3), "short");
    scene.created(4, &good()).await;
    scene.training.bring(&place(4), good().replace("Hello", "Jello"));
    scene.created(5, &good()).await;
    scene.run_at(&later(&scene, WAIT_FOR_FILE)).await.unwrap();
    let reason = async |number| scene.state(number).await.failure.unwrap().reason;
    assert_eq!(reason(1).await, FailureReason::InvalidLines);
    assert_eq!(scene.state(1).await.failure.unwrap().lines[0].line, 1);
    assert_eq!(reason(2).await, FailureReason::TooFewRecords);
    assert_eq!(reason(3).await, FailureReason::FileDiffers);
    assert_eq!(reason(4).await, FailureReason::FileDiffers);
    assert_eq!(reason(5).await, FailureReason::FileMissing);
    assert!(scene.training.started().is_empty());
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
}

#[tokio::test]
async fn a_file_is_waited_for_to_the_last_second() {
    let scene = Scene::start();
    scene.created(1, &good()).await;
    scene.run_at(&later(&scene, WAIT_FOR_FILE - 1)).await.unwrap();
    assert_eq!(scene.status(1).await, FineTuneStatus::AwaitingFile);
}

#[tokio::test]
async fn a_large_file_is_read_in_pieces_whose_lines_join() {
    let scene = Scene::start();
    let long = "x".repeat(400_000);
    let file = format!("{}\n", LINE.replace("Hello", &long)).repeat(50);
    scene.with_file(1, &file).await;
    scene.run().await.unwrap();
    assert_eq!(scene.state(1).await.records, Some(50));
    let reads = scene.training.reads();
    assert_eq!(reads.len(), 3);
    assert!(reads.iter().all(|read| *read <= 8 * 1024 * 1024));
}

/// Signs with an empty signature.
struct Unsigned;

impl TrainingUploads for Unsigned {
    fn upload<'a>(
        &'a self,
        _: &'a FileKey,
        _: &'a TrainingFile,
        now: Timestamp,
        _: Duration,
    ) -> BoxFuture<'a, Result<Upload, FileError>> {
        let (method, url) = Default::default();
        Box::pin(async move { Ok(Upload { method, url, headers: Default::default(), expires_at: now }) })
    }
}

#[tokio::test]
async fn no_model_learns_where_fine_tuning_is_off() {
    let scene = Scene::start();
    let (limiter, context) = (scene.environment.limiter(), context(&scene.environment));
    let input = NewFineTune {
        name: "Ours",
        base_model: "amazon.nova-lite-v1:0",
        hyper_parameters: HyperParameters::default(),
        bytes: 10,
        sha256: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
    };
    let create = async |on| {
        let registry = Registry::shipped().unwrap().with_fine_tuning(on, "us-east-1");
        let kept = (scene.store.as_ref(), &limiter as _);
        fine_tunes::create_fine_tune(kept, (&registry, &Unsigned), &context, &admin(), &input, None).await
    };
    assert!(matches!(create(false).await, Err(Error::UnknownModel)));
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
    create(true).await.unwrap();
    assert_eq!(scene.run().await.unwrap().seen, 1);
}
