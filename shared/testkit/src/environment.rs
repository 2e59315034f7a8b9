//! The in-process environment: the real adapters on an embedded DynamoDB with the template's tables.

use crate::database::EmbeddedDatabase;
use crate::entropy::TestEntropy;
use crate::tables;
use crate::tenant_keys::TestTenantKeys;
use crate::wire::Wire;
use adapter_aws::{AwsSettings, CallLimits, RoundTrips, SdkConfig, sdk_config};
use adapter_dynamodb::{
    DynamoAiState, DynamoAiUsage, DynamoAuditLog, DynamoKeyUses, DynamoLimiter, DynamoMailSuppressions,
    DynamoStore, HealthProbe, RelayAttempts, Tables,
};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::id::OrganizationId;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A database of its own, and everything that works on it. It stops when it is dropped.
#[derive(Debug)]
pub struct TestEnvironment {
    config: SdkConfig,
    round_trips: RoundTrips,
    tenant_keys: Arc<TestTenantKeys>,
    entropy: Arc<TestEntropy>,
    wire: Wire,
    // Dropped last, after the wire. `None` for an environment that joined another process's.
    _database: Option<EmbeddedDatabase>,
}

impl TestEnvironment {
    /// An environment with empty tables. Its calls may take long, because a busy machine must fail no test; the number
    /// of attempts is as in production.
    pub fn start() -> Self {
        Self::start_with(patient())
    }

    /// An environment whose calls have these limits.
    pub fn start_with(limits: CallLimits) -> Self {
        let database = EmbeddedDatabase::start();
        Self::on(Wire::to(database.address), limits, Some(database))
    }

    /// The environment of another process, by the address of its wire.
    pub fn join(wire: SocketAddr) -> Self {
        Self::on(Wire::to(wire), patient(), None)
    }

    fn on(wire: Wire, limits: CallLimits, database: Option<EmbeddedDatabase>) -> Self {
        let round_trips = RoundTrips::default();
        let settings = AwsSettings {
            region: "eu-west-1".to_owned(),
            credentials: Credentials::new("AKIDTEST", "secret", None, None, "test"),
            endpoint_url: Some(wire.url()),
            service_endpoints: BTreeMap::new(),
            limits,
            round_trips: Some(round_trips.clone()),
        };
        let config = sdk_config(&settings).expect("certificates");
        Self {
            config,
            round_trips,
            tenant_keys: Arc::default(),
            entropy: Arc::default(),
            wire,
            _database: database,
        }
    }

    /// The configuration of SDK clients.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// The names of the tables.
    pub fn tables(&self) -> Tables {
        tables::names()
    }

    /// A store that seals with [`Self::tenant_keys`].
    pub fn store(&self) -> DynamoStore {
        self.store_without_keys().with_tenant_keys(self.tenant_keys())
    }

    /// A store that can't seal.
    pub fn store_without_keys(&self) -> DynamoStore {
        DynamoStore::new(&self.config, self.tables())
    }

    /// A limiter without memory of earlier requests.
    pub fn limiter(&self) -> DynamoLimiter {
        DynamoLimiter::new(&self.config, self.tables().ephemeral)
    }

    /// The uses of API keys, without memory of earlier uses.
    pub fn key_uses(&self) -> DynamoKeyUses {
        DynamoKeyUses::new(&self.config, self.tables().ephemeral)
    }

    /// The addresses that get no mail any more.
    pub fn mail_suppressions(&self) -> DynamoMailSuppressions {
        DynamoMailSuppressions::new(&self.config, self.tables().state)
    }

    /// The audit log.
    pub fn audit_log(&self) -> DynamoAuditLog {
        DynamoAuditLog::new(&self.config, self.tables().state)
    }

    /// The AI gateway's state.
    pub fn ai_state(&self) -> DynamoAiState {
        DynamoAiState::new(&self.config, self.tables())
    }

    /// The AI gateway's state, in which this tenant's budgets have the given number of counters.
    pub fn sharded_ai_state(&self, tenant: OrganizationId, shards: u32) -> DynamoAiState {
        self.ai_state().with_shards(crate::list_shards(tenant, shards))
    }

    /// The usage of models.
    pub fn ai_usage(&self) -> DynamoAiUsage {
        DynamoAiUsage::new(&self.config, self.tables())
    }

    /// The relay's counter.
    pub fn relay_attempts(&self) -> RelayAttempts {
        RelayAttempts::new(&self.config, self.tables().ephemeral)
    }

    /// The health probe.
    pub fn health_probe(&self) -> HealthProbe {
        HealthProbe::new(&self.config, self.tables().state)
    }

    /// The tenants' keys.
    pub fn tenant_keys(&self) -> Arc<TestTenantKeys> {
        Arc::clone(&self.tenant_keys)
    }

    /// Repeatable randomness.
    pub fn entropy(&self) -> Arc<TestEntropy> {
        Arc::clone(&self.entropy)
    }

    /// Every attempt of every SDK client, by phase and operation.
    pub fn round_trips(&self) -> &RoundTrips {
        &self.round_trips
    }

    /// The wire to the database, which counts capacity and makes calls fail.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// A client beside the adapters, to read and to change items.
    pub fn client(&self) -> Client {
        Client::new(&self.config)
    }

    /// Every item of a table.
    pub async fn items(&self, table: &str) -> Vec<HashMap<String, AttributeValue>> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let scan = self.client().scan().table_name(table).set_exclusive_start_key(after);
            let page = scan.send().await.expect("a page of the table");
            items.extend(page.items.unwrap_or_default());
            after = page.last_evaluated_key;
            if after.is_none() {
                return items;
            }
        }
    }

    /// Deletes one event of the ledger, which the product never does.
    pub async fn forget_event(&self, partition: &str, version: u64) {
        let delete = self
            .client()
            .delete_item()
            .table_name(self.tables().ledger)
            .key("pk", AttributeValue::S(partition.to_owned()))
            .key("sk", AttributeValue::N(version.to_string()))
            .return_values(ReturnValue::AllOld);
        let deleted = delete.send().await.expect("a deletion").attributes;
        assert!(deleted.is_some(), "{partition} has no version {version}");
    }
}

fn patient() -> CallLimits {
    let (attempt, operation) = (Duration::from_secs(20), Duration::from_secs(40));
    CallLimits { attempt, operation, ..CallLimits::default() }
}
