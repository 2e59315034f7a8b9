//! A tenant with leads in an environment of its own.
#![allow(unreachable_pub, missing_docs)]

pub mod ai;

use adapter_dynamodb::DynamoStore;
use domain::id::{AccountId, LeadId, OrganizationId, SubjectId, new_id};
use domain::sales::{Lead, LeadEvent, LeadInput, create_lead, update_lead};
use domain::tenancy::{Organization, RegisterOrganization, register_organization};
use domain::{Aggregate, AggregateType, DomainEvent, EventMeta, Timestamp, Versioned};
use ports::{
    AggregateKey, Change, ChangedState, CommitError, EventRecord, Store, StoredState, SubjectKeys,
    TenantKeys, Transaction,
};
use std::sync::atomic::{AtomicU64, Ordering};
use testkit::TestEnvironment;

pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// Identifiers that differ, also between tests.
pub fn random_bytes() -> [u8; 10] {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&COUNTER.fetch_add(1, Ordering::SeqCst).to_be_bytes());
    bytes
}

pub fn at(seconds: i64) -> Timestamp {
    START.plus_seconds(seconds)
}

pub struct World {
    pub environment: TestEnvironment,
    pub store: DynamoStore,
    pub tenant: OrganizationId,
    pub owner: AccountId,
}

impl World {
    pub async fn start() -> Self {
        Self::on(TestEnvironment::start()).await
    }

    pub async fn on(environment: TestEnvironment) -> Self {
        let store = environment.store();
        let (tenant, owner) = (new_tenant(&environment, &store).await, new_id(START, &random_bytes()));
        environment.wire().take_calls();
        Self { environment, store, tenant, owner }
    }

    pub fn lead_key(&self, id: &LeadId) -> AggregateKey {
        AggregateKey::new(self.tenant, AggregateType::Lead, id)
    }

    /// A lead's creation, not yet committed.
    pub fn creation(
        &self,
        created_at: Timestamp,
        input: &LeadInput<'_>,
    ) -> (LeadId, Change, Versioned<Lead>) {
        let id: LeadId = new_id(created_at, &random_bytes());
        let event = create_lead(id, self.owner, input).unwrap();
        let (mut change, lead) = change(self.lead_key(&id), None, &[event], created_at, SubjectKeys::new());
        change.new_subjects = vec![Lead::subject(&id)];
        (id, change, lead)
    }

    pub async fn create(&self, created_at: Timestamp, input: &LeadInput<'_>) -> (LeadId, Versioned<Lead>) {
        let (id, change, lead) = self.creation(created_at, input);
        self.store.commit(&alone(change)).await.unwrap();
        (id, lead)
    }

    pub async fn load(&self, id: &LeadId) -> Versioned<Lead> {
        typed(self.store.load(&self.lead_key(id)).await.unwrap().unwrap())
    }

    /// Loads, decides and commits once.
    pub async fn change(
        &self,
        id: &LeadId,
        now: Timestamp,
        decide: impl FnOnce(&Lead) -> LeadEvent,
    ) -> Result<Versioned<Lead>, CommitError> {
        let key = self.lead_key(id);
        let loaded = self.store.load_to_change(&key, &[Lead::subject(id)]).await?.unwrap();
        let lead = typed(loaded.state);
        let event = decide(&lead.state);
        let (change, after) = change(key, Some(lead), &[event], now, loaded.subject_keys);
        self.store.commit(&alone(change)).await?;
        Ok(after)
    }

    pub async fn update(
        &self,
        id: &LeadId,
        now: Timestamp,
        input: &LeadInput<'_>,
    ) -> Result<Versioned<Lead>, CommitError> {
        self.change(id, now, |lead| update_lead(lead, input).unwrap().unwrap()).await
    }

    /// The state that the ledger gives.
    pub async fn folded(&self, id: &LeadId) -> Option<Versioned<Lead>> {
        let history = self.store.history(&self.lead_key(id), u64::MAX).await.unwrap();
        domain::aggregate::fold(
            history.iter().map(|record| (LeadEvent::decode(&record.event).unwrap(), meta(record))),
        )
    }

    /// Every item of every table as text.
    pub async fn everything(&self) -> String {
        let tables = self.environment.tables();
        let mut text = String::new();
        for table in [&tables.ledger, &tables.state, &tables.ephemeral] {
            text += &format!("{:?}", self.environment.items(table).await);
        }
        text
    }
}

pub async fn new_tenant(environment: &TestEnvironment, store: &DynamoStore) -> OrganizationId {
    let tenant: OrganizationId = new_id(START, &random_bytes());
    let (_, wrapped) = environment.tenant_keys().generate(tenant).await.unwrap();
    let command = RegisterOrganization {
        id: tenant,
        name: "Umbrella",
        home_region: "eu-west-1",
        registered_by: new_id(START, &random_bytes()),
    };
    let event = register_organization(&command).unwrap();
    let key = AggregateKey::new(tenant, AggregateType::Organization, &tenant);
    let (change, _) = change::<Organization>(key, None, &[event], START, SubjectKeys::new());
    let transaction =
        Transaction { changes: vec![change], tenant_key: Some((tenant, wrapped)), ..Transaction::default() };
    store.commit(&transaction).await.unwrap();
    tenant
}

pub fn alone(change: Change) -> Transaction {
    Transaction { changes: vec![change], ..Transaction::default() }
}

pub fn change<A: Aggregate>(
    key: AggregateKey,
    before: Option<Versioned<A>>,
    events: &[A::Event],
    now: Timestamp,
    subject_keys: SubjectKeys,
) -> (Change, Versioned<A>) {
    let expected_version = before.as_ref().map_or(0, |before| before.version);
    let mut state = before.map(|before| before.state);
    let mut version = expected_version;
    let mut records = Vec::new();
    for event in events {
        version += 1;
        records.push(EventRecord {
            event_id: new_id(now, &random_bytes()),
            key: key.clone(),
            version,
            event: event.encode(),
            actor: "system:test".to_owned(),
            correlation_id: "correlation".to_owned(),
            causation_id: None,
            occurred_at: now,
        });
        state = A::apply(state, event, EventMeta { at: now });
    }
    let state = state.unwrap();
    let change = Change {
        key,
        expected_version,
        events: records,
        state: ChangedState::of(&state).unwrap(),
        new_subjects: Vec::<SubjectId>::new(),
        subject_keys,
        erased_subjects: Vec::new(),
    };
    (change, Versioned { state, version })
}

pub fn typed<A: Aggregate>(stored: StoredState) -> Versioned<A> {
    Versioned { state: serde_json::from_str(&stored.state).unwrap(), version: stored.version }
}

pub fn meta(record: &EventRecord) -> EventMeta {
    EventMeta { at: record.occurred_at }
}

pub fn company(name: &str) -> LeadInput<'_> {
    LeadInput { company_name: name, ..LeadInput::default() }
}
