//! Batch jobs against a server that speaks the service's wire format.

use crate::support::config;
use adapter_customization::{BatchPlace, BedrockBatchInference};
use domain::Timestamp;
use domain::id::{OrganizationId, new_id};
use model_stub::{Step, Stub};
use ports::{BatchInference, BatchJob, BatchJobState, JobName, ProviderJobError};
use serde_json::{Value, json};
use std::time::Duration;

const ROLE: &str = "arn:aws:iam::000000000000:role/batches";
const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/data";
const RECORDS: u64 = 100;

fn batches(url: &str) -> BedrockBatchInference {
    batches_with_role(url, ROLE)
}

fn batches_with_role(url: &str, role: &str) -> BedrockBatchInference {
    let place =
        BatchPlace { bucket: "batches".to_owned(), role_arn: role.to_owned(), key_arn: KEY.to_owned() };
    BedrockBatchInference::new(&config(url), place)
}

fn tenant() -> OrganizationId {
    new_id(Timestamp::from_millis(1_793_610_000_000), &[1; 10])
}

fn job() -> BatchJob {
    BatchJob {
        name: JobName::of("batch_01jd2x"),
        model: "amazon.nova-lite-v1:0".to_owned(),
        input: format!("batches/{}/batch_01jd2x/provider/records.jsonl", tenant()),
        output_prefix: format!("batches/{}/batch_01jd2x/provider/results/", tenant()),
        tenant: tenant(),
        timeout_hours: 24,
        records: RECORDS,
    }
}

/// Calls the server's own routes.
async fn call(stub: &Stub, method: &'static str, path: &str, body: String) -> String {
    let url = format!("{}{path}", stub.url());
    let send = move || {
        let answer = match method {
            "PUT" => ureq::put(&url).send(body),
            "POST" => ureq::post(&url).send(body),
            _ => ureq::get(&url).call(),
        };
        answer.unwrap().body_mut().read_to_string().unwrap()
    };
    tokio::task::spawn_blocking(send).await.unwrap()
}

async fn jobs(stub: &Stub) -> Vec<Value> {
    let listed: Value = serde_json::from_str(&call(stub, "GET", "/_batches", String::new()).await).unwrap();
    listed["jobs"].as_array().unwrap().clone()
}

/// Puts an input file in its place.
async fn bring(stub: &Stub, job: &BatchJob) {
    let input = json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]});
    let line = |place| json!({"recordId": format!("R{place:010}"), "modelInput": input}).to_string();
    let file: Vec<String> = (0..RECORDS).map(line).collect();
    call(stub, "PUT", &format!("/_s3/batches/{}", job.input), file.join("\n")).await;
}

/// The state, once the job has ended.
async fn ended(batches: &BedrockBatchInference, id: &str) -> BatchJobState {
    for _ in 0..500 {
        let state = batches.state(id).await.unwrap().unwrap();
        if state != BatchJobState::Running {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the job does not end");
}

/// A job with an input file whose first record takes a minute.
async fn slow(stub: &Stub) -> (BedrockBatchInference, String) {
    stub.script(vec![Step::text("Hello.").with_delay_ms(60_000)]).unwrap();
    let (batches, job) = (batches(stub.url()), job());
    bring(stub, &job).await;
    let id = batches.start(&job).await.unwrap();
    (batches, id)
}

#[tokio::test]
async fn a_job_is_asked_for_with_all_it_needs_and_started_once() {
    let stub = Stub::start().await.unwrap();
    let (batches, job) = (batches(stub.url()), job());
    let first = batches.start(&job).await.unwrap();
    assert_eq!(batches.start(&job).await.unwrap(), first);
    let jobs = jobs(&stub).await;
    assert_eq!(jobs.len(), 1);
    let folder = format!("s3://batches/batches/{}/batch_01jd2x", tenant());
    assert_eq!(
        jobs[0]["request"],
        json!({
            "jobName": "batch-01jd2x",
            "clientRequestToken": "batch-01jd2x",
            "roleArn": ROLE,
            "modelId": "amazon.nova-lite-v1:0",
            "modelInvocationType": "Converse",
            "timeoutDurationInHours": 24,
            "inputDataConfig": {"s3InputDataConfig": {
                "s3InputFormat": "JSONL",
                "s3Uri": format!("{folder}/provider/records.jsonl"),
                "s3BucketOwner": "000000000000",
            }},
            "outputDataConfig": {"s3OutputDataConfig": {
                "s3Uri": format!("{folder}/provider/results/"),
                "s3EncryptionKeyId": KEY,
                "s3BucketOwner": "000000000000",
            }},
            "tags": [
                {"key": "sextant:organization", "value": tenant().to_string()},
                {"key": "sextant:batch", "value": "batch-01jd2x"},
            ],
        })
    );
}

/// The service forgets the token of a request before it forgets the job's name.
#[tokio::test]
async fn a_job_whose_token_is_forgotten_is_found_by_its_whole_name() {
    let stub = Stub::start().await.unwrap();
    let batches = batches(stub.url());
    let longer = BatchJob { name: JobName::of("batch_01jd2x_2"), ..job() };
    batches.start(&longer).await.unwrap();
    let mut request = jobs(&stub).await[0]["request"].clone();
    request["jobName"] = json!("batch-01jd2x");
    request["clientRequestToken"] = json!("other");
    let created = call(&stub, "POST", "/model-invocation-job", request.to_string()).await;
    let created: Value = serde_json::from_str(&created).unwrap();
    assert_eq!(batches.start(&job()).await.unwrap(), created["jobArn"]);
    assert_eq!(jobs(&stub).await.len(), 2);
}

/// The server lists one job at a time.
#[tokio::test]
async fn a_job_is_found_on_every_page_of_the_list() {
    let stub = Stub::start().await.unwrap();
    let batches = batches(stub.url());
    let names: Vec<JobName> = (1..=4).map(|number| JobName::of(format!("batch_{number}"))).collect();
    for name in &names {
        let id = batches.start(&BatchJob { name: name.clone(), ..job() }).await.unwrap();
        assert_eq!(batches.find(name).await.unwrap(), Some(id));
    }
    for name in &names {
        assert!(batches.find(name).await.unwrap().is_some(), "{name:?}");
    }
    assert_eq!(batches.find(&JobName::of("batch_5")).await.unwrap(), None);
    // A list that is longer than a look at it does not say that there is no job.
    for number in 5..=21 {
        batches.start(&BatchJob { name: JobName::of(format!("batch_{number}")), ..job() }).await.unwrap();
    }
    let unknown = batches.find(&JobName::of("batch_none")).await;
    assert!(matches!(unknown, Err(ProviderJobError::Unavailable(_))), "{unknown:?}");
}

#[tokio::test]
async fn a_completed_job_names_the_file_of_its_results() {
    let stub = Stub::start().await.unwrap();
    stub.script((0..RECORDS).map(|_| Step::text("Hello.")).collect()).unwrap();
    let (batches, job) = (batches(stub.url()), job());
    bring(&stub, &job).await;
    let id = batches.start(&job).await.unwrap();
    let job_id = id.rsplit('/').next().unwrap();
    let BatchJobState::Completed { outputs } = ended(&batches, &id).await else { panic!() };
    let folder = format!("batches/{}/batch_01jd2x/provider/results/{job_id}", tenant());
    assert_eq!(outputs, [format!("{folder}/records.jsonl.out")]);
    let results = call(&stub, "GET", &format!("/_s3/batches/{}", outputs[0]), String::new()).await;
    assert_eq!(results.lines().count(), 100);
    for line in results.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["modelOutput"]["output"]["message"]["content"], json!([{"text": "Hello."}]));
    }
}

#[tokio::test]
async fn every_state_is_told_apart() {
    let stub = Stub::start().await.unwrap();
    let (batches, id) = slow(&stub).await;
    let job_id = id.rsplit('/').next().unwrap();
    assert_eq!(batches.state(&id).await.unwrap(), Some(BatchJobState::Running));
    let outputs =
        || vec![format!("batches/{}/batch_01jd2x/provider/results/{job_id}/records.jsonl.out", tenant())];
    for (status, state) in [
        ("Validating", BatchJobState::Running),
        ("Scheduled", BatchJobState::Running),
        ("Stopping", BatchJobState::Running),
        ("SomethingNew", BatchJobState::Running),
        ("PartiallyCompleted", BatchJobState::Completed { outputs: outputs() }),
        ("Completed", BatchJobState::Completed { outputs: outputs() }),
        ("Stopped", BatchJobState::Stopped { outputs: outputs() }),
        ("Failed", BatchJobState::Failed),
        ("Expired", BatchJobState::Expired),
    ] {
        let standing = json!({"status": status, "message": "the secret prompt"}).to_string();
        call(&stub, "PUT", &format!("/_batches/{job_id}"), standing).await;
        assert_eq!(batches.state(&id).await.unwrap(), Some(state), "{status}");
    }
    let unknown = "arn:aws:bedrock:us-east-1:000000000000:model-invocation-job/aaaaaaaaaaaa";
    assert_eq!(batches.state(unknown).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_that_is_not_there_fails_the_job() {
    let stub = Stub::start().await.unwrap();
    let batches = batches(stub.url());
    let id = batches.start(&job()).await.unwrap();
    assert_eq!(ended(&batches, &id).await, BatchJobState::Failed);
}

#[tokio::test]
async fn a_running_job_is_stopped_and_stopping_another_is_harmless() {
    let stub = Stub::start().await.unwrap();
    let (batches, id) = slow(&stub).await;
    batches.stop(&id).await.unwrap();
    let state = ended(&batches, &id).await;
    assert!(matches!(state, BatchJobState::Stopped { .. }), "{state:?}");
    batches.stop(&id).await.unwrap();
    batches.stop("aaaaaaaaaaaa").await.unwrap();
    batches.stop("not an id").await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_stays_wrong_and_what_is_away_may_come_back() {
    let stub = Stub::start().await.unwrap();
    let wrong = BatchJob { model: String::new(), ..job() };
    let refused = batches(stub.url()).start(&wrong).await.unwrap_err();
    assert!(matches!(&refused, ProviderJobError::Refused(code) if code == "ValidationException"));
    for records in [0, 99, 50_001] {
        let refused = batches(stub.url()).start(&BatchJob { records, ..job() }).await.unwrap_err();
        assert!(matches!(&refused, ProviderJobError::Refused(code) if code == "RecordCount"));
    }
    assert_eq!(jobs(&stub).await.len(), 0);
    let away = batches("http://127.0.0.1:9").state("aaaaaaaaaaaa").await.unwrap_err();
    assert!(matches!(away, ProviderJobError::Unavailable(_)));
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_and_a_full_or_busy_service_refuse_nothing() {
    let stub = Stub::start().await.unwrap();
    let role = "arn:aws:iam::000000000000:role/nobody";
    let ours = batches_with_role(stub.url(), role).start(&job()).await.unwrap_err();
    let ProviderJobError::Unavailable(source) = ours else { panic!("{ours:?}") };
    assert_eq!(source.to_string(), "Bedrock CreateModelInvocationJob: ValidationException");
    assert!(!format!("{source:?}").contains("nobody"));
    for model in ["no-room", "too-fast"] {
        let full = BatchJob { model: model.to_owned(), ..job() };
        let full = batches(stub.url()).start(&full).await.unwrap_err();
        assert!(matches!(full, ProviderJobError::Busy(_)), "{full:?}");
    }
    assert_eq!(jobs(&stub).await.len(), 0);
}
