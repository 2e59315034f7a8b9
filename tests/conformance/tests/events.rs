//! The event schemas under `events/schemas` and the events that the domain really writes.

use crate::schema::faults;
use crate::tree::{names, read_json};
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
    AiBudget, AiRequestMetered, AssignedVariant, CacheUse, Feature, ModelUsage, Month, MonthCosts,
    OverridePrices, RequestOutcome, SetBudget, TokenCounts, UnmeteredUsage, override_prices,
    report_thresholds, set_budget,
};
use domain::audit::{LoginAttempt, deny_access, fail_login};
use domain::event::SECRET_FACTS;
use domain::id::{
    AccountTag, AiRequestTag, ApiKeyTag, BatchTag, FineTuneTag, LeadTag, NotificationTag, OrganizationTag,
    SessionTag, new_id,
};
use domain::identity::{RefreshDecision, RegisterAccount};
use domain::identity::{
    RefreshToken, Revocation, Session, StartSession, refresh_session, register_account, revoke_session,
    start_session,
};
use domain::notification::{Notification, NotificationKind, create_notification, mark_notification_read};
use domain::sales::{
    AbstainReason, Assessment, Breakdown, Cost, Dimension, Engine, Evidence, Factor, Lead, LeadInput,
    LeadScore, ScoredField, create_lead, delete_lead, erase_lead_contact, score_lead, update_lead,
};
use domain::tenancy::{
    ApiKey, CreateApiKey, RegisterOrganization, Role, add_member, create_api_key, register_organization,
    revoke_api_key,
};
use domain::{Aggregate, AggregateType, DomainEvent, EncodedEvent, EventMeta, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The text in every personal value, which must not be found in `data`.
const PERSONAL: &str = "zxqpersonalzxq";
/// The text in every secret value of a session or an API key.
const SECRET: &str = "zxqsecretzxq";
/// Properties that can only hold personal data.
const NAMES_OF_PERSONAL_DATA: [&str; 10] = [
    "contact_name",
    "contact_email",
    "contact_phone",
    "contact",
    "notes",
    "quote",
    "evidence",
    "email",
    "phone",
    "password_hash",
];

/// A schema as it holds on the bus: without the facts that never leave the ledger.
pub(crate) fn public(mut schema: Value) -> Value {
    let secret: Vec<String> = secrets(&schema);
    let members = schema.as_object_mut().unwrap();
    members["properties"].as_object_mut().unwrap().retain(|name, _| !secret.contains(name));
    members["required"].as_array_mut().unwrap().retain(|name| !secret.iter().any(|secret| name == secret));
    schema
}

fn secrets(schema: &Value) -> Vec<String> {
    let properties = schema["properties"].as_object().unwrap().iter();
    properties
        .filter(|(_, property)| property["x-sextant-private"] == true)
        .map(|(name, _)| name.clone())
        .collect()
}

/// The faults of an event's data by its type and version, such as `lead_created.v1`.
pub(crate) fn faults_of_data(schema: &str, data: &Value, view: fn(Value) -> Value) -> Vec<String> {
    faults(&view(read_json(&format!("events/schemas/{schema}.json"))), data)
}

/// The event types that have a schema.
pub(crate) fn types() -> BTreeSet<String> {
    schema_files().into_iter().map(|file| file.split('.').next().unwrap().to_owned()).collect()
}

fn schema_files() -> Vec<String> {
    names("events/schemas").into_iter().filter(|file| file.ends_with(".json")).collect()
}

fn at() -> Timestamp {
    Timestamp::from_millis(1_763_716_200_000)
}

fn applied<A: Aggregate>(state: Option<A>, event: &A::Event) -> A {
    A::apply(state, event, EventMeta { at: at() }).unwrap()
}

/// An event of every kind, as the domain decides and writes it.
pub(crate) fn written() -> Vec<EncodedEvent> {
    let mut events = vec![];
    let organization = new_id::<OrganizationTag>(at(), &[1; 10]);
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let command = RegisterOrganization { id: organization, name: "Northwind", home_region: "us-east-1" };
    events.push(register_organization(&command).unwrap().encode());
    let command = RegisterAccount {
        id: account,
        organization_id: organization,
        email: &format!("{PERSONAL}@northwind.example"),
        name: PERSONAL,
        password_hash: PERSONAL.to_owned(),
    };
    events.push(register_account(command).unwrap().encode());
    events.push(add_member(account, Role::Admin).encode());
    events.extend(session_events());
    events.extend(lead_events());
    let id = new_id::<NotificationTag>(at(), &[5; 10]);
    for kind in [
        NotificationKind::LeadScored { lead_id: new_id::<LeadTag>(at(), &[4; 10]), score: None },
        NotificationKind::SessionRevoked { session_id: new_id::<SessionTag>(at(), &[3; 10]) },
        NotificationKind::AiBudgetThresholdReached { month: Month::of(at()), percent: 80 },
    ] {
        let created = create_notification(id, account, kind);
        events.push(created.encode());
        events.push(mark_notification_read(&applied::<Notification>(None, &created)).unwrap().encode());
    }
    events.extend(api_key_events());
    events.extend(fine_tune_events());
    events.extend(batch_events());
    events.extend(ai_events());
    events.push(deny_access(account, "lead:read", AggregateType::Lead, "lead_1").encode());
    for (account_id, email_hash) in [(Some(account), None), (None, Some("A".repeat(43)))] {
        let network = "203.0.113.0/24".to_owned();
        events.push(fail_login(LoginAttempt { account_id, email_hash, network }).encode());
    }
    events
}

fn fine_tune_events() -> Vec<EncodedEvent> {
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
    let mut old = completed.encode();
    old.schema_version = 1;
    old.data.as_object_mut().unwrap().remove("deployment");
    let events = [created, wrong, accepted, started, trained, completed, failed, too_dear, canceled, stopped];
    events.iter().map(DomainEvent::encode).chain([old]).collect()
}

fn batch_events() -> Vec<EncodedEvent> {
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

fn session_events() -> Vec<EncodedEvent> {
    let token = || RefreshToken { hash: SECRET.to_owned(), salt: SECRET.to_owned() };
    let started = start_session(StartSession {
        id: new_id::<SessionTag>(at(), &[3; 10]),
        account_id: new_id::<AccountTag>(at(), &[2; 10]),
        family_hash: SECRET.to_owned(),
        token: token(),
        at: at(),
    });
    let session: Session = applied(None, &started);
    let Ok(RefreshDecision::Rotate(refreshed)) = refresh_session(&session, SECRET, SECRET, token(), at())
    else {
        panic!("a fresh token rotates")
    };
    let mut events = vec![started.encode(), refreshed.encode()];
    events.extend(
        [Revocation::Logout, Revocation::RefreshTokenReuse]
            .map(|reason| revoke_session(&session, reason).unwrap().encode()),
    );
    events
}

fn api_key_events() -> Vec<EncodedEvent> {
    let prefix = "sxk_01jd2wzq4sf1a6p8d2y7b9t3ge_01jd2x3c6hf9b5r1m8v4n7q2wk";
    let created = create_api_key(CreateApiKey {
        id: new_id::<ApiKeyTag>(at(), &[6; 10]),
        name: "CRM export",
        scopes: &["completion:create", "embedding:create", "model:read", "flag:read"].map(str::to_owned),
        expires_in_days: None,
        prefix: prefix.to_owned(),
        secret_hash: SECRET.to_owned(),
        created_by: new_id::<AccountTag>(at(), &[2; 10]),
        at: at(),
    })
    .unwrap();
    let key: ApiKey = applied(None, &created);
    vec![created.encode(), revoke_api_key(&key).unwrap().encode()]
}

fn ai_events() -> Vec<EncodedEvent> {
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let model = "us.amazon.nova-pro-v1:0".to_owned();
    let features = Feature::ALL.map(|feature| (feature.as_str().to_owned(), "0.5".to_owned()));
    let chains = Feature::ALL.into_iter().filter(|feature| feature.has_chain());
    let chains = chains.map(|feature| (feature.as_str().to_owned(), vec![model.clone()])).collect();
    let command = SetBudget {
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
        set_by: account,
    };
    let set = set_budget(None, &command).unwrap().unwrap();
    let budget: AiBudget = applied(None, &set);
    let nothing = BTreeMap::new();
    let command = SetBudget {
        allowed_models: None,
        feature_month_usd: &BTreeMap::new(),
        chains: &nothing,
        mask_personal_data: false,
        ..command
    };
    let mut events = vec![set.encode(), set_budget(Some(&budget), &command).unwrap().unwrap().encode()];
    // The form of events from before tenants had chains.
    let mut old = set.encode();
    old.schema_version = 1;
    old.data.as_object_mut().unwrap().retain(|name, _| name != "chains" && name != "masking");
    events.push(old);
    let prices = BTreeMap::from([(model.clone(), ["0.64", "2.56", "0.16", "0.64"])]);
    let known_models = &BTreeSet::from([model.clone()]);
    let command = OverridePrices { prices: &prices, reference: "framework contract 2026-114", known_models };
    events.push(override_prices(None, &command).unwrap().unwrap().encode());
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
    for set_by in [None, Some(account)] {
        let costs = MonthCosts { month: Month::of(at()), cost: 150, expected: 100, set_by };
        events.extend(report_thresholds(None, &costs).iter().map(DomainEvent::encode));
    }
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

fn lead_events() -> Vec<EncodedEvent> {
    let email = format!("{PERSONAL}@contoso.example");
    let input = LeadInput {
        company_name: "Contoso",
        industry: Some("Logistics"),
        company_size: Some(1200_i64.into()),
        contact_name: Some(PERSONAL),
        contact_email: Some(&email),
        contact_phone: Some(PERSONAL),
        notes: Some(PERSONAL),
        status: Some("qualified"),
    };
    let created =
        create_lead(new_id::<LeadTag>(at(), &[4; 10]), new_id::<AccountTag>(at(), &[2; 10]), &input).unwrap();
    let lead: Lead = applied(None, &created);
    let smaller = LeadInput { industry: None, company_size: None, ..input };
    let band = LeadInput { company_size: Some("1001-5000".into()), ..input };
    let open_band = LeadInput { company_size: Some("10,000+".into()), ..input };
    let mut events = vec![
        created.encode(),
        update_lead(&lead, &smaller).unwrap().unwrap().encode(),
        create_lead(lead.id, lead.details.owner_id, &band).unwrap().encode(),
        update_lead(&lead, &open_band).unwrap().unwrap().encode(),
    ];
    for outcome in [
        Ok(Breakdown { budget: 80, authority: 60, need: 70, timeline: 0 }),
        Err(AbstainReason::InsufficientData),
    ] {
        let evidence = Evidence { quote: PERSONAL.to_owned(), reason: PERSONAL.to_owned() };
        let factor = Factor {
            dimension: Dimension::Need,
            impact: -40,
            field: ScoredField::Notes,
            evidence: Some(evidence),
        };
        let score = LeadScore {
            assessment: Assessment { outcome, factors: vec![factor], confidence_percent: 80 },
            engine: Engine::Model,
            model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0".to_owned(),
            cost: Cost {
                nano_usd: 8_130_000,
                input_tokens: 1210,
                output_tokens: 300,
                price_version: "2025-11-01".to_owned(),
                attempts: 1,
            },
            scored_at: at(),
        };
        events.push(score_lead(&lead, score).encode());
    }
    events.extend([delete_lead(&lead).unwrap().encode(), erase_lead_contact(&lead).unwrap().encode()]);
    events
}

#[test]
fn every_event_matches_its_schema_and_every_schema_has_an_event() {
    let mut seen = BTreeSet::new();
    for event in written() {
        let schema = format!("{}.v{}", event.event_type, event.schema_version);
        let faults = faults_of_data(&schema, &event.data, |schema| schema);
        assert!(faults.is_empty(), "{schema}: {faults:?}");
        seen.insert(format!("{schema}.json"));
    }
    assert_eq!(seen, schema_files().into_iter().collect());
}

#[test]
fn no_event_tells_who_somebody_is() {
    let mut sealed = 0;
    for event in written() {
        assert!(!event.data.to_string().contains(PERSONAL), "{}", event.event_type);
        sealed += usize::from(!event.personal.is_empty());
    }
    assert!(sealed >= 5, "the personal parts are somewhere else: {sealed}");
}

#[test]
fn secrets_are_marked_private() {
    for event in written() {
        let schema =
            read_json(&format!("events/schemas/{}.v{}.json", event.event_type, event.schema_version));
        let private = secrets(&schema);
        assert!(
            private.iter().all(|name| SECRET_FACTS.contains(&name.as_str())),
            "{}: {private:?}",
            event.event_type
        );
        let mut data = event.data.clone();
        data.as_object_mut().unwrap().retain(|name, _| !private.contains(name));
        assert!(!data.to_string().contains(SECRET), "{}", event.event_type);
        let faults = faults(&public(schema), &data);
        assert!(faults.is_empty(), "{}: {faults:?}", event.event_type);
    }
}

#[test]
fn schemas_are_closed_and_name_no_personal_data() {
    for file in schema_files() {
        let schema = read_json(&format!("events/schemas/{file}"));
        assert_eq!(schema["$id"], format!("https://sextant.dev/events/{file}"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        closed(&schema, &file);
    }
}

fn closed(schema: &Value, place: &str) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        assert_eq!(schema["additionalProperties"], false, "{place} is open");
        for (name, property) in properties {
            assert!(!NAMES_OF_PERSONAL_DATA.contains(&name.as_str()), "{place} has {name}");
            assert!(property["description"].is_string(), "{place}.{name} is not described");
            closed(property, &format!("{place}.{name}"));
        }
    }
    if let Some(items) = schema.get("items") {
        closed(items, &format!("{place}[]"));
    }
}
