//! Training jobs against a server that speaks the service's wire format.

use crate::support::config;
use adapter_customization::{BedrockTrainer, TrainingPlace};
use domain::Timestamp;
use domain::ai::fine_tune::HyperParameters;
use domain::id::{FineTuneId, OrganizationId, new_id};
use model_stub::{Step, Stub};
use ports::{
    DeploymentState, FileKey, JobName, JobState, ModelDeployment, ProviderJobError, Trainer, TrainingJob,
};
use serde_json::{Value, json};

fn trainer(url: &str) -> BedrockTrainer {
    trainer_with_role(url, "arn:aws:iam::000000000000:role/training")
}

fn trainer_with_role(url: &str, role: &str) -> BedrockTrainer {
    let place = TrainingPlace {
        bucket: "training".to_owned(),
        role_arn: role.to_owned(),
        key_arn: "arn:aws:kms:us-east-1:000000000000:key/data".to_owned(),
    };
    BedrockTrainer::new(&config(url), place)
}

fn job() -> TrainingJob {
    let at = Timestamp::from_millis(1_793_610_000_000);
    let tenant: OrganizationId = new_id(at, &[1; 10]);
    let id: FineTuneId = new_id(at, &[2; 10]);
    TrainingJob {
        name: JobName::of(id),
        model: "amazon.nova-lite-v1:0:300k".to_owned(),
        hyper_parameters: HyperParameters::default(),
        file: FileKey::new(tenant, &id),
        tenant,
    }
}

async fn jobs(stub: &Stub) -> Vec<Value> {
    let url = format!("{}/_jobs", stub.url());
    let read = move || ureq::get(&url).call().unwrap().body_mut().read_json::<Value>().unwrap();
    let listed = tokio::task::spawn_blocking(read).await.unwrap();
    listed["jobs"].as_array().unwrap().clone()
}

async fn end(stub: &Stub, name: &JobName, body: Value) {
    let url = format!("{}/_jobs/{}", stub.url(), name.as_str());
    tokio::task::spawn_blocking(move || ureq::put(&url).send_json(body).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_job_is_asked_for_with_all_it_needs_and_started_once() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), None);
    let first = trainer.start(&job).await.unwrap();
    assert_eq!(trainer.start(&job).await.unwrap(), first);
    let jobs = jobs(&stub).await;
    assert_eq!(jobs.len(), 1);
    let (name, file) = (job.name.as_str(), job.file.as_str());
    let tags = json!([
        {"key": "sextant:organization", "value": job.tenant.to_string()},
        {"key": "sextant:fine-tune", "value": name},
    ]);
    assert_eq!(
        jobs[0]["request"],
        json!({
            "jobName": name, "customModelName": name, "clientRequestToken": name,
            "roleArn": "arn:aws:iam::000000000000:role/training",
            "baseModelIdentifier": "amazon.nova-lite-v1:0:300k",
            "customizationType": "FINE_TUNING",
            "customModelKmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/data",
            "jobTags": tags, "customModelTags": tags,
            "trainingDataConfig": {"s3Uri": format!("s3://training/{file}")},
            "outputDataConfig": {"s3Uri": format!("s3://training/fine-tunes/{}/{name}/output/", job.tenant)},
            "hyperParameters": {"epochCount": "2", "learningRate": "0.00001", "learningRateWarmupSteps": "10"},
        })
    );
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Running));
}

#[tokio::test]
async fn every_end_is_told_apart() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    trainer.start(&job).await.unwrap();
    end(&stub, &job.name, json!({"status": "Failed", "message": "No room"})).await;
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Failed { trained: true }));
    let early = json!({"status": "Failed", "training": "NotStarted"});
    end(&stub, &job.name, early).await;
    let failed = JobState::Failed { trained: false };
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(failed));
    end(&stub, &job.name, json!({"status": "Stopped", "training": "Stopped"})).await;
    let stopped = JobState::Stopped { trained: true };
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(stopped));
    end(&stub, &job.name, json!({"status": "Stopping"})).await;
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Running));
    end(&stub, &job.name, json!({"status": "SomethingNew"})).await;
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Running));
    end(&stub, &job.name, json!({"status": "Completed"})).await;
    let Some(JobState::Completed(model)) = trainer.job_state(&job.name).await.unwrap() else { panic!() };
    assert!(model.ends_with(&format!(":custom-model/{}", job.name.as_str())), "{model}");
}

#[tokio::test]
async fn stopping_is_for_what_runs_and_harmless_otherwise() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    trainer.stop(&job.name).await.unwrap();
    trainer.start(&job).await.unwrap();
    trainer.stop(&job.name).await.unwrap();
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Stopped { trained: true }));
    trainer.stop(&job.name).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_stays_wrong_and_what_is_away_may_come_back() {
    let stub = Stub::start().await.unwrap();
    let wrong = TrainingJob { model: String::new(), ..job() };
    let refused = trainer(stub.url()).start(&wrong).await.unwrap_err();
    assert!(matches!(refused, ProviderJobError::Refused(code) if code == "ValidationException"));
    let away = trainer("http://127.0.0.1:9").job_state(&job().name).await.unwrap_err();
    assert!(matches!(away, ProviderJobError::Unavailable(_)));
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_and_a_full_quota_refuse_nothing() {
    let stub = Stub::start().await.unwrap();
    let role = "arn:aws:iam::000000000000:role/nobody";
    let ours = trainer_with_role(stub.url(), role).start(&job()).await.unwrap_err();
    let ProviderJobError::Unavailable(source) = ours else { panic!("{ours:?}") };
    assert_eq!(source.to_string(), "Bedrock CreateModelCustomizationJob: ValidationException");
    assert!(!format!("{source:?}").contains("nobody"));
    let full = TrainingJob { model: "no-room".to_owned(), ..job() };
    let full = trainer(stub.url()).start(&full).await.unwrap_err();
    assert!(matches!(full, ProviderJobError::Busy(_)), "{full:?}");
}

#[tokio::test]
async fn a_model_is_deleted_and_may_be_gone_already() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    trainer.start(&job).await.unwrap();
    end(&stub, &job.name, json!({"status": "Completed"})).await;
    let Some(JobState::Completed(model)) = trainer.job_state(&job.name).await.unwrap() else { panic!() };
    assert_eq!(jobs(&stub).await[0]["discarded"], false);
    for _ in 0..2 {
        trainer.delete_model(&model).await.unwrap();
        assert_eq!(jobs(&stub).await[0]["discarded"], true);
    }
}

/// A model of a job that has ended, to be deployed.
async fn trained(stub: &Stub, trainer: &BedrockTrainer, job: &TrainingJob) -> ModelDeployment {
    trainer.start(job).await.unwrap();
    end(stub, &job.name, json!({"status": "Completed"})).await;
    let Some(JobState::Completed(model)) = trainer.job_state(&job.name).await.unwrap() else { panic!() };
    ModelDeployment { name: job.name.clone(), model, tenant: job.tenant }
}

async fn deployments(stub: &Stub) -> Vec<Value> {
    let url = format!("{}/_deployments", stub.url());
    let read = move || ureq::get(&url).call().unwrap().body_mut().read_json::<Value>().unwrap();
    let listed = tokio::task::spawn_blocking(read).await.unwrap();
    listed["deployments"].as_array().unwrap().clone()
}

async fn end_deployment(stub: &Stub, name: &JobName, status: &str) {
    let url = format!("{}/_deployments/{}", stub.url(), name.as_str());
    let body = json!({ "status": status });
    tokio::task::spawn_blocking(move || ureq::put(&url).send_json(body).unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_deployed_once_under_the_name_of_its_job() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    let deployment = trained(&stub, &trainer, &job).await;
    assert_eq!(trainer.deployment_state(&job.name).await.unwrap(), None);
    for _ in 0..2 {
        trainer.deploy(&deployment).await.unwrap();
    }
    let listed = deployments(&stub).await;
    assert_eq!(listed.len(), 1);
    let name = job.name.as_str();
    assert_eq!(
        listed[0]["request"],
        json!({
            "modelDeploymentName": name, "modelArn": deployment.model, "clientRequestToken": name,
            "tags": [
                {"key": "sextant:organization", "value": job.tenant.to_string()},
                {"key": "sextant:fine-tune", "value": name},
            ],
        })
    );
    assert_eq!(trainer.deployment_state(&job.name).await.unwrap(), Some(DeploymentState::Creating));
    end_deployment(&stub, &job.name, "Failed").await;
    assert_eq!(trainer.deployment_state(&job.name).await.unwrap(), Some(DeploymentState::Failed));
    end_deployment(&stub, &job.name, "SomethingNew").await;
    assert_eq!(trainer.deployment_state(&job.name).await.unwrap(), Some(DeploymentState::Creating));
    end_deployment(&stub, &job.name, "Active").await;
    let Some(DeploymentState::Active(arn)) = trainer.deployment_state(&job.name).await.unwrap() else {
        panic!()
    };
    let (place, id) = arn.split_once("custom-model-deployment/").unwrap();
    assert_eq!(place, "arn:aws:bedrock:us-east-1:000000000000:");
    assert!(
        id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
        "{id}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployment_and_model_are_deleted_one_after_the_other() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    let deployment = trained(&stub, &trainer, &job).await;
    trainer.deploy(&deployment).await.unwrap();
    let making = trainer.delete_deployment(&job.name).await.unwrap_err();
    assert!(matches!(making, ProviderJobError::Busy(_)), "{making:?}");
    end_deployment(&stub, &job.name, "Active").await;
    let deployed = trainer.delete_model(&deployment.model).await.unwrap_err();
    assert!(matches!(deployed, ProviderJobError::Busy(_)), "{deployed:?}");
    for _ in 0..2 {
        trainer.delete_deployment(&job.name).await.unwrap();
        assert_eq!(trainer.deployment_state(&job.name).await.unwrap(), None);
    }
    trainer.delete_model(&deployment.model).await.unwrap();
    // A model that is gone can't be deployed any more.
    let gone = trainer.deploy(&deployment).await.unwrap_err();
    assert!(matches!(gone, ProviderJobError::Refused(code) if code == "ResourceNotFoundException"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_is_asked_by_its_arn_while_it_is_active() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    let deployment = trained(&stub, &trainer, &job).await;
    trainer.deploy(&deployment).await.unwrap();
    end_deployment(&stub, &job.name, "Active").await;
    let Some(DeploymentState::Active(arn)) = trainer.deployment_state(&job.name).await.unwrap() else {
        panic!()
    };
    let url = format!("{}/model/{}/converse", stub.url(), arn.replace(':', "%3A").replace('/', "%2F"));
    let ask = async || {
        stub.script(vec![Step::text("A wren.")]).unwrap();
        let url = url.clone();
        let body = json!({"messages": [{"role": "user", "content": [{"text": "A bird?"}]}]});
        let post = move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            agent.post(&url).send_json(body).unwrap().status().as_u16()
        };
        tokio::task::spawn_blocking(post).await.unwrap()
    };
    assert_eq!(ask().await, 200);
    assert_eq!(stub.calls()[0].model_id, arn);
    end_deployment(&stub, &job.name, "Creating").await;
    assert_eq!(ask().await, 404);
    end_deployment(&stub, &job.name, "Active").await;
    trainer.delete_deployment(&job.name).await.unwrap();
    assert_eq!(ask().await, 404);
}
