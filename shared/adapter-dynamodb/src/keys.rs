//! The keys of all items. They are made here and nowhere else, and a key of a tenant's item can't be made without the
//! tenant. Identifiers contain no delimiter, and every value that a caller chooses is hashed or comes last, so no key
//! can be forged.

use crate::digest::digest;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::AggregateType;
use domain::ai::{AssignedVariant, Feature, Month};
use domain::id::{AccountId, AiRequestId, ApiKeyId, EventId, OrganizationId, SubjectId};
use ports::{AggregateKey, BudgetScope, CHECKPOINT_SHARDS, CacheKey, IdempotencyKey, ModelName, UniqueKind};
use std::borrow::Cow;
use std::collections::HashMap;

/// The partition key of every table.
pub(crate) const PK: &str = "pk";
/// The sort key of every table.
pub(crate) const SK: &str = "sk";

/// An item, as DynamoDB has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The key of an item in the state or the ephemeral table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ItemKey {
    pk: String,
    sk: Cow<'static, str>,
}

impl ItemKey {
    /// The current state of an aggregate.
    pub(crate) fn state(key: &AggregateKey) -> Self {
        Self::of(aggregate(key), "state")
    }

    /// The key of a data subject.
    pub(crate) fn subject(tenant: OrganizationId, subject: SubjectId) -> Self {
        Self::of(format!("{tenant}#subject#{subject}"), "key")
    }

    /// The data key of a tenant.
    pub(crate) fn tenant_key(tenant: OrganizationId) -> Self {
        Self::of(format!("{tenant}#organization_key"), "key")
    }

    /// The holder of a unique value.
    pub(crate) fn unique(kind: UniqueKind, value: &str) -> Self {
        let kind = match kind {
            UniqueKind::Email => "email",
        };
        Self::of(format!("unique#{kind}#{}", text(&digest([value.as_bytes()]))), "holder")
    }

    /// The outcome of a request with an idempotency key.
    pub(crate) fn idempotency(key: &IdempotencyKey) -> Self {
        let hash = digest([key.scope.as_bytes(), key.key.as_bytes()]);
        Self::of(format!("idempotency#{}", text(&hash)), "record")
    }

    /// The used part of a limit.
    pub(crate) fn limit(name: &'static str, who: &str) -> Self {
        Self::of(format!("limit#{name}#{who}"), "gcra")
    }

    /// The last use of an API key.
    pub(crate) fn key_use(tenant: OrganizationId, key: ApiKeyId) -> Self {
        Self::of(key_uses(tenant), key.to_string())
    }

    /// The mark that an address gets no mail any more. It belongs to no tenant: a mailbox that does not exist is the same for
    /// all of them.
    pub(crate) fn mail_suppression(address_hash: &str) -> Self {
        Self::of(format!("mail_suppression#{address_hash}"), "mark")
    }

    /// How often the relay failed on a record of the stream.
    pub(crate) fn relay_attempts(record: &str) -> Self {
        Self::of(format!("relay#{record}"), "attempts")
    }

    /// The newest entry of a tenant's audit log.
    pub(crate) fn audit_head(tenant: OrganizationId) -> Self {
        Self::of(audit(tenant), "head")
    }

    /// An entry of a tenant's audit log.
    pub(crate) fn audit_entry(tenant: OrganizationId, sequence: u64) -> Self {
        Self::of(audit(tenant), audit_entry_place(sequence))
    }

    /// The last checkpoint of a tenant's audit log.
    pub(crate) fn audit_checkpoint(tenant: OrganizationId) -> Self {
        Self::of(audit(tenant), "checkpoint")
    }

    /// The mark that a tenant's audit log has grown since its last checkpoint, among those of all tenants: the job that
    /// signs must find it without knowing the tenant.
    pub(crate) fn audit_grown(tenant: OrganizationId) -> Self {
        let [first, ..] = digest([tenant.to_string().as_bytes()]);
        Self::audit_grown_at(u32::from(first) % CHECKPOINT_SHARDS, tenant)
    }

    /// The same mark in a partition that is known.
    pub(crate) fn audit_grown_at(shard: u32, tenant: OrganizationId) -> Self {
        Self::of(audit_grown(shard), tenant.to_string())
    }

    /// The mark that an event has its entry.
    pub(crate) fn audit_event(tenant: OrganizationId, event: EventId) -> Self {
        Self::of(audit(tenant), format!("event#{event}"))
    }

    /// A counter of a tenant's spending on models: of one budget, for one account, one feature or all of it (`whose`),
    /// in one month or on one day. A tenant with many requests has several, each in a partition of its own.
    pub(crate) fn ai_spent(
        tenant: OrganizationId,
        budget: BudgetScope,
        whose: &str,
        shard: u32,
        period: String,
    ) -> Self {
        Self::of(format!("{tenant}#ai_spent#{}#{whose}#{shard}", budget.as_str()), period)
    }

    /// A sum over a tenant's requests to models in a month.
    pub(crate) fn ai_usage(tenant: OrganizationId, month: &Month, of: String) -> Self {
        Self::of(ai_usage(tenant, month), of)
    }

    /// The mark that a request is in the sums of its month.
    pub(crate) fn ai_metered(tenant: OrganizationId, event: EventId) -> Self {
        Self::of(format!("{tenant}#ai_metered#{event}"), "mark")
    }

    /// Money that is set aside for a request, among those of all tenants: the sweeper must find it without knowing the
    /// tenant. The request comes first, so that the oldest are found first.
    pub(crate) fn ai_open(tenant: OrganizationId, request: AiRequestId) -> Self {
        let [first, ..] = digest([request.to_string().as_bytes()]);
        Self::of(ai_open(u32::from(first) % AI_OPEN_SHARDS), format!("{request}#{tenant}"))
    }

    /// A cached completion, and the request that is making it.
    pub(crate) fn ai_answer(key: &CacheKey) -> Self {
        Self::of(format!("{}#ai_answer#{}", key.tenant, text(&key.hash)), "answer")
    }

    /// The breaker of a model, shared by all functions. It holds nothing of any tenant, and the names are those of the
    /// registry.
    pub(crate) fn ai_breaker(model: &ModelName) -> Self {
        Self::of(format!("ai_breaker#{}#{}", model.provider, model.model), "breaker")
    }

    /// An item that is never written, for probes.
    pub(crate) fn probe() -> Self {
        Self::of("health".to_owned(), "probe")
    }

    /// The same key, read from an item.
    pub(crate) fn read(item: &Item) -> Option<Self> {
        let part = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { pk: part(PK)?, sk: Cow::Owned(part(SK)?) })
    }

    /// Its attributes.
    pub(crate) fn attributes(&self) -> Item {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.to_string())),
        ])
    }

    /// The partition key.
    pub(crate) fn partition(&self) -> &str {
        &self.pk
    }

    fn of(pk: String, sk: impl Into<Cow<'static, str>>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// The number of partitions of the open reservations.
pub(crate) const AI_OPEN_SHARDS: u32 = 8;

/// A partition of open reservations.
pub(crate) fn ai_open_partition(shard: u32) -> AttributeValue {
    AttributeValue::S(ai_open(shard))
}

/// The partition of the sums over a tenant's requests in a month.
pub(crate) fn ai_usage_partition(tenant: OrganizationId, month: &Month) -> AttributeValue {
    AttributeValue::S(ai_usage(tenant, month))
}

/// The name of the sum over a variant's requests. It is hashed, because the text of an experiment can be longer than a
/// sort key and can contain the delimiter; the item has the texts.
pub(crate) fn ai_usage_variant(feature: Feature, variant: &AssignedVariant) -> String {
    let AssignedVariant { experiment, model } = variant;
    text(&digest([feature.as_str().as_bytes(), experiment.as_bytes(), model.as_bytes()]))
}

/// The prefix of the sort keys of audit entries.
pub(crate) const AUDIT_ENTRY: &str = "entry#";

/// The sort key of the audit entry with this number.
pub(crate) fn audit_entry_place(sequence: u64) -> String {
    format!("{AUDIT_ENTRY}{sequence:020}")
}

/// The partition of an aggregate in the ledger.
pub(crate) fn ledger_partition(key: &AggregateKey) -> AttributeValue {
    AttributeValue::S(aggregate(key))
}

/// The key of an event in the ledger.
pub(crate) fn ledger_key(key: &AggregateKey, version: u64) -> Item {
    HashMap::from([
        (PK.to_owned(), ledger_partition(key)),
        (SK.to_owned(), AttributeValue::N(version.to_string())),
    ])
}

/// The partition of a tenant's audit log.
pub(crate) fn audit_partition(tenant: OrganizationId) -> AttributeValue {
    AttributeValue::S(audit(tenant))
}

/// A partition of the marks of audit logs that have grown.
pub(crate) fn audit_grown_partition(shard: u32) -> AttributeValue {
    AttributeValue::S(audit_grown(shard))
}

/// The partition of the uses of a tenant's API keys.
pub(crate) fn key_uses_partition(tenant: OrganizationId) -> AttributeValue {
    AttributeValue::S(key_uses(tenant))
}

/// A partition of a list index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexPartition(String);

impl IndexPartition {
    /// One shard of the list of an organization. Shard 0 has the plain key, so that an organization can get more shards
    /// without any item moving.
    pub(crate) fn organization(tenant: OrganizationId, kind: AggregateType, shard: u32) -> Self {
        let list = of_kind(tenant, kind);
        Self(if shard == 0 { list } else { format!("{list}#{shard}") })
    }

    /// The list of one owner.
    pub(crate) fn owner(tenant: OrganizationId, kind: AggregateType, owner: AccountId) -> Self {
        Self(format!("{}#{owner}", of_kind(tenant, kind)))
    }

    /// The list of another aggregate.
    pub(crate) fn parent(
        tenant: OrganizationId,
        kind: AggregateType,
        (parent, id): (AggregateType, &str),
    ) -> Self {
        Self(format!("{}#{}#{id}", of_kind(tenant, kind), parent.as_str()))
    }

    /// The open aggregates of a kind, of all tenants.
    pub(crate) fn open(kind: AggregateType) -> Self {
        Self(format!("open#{}", kind.as_str()))
    }

    /// Its attribute.
    pub(crate) fn attribute(&self) -> AttributeValue {
        AttributeValue::S(self.0.clone())
    }
}

/// An index holds one list of a kind, so the name of the list is not part of the key: it would cost bytes in every index.
fn of_kind(tenant: OrganizationId, kind: AggregateType) -> String {
    format!("{tenant}#{}", kind.as_str())
}

/// The aggregate of this kind whose state an item is; `None` for another item.
pub(crate) fn listed_key(item: &Item, kind: AggregateType) -> Option<AggregateKey> {
    let mut parts = item.get(PK)?.as_s().ok()?.splitn(3, '#');
    let tenant = parts.next()?.parse().ok()?;
    if parts.next()? != kind.as_str() {
        return None;
    }
    AggregateKey::from_stored(tenant, kind, parts.next()?)
}

fn aggregate(key: &AggregateKey) -> String {
    format!("{}#{}#{}", key.tenant(), key.kind().as_str(), key.id())
}

fn ai_open(shard: u32) -> String {
    format!("ai_open#{shard}")
}

fn ai_usage(tenant: OrganizationId, month: &Month) -> String {
    format!("{tenant}#ai_usage#{month}")
}

fn audit_grown(shard: u32) -> String {
    format!("audit_grown#{shard}")
}

fn audit(tenant: OrganizationId) -> String {
    format!("{tenant}#audit")
}

fn key_uses(tenant: OrganizationId) -> String {
    format!("{tenant}#api_key_use")
}

fn text(hash: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(hash)
}
