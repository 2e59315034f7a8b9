//! The events of the AI gateway, of batches and of fine-tunes, as the domain decides and writes them.

use super::written::{applied, at};
use domain::ai::batch::{
    Batch, BatchEvent, BatchFailure, BatchProgress, BatchReservation, CreateBatch, cancel_batch, claim_batch,
    create_batch, end_batch, expire_batch, fail_batch, file_failure, record_progress, requeue_batch,
    start_batch, submit_batch,
};
use domain::ai::batch_file::{BatchFileReport, BatchLineFault, BatchLineProblem};
use domain::ai::fine_tune::{
    CreateFineTune, Failure, FineTune, HyperParameters, cancel_fine_tune, complete_fine_tune,
    create_fine_tune, fail_fine_tune, judge_file, start_fine_tune, stop_fine_tune, train_fine_tune,
};
use domain::ai::training_file::{FileReport, LineFault, LineProblem};
use domain::ai::{
    AiBudget, AiRequestMetered, AssignedVariant, BudgetFields, CacheUse, Feature, ModelUsage, Month,
    MonthCosts, OverridePrices, RequestOutcome, TokenCounts, UnmeteredUsage, override_prices,
    report_thresholds, set_budget,
};
use domain::id::{AccountTag, AiRequestTag, ApiKeyTag, BatchTag, FineTuneTag, new_id};
use domain::{DomainEvent, EncodedEvent};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn fine_tune_events() -> Vec<EncodedEvent> {
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let created = create_fine_tune(&CreateFineTune {
        id: new_id::<FineTuneTag>(at(), &[8; 10]),
        name: "Replies",
        base_model: "amazon.nova-lite-v1:0",
        training_model: "amazon.nova-lite-v1:0:300k",
        hyper_parameters: HyperParameters::default(),
        bytes: 1,
        sha256: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
        created_by: account,
    })
    .unwrap();
    let waiting: FineTune = applied(None, &created);
    let fault = LineFault { line: 1, reason: LineProblem::NotJson };
    let wrong = judge_file(&waiting, FileReport { records: 9, faults: vec![fault] }).unwrap();
    let accepted = judge_file(&waiting, FileReport { records: 9, faults: Vec::new() }).unwrap();
    let submitting = applied(Some(waiting), &accepted);
    let started = start_fine_tune(&submitting, "job").unwrap();
    let training = applied(Some(submitting), &started);
    let trained = train_fine_tune(&training, "model").unwrap();
    let deploying = applied(Some(training.clone()), &trained);
    let completed = complete_fine_tune(&deploying, "deployment").unwrap();
    let failed = fail_fine_tune(&training, Failure::of_provider("No room")).unwrap();
    let too_dear = fail_fine_tune(&training, Failure::of_budget("tenant_day")).unwrap();
    let canceled = cancel_fine_tune(&training, account).unwrap();
    let stopped = stop_fine_tune(&applied(Some(training), &canceled)).unwrap();
    // The form of events from before models were deployed.
    let mut old = completed.encode().with_version(1);
    old.data.as_object_mut().unwrap().remove("deployment");
    let events = [created, wrong, accepted, started, trained, completed, failed, too_dear, canceled, stopped];
    events.iter().map(DomainEvent::encode).chain([old]).collect()
}

pub(super) fn batch_events() -> Vec<EncodedEvent> {
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let metadata = std::collections::BTreeMap::from([("run".to_owned(), "nightly".to_owned())]);
    let created = create_batch(&CreateBatch {
        id: new_id::<BatchTag>(at(), &[9; 10]),
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
        bytes: 10,
        sha256: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
        metadata: &metadata,
        created_by: account,
        api_key: Some(new_id::<ApiKeyTag>(at(), &[6; 10])),
    })
    .unwrap();
    let waiting: Batch = applied(None, &created);
    let fault = BatchLineFault { line: 7, reason: BatchLineProblem::NotJson };
    let wrong = file_failure(BatchFileReport { lines: 9, faults: vec![fault] }).unwrap();
    let wrong = fail_batch(&waiting, wrong).unwrap();
    let poor = fail_batch(&waiting, BatchFailure::of_budget("tenant_day")).unwrap();
    let reservation = BatchReservation {
        request_id: new_id::<AiRequestTag>(at(), &[7; 10]),
        bound_nano_usd: 1_000_000,
        shard: 0,
        at: at(),
        lease_until: at().plus_seconds(60),
        model: "amazon.nova-lite-v1:0".to_owned(),
        provider: "bedrock".to_owned(),
        price_version: "2026-11-29".to_owned(),
    };
    let start = |model: Option<&str>| {
        start_batch(&waiting, 2, reservation.clone(), model.map(str::to_owned)).unwrap()
    };
    let (queued, given) = (start(None), start(Some("amazon.nova-lite-v1:0")));
    let submitted = submit_batch(&applied(Some(waiting.clone()), &given), "job").unwrap();
    let requeued = requeue_batch(&applied(Some(waiting.clone()), &given), "ValidationException").unwrap();
    let started: Batch = applied(Some(waiting.clone()), &queued);
    let until = at().plus_seconds(60);
    let claimed = claim_batch(&started, at(), until).unwrap();
    let running = applied(Some(started.clone()), &claimed);
    let tokens = domain::ai::TokenCounts { input: 1, output: 1, ..Default::default() };
    let (model, unmetered) = ("amazon.nova-lite-v1:0".to_owned(), Default::default());
    let usage = vec![domain::ai::ModelUsage { model, tokens, cost_nano_usd: 300, unmetered }];
    let progress = BatchProgress { lines: 2, bytes: 10, completed: 1, failed: 1, attempts: 3, usage };
    let progressed = record_progress(&running, until, progress).unwrap();
    let ended = end_batch(&applied(Some(running), &progressed)).unwrap();
    let cancelled = cancel_batch(&started, account).unwrap();
    let expired = expire_batch(&started, at().plus_seconds(24 * 3600)).unwrap();
    let events: [BatchEvent; 12] = [
        created, queued, claimed, progressed, ended, given, submitted, requeued, cancelled, expired, wrong,
        poor,
    ];
    events.iter().map(DomainEvent::encode).collect()
}

pub(super) fn ai_events() -> Vec<EncodedEvent> {
    let model = "us.amazon.nova-pro-v1:0".to_owned();
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let mut events = budget_events(&model);
    let prices = BTreeMap::from([(model.clone(), ["0.64", "2.56", "0.16", "0.64"])]);
    let known_models = &BTreeSet::from([model.clone()]);
    let command = OverridePrices { prices: &prices, reference: "framework contract 2026-114", known_models };
    events.push(override_prices(None, &command).unwrap().unwrap().encode());
    for set_by in [None, Some(account)] {
        let costs = MonthCosts { month: Month::of(at()), cost: 150, expected: 100, set_by };
        events.extend(report_thresholds(None, &costs).iter().map(DomainEvent::encode));
    }
    events.extend(metered_events(model));
    events
}

fn budget_events(model: &str) -> Vec<EncodedEvent> {
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let model = model.to_owned();
    let features = Feature::ALL.map(|feature| (feature.as_str().to_owned(), "0.5".to_owned()));
    let chains = Feature::ALL.into_iter().filter(|feature| feature.has_chain());
    let chains = chains.map(|feature| (feature.as_str().to_owned(), vec![model.clone()])).collect();
    let fields = BudgetFields {
        tenant_month_usd: "250",
        tenant_day_usd: "25.50",
        user_day_usd: "5",
        feature_month_usd: &BTreeMap::from(features),
        expected_month_usd: "120",
        allowed_models: Some(std::slice::from_ref(&model)),
        known_models: &BTreeSet::from([model.clone()]),
        chains: &chains,
        chat_models: &BTreeSet::from([model.clone()]),
        mask_personal_data: true,
    };
    let set = set_budget(None, fields.limits().unwrap(), account).unwrap();
    let budget: AiBudget = applied(None, &set);
    let unlimited = BudgetFields {
        allowed_models: None,
        feature_month_usd: &BTreeMap::new(),
        chains: &BTreeMap::new(),
        mask_personal_data: false,
        ..fields
    };
    let reset = set_budget(Some(&budget), unlimited.limits().unwrap(), account).unwrap().encode();
    // The form of events from before tenants had chains.
    let mut old = reset.clone().with_version(1);
    old.data.as_object_mut().unwrap().retain(|name, _| name != "chains" && name != "masking");
    vec![set.encode(), reset, old]
}

fn metered_events(model: String) -> Vec<EncodedEvent> {
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let mut events = Vec::new();
    let metered = AiRequestMetered {
        request_id: new_id::<AiRequestTag>(at(), &[7; 10]),
        account_id: account,
        api_key_id: None,
        feature: Feature::Completion,
        model,
        provider: "bedrock".to_owned(),
        tokens: TokenCounts { input: 1210, output: 300, cache_read: 20, cache_write: 30 },
        cost_nano_usd: 8_130_000,
        other_models: Vec::new(),
        unmetered: UnmeteredUsage::default(),
        price_version: "2025-11-01".to_owned(),
        attempts: 2,
        latency_ms: 900,
        cache: CacheUse::Miss,
        outcome: RequestOutcome::Answered,
        variant: None,
    };
    let by_key =
        AiRequestMetered { api_key_id: Some(new_id::<ApiKeyTag>(at(), &[6; 10])), ..metered.clone() };
    let other = ModelUsage {
        model: "other".to_owned(),
        tokens: metered.tokens,
        cost_nano_usd: 130_000,
        unmetered: UnmeteredUsage::default(),
    };
    events.push(AiRequestMetered { other_models: vec![other.clone()], ..metered.clone() }.encode());
    let unmetered = UnmeteredUsage { tokens: metered.tokens, cost_nano_usd: 9_000_000 };
    let other = ModelUsage { unmetered, ..other };
    events.push(AiRequestMetered { other_models: vec![other], unmetered, ..metered.clone() }.encode());
    let variant = AssignedVariant { experiment: "first:90|other:10".to_owned(), model: "other".to_owned() };
    events.push(AiRequestMetered { variant: Some(variant), ..by_key.clone() }.encode());
    for feature in Feature::ALL {
        events.push(AiRequestMetered { feature, ..metered.clone() }.encode());
    }
    for cache in [CacheUse::Hit, CacheUse::Bypass] {
        events.push(AiRequestMetered { cache, ..by_key.clone() }.encode());
    }
    for outcome in [RequestOutcome::Failed, RequestOutcome::Cut, RequestOutcome::Presumed] {
        events.push(AiRequestMetered { outcome, ..by_key.clone() }.encode());
    }
    events
}
