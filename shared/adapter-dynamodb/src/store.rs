//! The store: its parts, and the files with their operations.

use crate::client::client;
use crate::shards::ListShards;
use crate::tables::Tables;
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use domain::id::SubjectId;
use domain::{AggregateType, Timestamp};
use ports::{
    AggregateKey, BoxFuture, Claim, CommitError, EventRecord, IdempotencyKey, ListQuery, ListedEntry,
    LoadedToChange, Page, Store, StoreError, StoredState, TenantKeys, Transaction, UniqueKind,
};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// The ledger and the state on DynamoDB.
#[derive(Clone)]
pub struct DynamoStore {
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    pub(crate) shards: ListShards,
    pub(crate) tenant_keys: Option<Arc<dyn TenantKeys>>,
}

impl fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoStore").field("tables", &self.tables).finish_non_exhaustive()
    }
}

impl DynamoStore {
    /// A store that neither seals nor unseals; lists have one shard.
    pub fn new(config: &SdkConfig, tables: Tables) -> Self {
        Self { client: client(config), tables, shards: ListShards::default(), tenant_keys: None }
    }

    /// The same store, sealing personal data under the tenants' keys.
    pub fn with_tenant_keys(self, tenant_keys: Arc<dyn TenantKeys>) -> Self {
        Self { tenant_keys: Some(tenant_keys), ..self }
    }

    /// The same store, with the lists of the tenants in `shards` spread over several shards.
    pub fn with_list_shards(self, shards: ListShards) -> Self {
        Self { shards, ..self }
    }

    /// The table that holds the states of a kind.
    pub(crate) fn state_table(&self, kind: AggregateType) -> &str {
        if expires(kind) { &self.tables.ephemeral } else { &self.tables.state }
    }
}

/// Whether the states of a kind expire. The table of a state must be known before the state is read, so the kind
/// decides.
pub(crate) fn expires(kind: AggregateType) -> bool {
    match kind {
        AggregateType::Session
        | AggregateType::Access
        | AggregateType::FailedLogin
        | AggregateType::Job
        | AggregateType::OneTimeToken
        | AggregateType::SignInChallenge => true,
        AggregateType::Organization
        | AggregateType::Member
        | AggregateType::Account
        | AggregateType::Lead
        | AggregateType::Notification
        | AggregateType::AiBudget
        | AggregateType::AiPrices
        | AggregateType::AiRequest
        | AggregateType::AiMonth
        | AggregateType::ApiKey
        | AggregateType::FineTune
        | AggregateType::Batch
        | AggregateType::AccountFactors => false,
    }
}

impl Store for DynamoStore {
    fn load<'a>(&'a self, key: &'a AggregateKey) -> BoxFuture<'a, Result<Option<StoredState>, StoreError>> {
        Box::pin(self.read_state(key))
    }

    fn load_many<'a>(
        &'a self,
        keys: &'a [AggregateKey],
    ) -> BoxFuture<'a, Result<Vec<Option<StoredState>>, StoreError>> {
        Box::pin(self.read_states(keys))
    }

    fn load_to_change<'a>(
        &'a self,
        key: &'a AggregateKey,
        subjects: &'a [SubjectId],
    ) -> BoxFuture<'a, Result<Option<LoadedToChange>, StoreError>> {
        Box::pin(self.read_to_change(key, subjects))
    }

    fn find_unique<'a>(
        &'a self,
        kind: UniqueKind,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<AggregateKey>, StoreError>> {
        Box::pin(self.read_holder(kind, value))
    }

    fn commit<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Result<(), CommitError>> {
        Box::pin(self.write(transaction))
    }

    fn history<'a>(
        &'a self,
        key: &'a AggregateKey,
        through: u64,
    ) -> BoxFuture<'a, Result<Vec<EventRecord>, StoreError>> {
        Box::pin(self.read_history(key, through))
    }

    fn list<'a>(&'a self, query: &'a ListQuery) -> BoxFuture<'a, Result<Page<ListedEntry>, StoreError>> {
        Box::pin(self.read_page(query))
    }

    fn claim<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        Box::pin(self.write_claim(key, now, expires_at))
    }

    fn complete<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        outcome: &'a Value,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write_outcome(key, outcome, now))
    }

    fn release<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.end_claim(key))
    }
}
