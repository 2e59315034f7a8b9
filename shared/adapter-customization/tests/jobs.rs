//! Jobs against a server that speaks the service's wire format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use adapter_aws::{AwsSettings, CallLimits, sdk_config};
use adapter_customization::{BedrockTrainer, TrainingPlace};
use aws_credential_types::Credentials;
use domain::Timestamp;
use domain::ai::fine_tune::HyperParameters;
use domain::id::{FineTuneId, OrganizationId, new_id};
use model_stub::Stub;
use ports::{FileKey, JobName, JobState, Trainer, TrainerError, TrainingJob};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn trainer(url: &str) -> BedrockTrainer {
    trainer_with_role(url, "arn:aws:iam::000000000000:role/training")
}

fn trainer_with_role(url: &str, role: &str) -> BedrockTrainer {
    let settings = AwsSettings {
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "test"),
        endpoint_url: None,
        service_endpoints: BTreeMap::from([("BEDROCK".to_owned(), url.to_owned())]),
        limits: CallLimits::default(),
        round_trips: None,
    };
    let config = sdk_config(&settings).unwrap();
    let place = TrainingPlace {
        bucket: "training".to_owned(),
        role_arn: role.to_owned(),
        key_arn: "arn:aws:kms:us-east-1:000000000000:key/data".to_owned(),
    };
    BedrockTrainer::new(&config, place)
}

fn job() -> TrainingJob {
    let at = Timestamp::from_millis(1_793_610_000_000);
    let tenant: OrganizationId = new_id(at, &[1; 10]);
    let id: FineTuneId = new_id(at, &[2; 10]);
    TrainingJob {
        name: JobName::of(&id),
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_end_is_told_apart() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    trainer.start(&job).await.unwrap();
    end(&stub, &job.name, json!({"status": "Failed", "message": "No room"})).await;
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Failed));
    end(&stub, &job.name, json!({"status": "Stopping"})).await;
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Running));
    end(&stub, &job.name, json!({"status": "SomethingNew"})).await;
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Running));
    end(&stub, &job.name, json!({"status": "Completed"})).await;
    let Some(JobState::Completed(model)) = trainer.job_state(&job.name).await.unwrap() else { panic!() };
    assert!(model.ends_with(&format!(":custom-model/{}", job.name.as_str())), "{model}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_is_for_what_runs_and_harmless_otherwise() {
    let stub = Stub::start().await.unwrap();
    let (trainer, job) = (trainer(stub.url()), job());
    trainer.stop(&job.name).await.unwrap();
    trainer.start(&job).await.unwrap();
    trainer.stop(&job.name).await.unwrap();
    assert_eq!(trainer.job_state(&job.name).await.unwrap(), Some(JobState::Stopped));
    trainer.stop(&job.name).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_stays_wrong_and_what_is_away_may_come_back() {
    let stub = Stub::start().await.unwrap();
    let wrong = TrainingJob { model: String::new(), ..job() };
    let refused = trainer(stub.url()).start(&wrong).await.unwrap_err();
    assert!(matches!(refused, TrainerError::Refused(code) if code == "ValidationException"));
    let away = trainer("http://127.0.0.1:9").job_state(&job().name).await.unwrap_err();
    assert!(matches!(away, TrainerError::Unavailable(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_cannot_be_assumed_and_a_full_quota_refuse_nothing() {
    let stub = Stub::start().await.unwrap();
    let role = "arn:aws:iam::000000000000:role/nobody";
    let ours = trainer_with_role(stub.url(), role).start(&job()).await.unwrap_err();
    let TrainerError::Unavailable(source) = ours else { panic!("{ours:?}") };
    assert_eq!(source.to_string(), "Bedrock CreateModelCustomizationJob: ValidationException");
    assert!(!format!("{source:?}").contains("nobody"));
    let full = TrainingJob { model: "no-room".to_owned(), ..job() };
    let full = trainer(stub.url()).start(&full).await.unwrap_err();
    assert!(matches!(full, TrainerError::Busy(_)), "{full:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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
