//! Batches that a provider runs by itself: at half of the price, with errors, masked, and stopped.

use super::logs::Log;
use super::*;
use adapter_bedrock::BedrockBatchRecords;
use application_ai::PriceBook;
use application_ai::batches::ProviderBatches;
use ports::{BatchFiles, BatchJobState};
use testkit::TestBatchJobs;

/// The cost of an answer with 1,000 input and 200 output tokens, at the prices of batches.
pub(super) const BATCH_COST: u64 = 1000 * 400 + 200 * 1600;

pub(super) struct Provider {
    pub(super) scene: Scene,
    pub(super) jobs: TestBatchJobs,
    records: BedrockBatchRecords,
}

impl Provider {
    pub(super) fn start() -> Self {
        Self { scene: Scene::start(), jobs: TestBatchJobs::default(), records: BedrockBatchRecords::new() }
    }

    pub(super) async fn run_at(&self, seconds: i64) -> Result<BatchReport, Error> {
        self.run_with(&self.scene.files, &self.scene.at(seconds)).await
    }

    /// A run with these files.
    pub(super) async fn run_with(
        &self,
        files: &dyn BatchFiles,
        context: &Context,
    ) -> Result<BatchReport, Error> {
        let provider = ProviderBatches { jobs: &self.jobs, records: &self.records, region: "us-east-1" };
        let tools = BatchTools { provider: Some(provider), files, ..self.scene.tools() };
        advance_batches(tools, context).await
    }

    /// The identifiers of the records that were written.
    pub(super) fn record_ids(&self) -> Vec<String> {
        let records = self.scene.files.text(&BatchFileKey::records(tenant(1), &id(1))).unwrap();
        let id = |line: &str| {
            serde_json::from_str::<Value>(line).unwrap()["recordId"].as_str().unwrap().to_owned()
        };
        records.lines().map(id).collect()
    }

    /// Brings results of these records, in reverse order, and returns the place of their file.
    pub(super) fn answer(&self, ids: &[String]) -> Vec<String> {
        let result = |id: &String| {
            let content = json!([{"text": format!("Answer to {id}.")}]);
            let output = json!({
                "output": {"message": {"role": "assistant", "content": content}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 1000, "outputTokens": 200, "totalTokens": 1200},
                "metrics": {"latencyMs": 1},
            });
            format!("{}\n", json!({"recordId": id, "modelInput": {}, "modelOutput": output}))
        };
        let place = format!("{}job/out", BatchFileKey::provider_results(tenant(1), &id(1)).as_str());
        let key = BatchFileKey::provider_result(tenant(1), &id(1), &place).unwrap();
        self.scene.files.bring(&key, ids.iter().rev().map(result).collect::<String>());
        vec![place]
    }
}

#[tokio::test]
async fn enough_lines_for_one_model_are_run_by_the_provider_at_half_of_the_price() {
    let provider = Provider::start();
    let scene = &provider.scene;
    // A line that is refused needs no record.
    let wrong = of_body("wrong", &json!({"model": NOVA, "messages": []}));
    scene.with_file(1, &format!("{wrong}{}", lines(600))).await;
    provider.run_at(0).await.unwrap();
    let started = provider.jobs.started();
    assert_eq!((started.len(), started[0].records, started[0].model.as_str()), (1, 600, NOVA));
    assert_eq!(started[0].tenant, tenant(1));
    assert_eq!(started[0].input, BatchFileKey::records(tenant(1), &id(1)).as_str());
    let ids = provider.record_ids();
    assert_eq!((ids.len(), ids[0].as_str()), (600, "L0000000002"));
    // The job runs; nothing is asked here, and no limit is used.
    provider.run_at(60).await.unwrap();
    assert_eq!(scene.status(1).await, BatchStatus::InProgress);
    let outputs = provider.answer(&ids);
    provider.jobs.end(&BatchJobState::Completed { outputs });
    let (log, guard) = Log::keep();
    provider.run_at(3600).await.unwrap();
    drop(guard);
    // The alarm of the operator's spending sums the cost up, once.
    assert_eq!(log.values("ai_cost_nano_usd"), [(600 * BATCH_COST).to_string()]);
    assert_eq!(log.values("feature"), ["\"completion\""]);
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Completed, 600, 1));
    assert!(scene.model.calls().is_empty());
    let output = scene.output(1);
    let body = &output["r1"]["response"]["body"];
    assert_eq!(body["choices"][0]["message"]["content"], "Answer to L0000000002.");
    assert_eq!(scene.errors(1)["wrong"]["response"]["status_code"], 400);
    let metered = scene.metered().await;
    assert_eq!(metered.len(), 1);
    let version = metered[0]["price_version"].as_str().unwrap();
    assert!(version.ends_with("+batch"), "{version}");
    assert_eq!(metered[0]["cost_nano_usd"], 600 * BATCH_COST);
    // A bill explains the amount with the prices of that version.
    let model = PriceBook::shipped().unwrap().model(version, NOVA, &Default::default()).unwrap();
    assert_eq!(600 * (1000 * model.input + 200 * model.output), 600 * BATCH_COST);
    assert_eq!(scene.spent().await.tenant_month.committed, 600 * BATCH_COST);
}

#[tokio::test]
async fn other_files_are_queued() {
    let few = lines(99);
    let chain = json!({"model": "auto", "messages": [{"role": "user", "content": "Hi"}]});
    let lite = json!({"model": "amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": "Hi"}]});
    let tools = json!({"model": NOVA, "messages": [{"role": "user", "content": "Hi"}], "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]});
    let more = |body: &Value| format!("{}{}", lines(100), of_body("other", body));
    for file in [few, more(&chain), more(&lite), more(&tools)] {
        let provider = Provider::start();
        provider.scene.with_file(1, &file).await;
        provider.run_at(0).await.unwrap();
        let state = provider.scene.state(1).await;
        assert_eq!((state.status, state.provider_model), (BatchStatus::InProgress, None));
        assert!(provider.jobs.started().is_empty() && state.completed > 50);
    }
}

#[tokio::test]
async fn lines_that_the_provider_did_not_answer_have_an_error() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.run_at(0).await.unwrap();
    let ids = provider.record_ids();
    let outputs = provider.answer(&ids[..98]);
    // One more result is longer than any completion.
    let place = BatchFileKey::provider_result(tenant(1), &id(1), &outputs[0]).unwrap();
    let long = json!({"recordId": ids[98], "modelOutput": "x".repeat(4 * 1024 * 1024)});
    let text = scene.files.text(&place).unwrap();
    scene.files.bring(&place, format!("{long}\n{text}"));
    provider.jobs.end(&BatchJobState::Completed { outputs });
    let (log, guard) = Log::keep();
    provider.run_at(60).await.unwrap();
    drop(guard);
    assert_eq!(log.values("too_long"), ["1"]);
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Completed, 98, 2));
    let error = &scene.errors(1)["r100"]["response"];
    assert_eq!(
        (&error["status_code"], &error["body"]["error"]["code"]),
        (&json!(503), &json!("models_unavailable"))
    );
    assert_eq!(scene.metered().await[0]["cost_nano_usd"], 98 * BATCH_COST);
}

#[tokio::test]
async fn long_results_are_kept_in_chunks_of_some_megabytes() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.run_at(0).await.unwrap();
    let ids = provider.record_ids();
    let outputs = provider.answer(&ids);
    let place = BatchFileKey::provider_result(tenant(1), &id(1), &outputs[0]).unwrap();
    let text = scene.files.text(&place).unwrap().replace("Answer to", &"x".repeat(200_000));
    scene.files.bring(&place, text);
    provider.jobs.end(&BatchJobState::Completed { outputs });
    provider.run_at(60).await.unwrap();
    assert_eq!((scene.status(1).await, scene.output(1).len()), (BatchStatus::Completed, 100));
    let chunks = scene.files.written().iter().filter(|name| name.contains("/chunks/")).count();
    assert_eq!(chunks, 3);
}

#[tokio::test]
async fn a_cancelled_job_is_stopped_and_its_results_are_kept_and_paid() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.run_at(0).await.unwrap();
    scene.cancel(1).await;
    provider.run_at(60).await.unwrap();
    assert_eq!((provider.jobs.stops(), scene.status(1).await), (1, BatchStatus::Cancelling));
    let ids = provider.record_ids();
    let outputs = provider.answer(&ids[..40]);
    provider.jobs.end(&BatchJobState::Stopped { outputs });
    provider.run_at(120).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Cancelled, 40, 60));
    assert_eq!((scene.output(1).len(), scene.errors(1).len()), (40, 60));
    let unfinished = &scene.errors(1)["r100"];
    assert_eq!(
        (&unfinished["response"], &unfinished["error"]["code"]),
        (&Value::Null, &json!("batch_cancelled"))
    );
    assert_eq!(scene.spent().await.tenant_month.committed, 40 * BATCH_COST);
}

#[tokio::test]
async fn personal_data_is_masked_for_the_provider_and_put_back() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.limit(Limits { mask_personal_data: true, ..Limits::default() }).await;
    let file: String =
        (1..=100).map(|number| line(&format!("r{number}"), "Write to grace@contoso.example.")).collect();
    scene.with_file(1, &file).await;
    provider.run_at(0).await.unwrap();
    let records = scene.files.text(&BatchFileKey::records(tenant(1), &id(1))).unwrap();
    assert!(records.contains("[email_1]") && !records.contains("grace@"));
    let place = format!("{}out", BatchFileKey::provider_results(tenant(1), &id(1)).as_str());
    let result = json!({"recordId": "L0000000001", "modelInput": {}, "modelOutput": {
        "output": {"message": {"role": "assistant", "content": [{"text": "To [email_1]."}]}},
        "stopReason": "end_turn", "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1}}});
    let key = BatchFileKey::provider_result(tenant(1), &id(1), &place).unwrap();
    scene.files.bring(&key, result.to_string());
    provider.jobs.end(&BatchJobState::Completed { outputs: vec![place] });
    provider.run_at(60).await.unwrap();
    let body = &scene.output(1)["r1"]["response"]["body"];
    assert_eq!(body["choices"][0]["message"]["content"], "To grace@contoso.example.");
}
