//! Batch jobs: the files that the service refuses, and the results of the others.

use std::time::Duration;

use crate::support::http::{get, post, put};
use model_stub::{Step, Stub};
use serde_json::{Value, json};

const INPUT: &str = "/_s3/b/batches/org_1/batch_1/input/r.jsonl";

fn line(id: &str, input: &Value) -> String {
    json!({"recordId": id, "modelInput": input}).to_string()
}

fn hello() -> Value {
    json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]})
}

fn lines(count: usize) -> Vec<String> {
    (0..count).map(|place| line(&format!("R{place:010}"), &hello())).collect()
}

fn request() -> Value {
    json!({
        "jobName": "batch-1", "roleArn": "arn:aws:iam::000000000000:role/batches", "modelId": "m",
        "modelInvocationType": "Converse",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://b/batches/org_1/batch_1/input/r.jsonl"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://b/batches/org_1/batch_1/output/"}},
    })
}

/// The job with this file, once it has ended.
async fn ended(stub: &Stub, file: &[String]) -> Value {
    put(stub, INPUT, file.join("\n")).await;
    let created = post(stub, "/model-invocation-job", &request()).await;
    let id = created.json()["jobArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    for _ in 0..500 {
        let job = get(stub, &format!("/model-invocation-job/{id}")).await.json();
        if !["Submitted", "InProgress"].contains(&job["status"].as_str().unwrap()) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the job does not end");
}

#[tokio::test]
async fn files_that_the_service_refuses_fail_the_job() {
    let with = |changed: String| {
        let mut lines = lines(100);
        lines[41] = changed;
        lines
    };
    let no_record = "Line 42 is not a record with an id of 11 letters and digits and a modelInput.";
    for (file, message) in [
        (lines(99), "The file has 99 records; a job takes 100 to 50000."),
        (with("{".to_owned()), no_record),
        (with(line("R-000000041", &hello())), no_record),
        (with(line("R00000041", &hello())), no_record),
        (with(line("R0000000041", &json!("Hi"))), no_record),
        (with(json!({"recordId": "R0000000041"}).to_string()), no_record),
        (with(line("R0000000007", &hello())), "The id in line 42 is there twice."),
    ] {
        let stub = Stub::start().await.unwrap();
        let job = ended(&stub, &file).await;
        assert_eq!((&job["status"], &job["message"]), (&json!("Failed"), &json!(message)));
        assert_eq!(stub.calls().len(), 0);
    }
}

#[tokio::test]
async fn each_record_is_answered_as_a_live_call_is() {
    let stub = Stub::start().await.unwrap();
    let mut steps = vec![Step::status(429).with_message("Slower."), Step::text("First.")];
    steps.extend((0..96).map(|_| Step::text("Further.")));
    stub.script(steps).unwrap();
    let mut file = lines(100);
    file[2] = line("R0000000002", &json!({"messages": []}));
    let mut with_tools = hello();
    with_tools["toolConfig"] =
        json!({"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": {"type": "object"}}}}]});
    file[3] = line("R0000000003", &with_tools);
    let job = ended(&stub, &file).await;
    assert_eq!((&job["status"], &job["totalRecordCount"]), (&json!("Completed"), &json!(100)));
    assert_eq!((&job["successRecordCount"], &job["errorRecordCount"]), (&json!(97), &json!(3)));
    // A record with tools comes to no model.
    assert_eq!(stub.calls().len(), 99);

    let folder = "/_s3/b/batches/org_1/batch_1/output/batch0000001";
    let results = get(&stub, &format!("{folder}/r.jsonl.out")).await.text();
    let mut results: Vec<Value> = results.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // They come in another order.
    assert_eq!(results[0]["recordId"], "R0000000099");
    results.reverse();
    let throttled = json!({"errorCode": 429, "errorMessage": "Slower."});
    assert_eq!(results[0], json!({"recordId": "R0000000000", "modelInput": hello(), "error": throttled}));
    assert_eq!(results[1]["modelOutput"]["output"]["message"]["content"][0]["text"], "First.");
    assert_eq!(results[2]["error"]["errorCode"], 400);
    let message = "Batch inference in the form of Converse does not support toolConfig.";
    assert_eq!(results[3]["error"], json!({"errorCode": 400, "errorMessage": message}));
    let manifest = get(&stub, &format!("{folder}/manifest.json.out")).await.json();
    let counts = json!({
        "totalRecordCount": 100, "processedRecordCount": 100, "successRecordCount": 97, "errorRecordCount": 3,
    });
    assert_eq!(manifest, counts);
}

#[tokio::test]
async fn a_request_that_the_service_refuses_starts_nothing() {
    let stub = Stub::start().await.unwrap();
    for (member, value) in [
        ("jobName", json!("batch_1")),
        ("modelInvocationType", json!("InvokeModel")),
        ("timeoutDurationInHours", json!(12)),
        ("roleArn", json!("batches")),
        ("inputDataConfig", json!({})),
    ] {
        let mut request = request();
        request[member] = value;
        let refused = post(&stub, "/model-invocation-job", &request).await;
        assert_eq!(refused.status, 400, "{member}");
        assert_eq!(refused.head["x-amzn-errortype"], "ValidationException");
    }
    let listed = get(&stub, "/model-invocation-jobs").await.json();
    assert_eq!(listed, json!({"invocationJobSummaries": []}));
    assert_eq!(get(&stub, "/model-invocation-job/aaaaaaaaaaaa").await.status, 404);
}
