//! One transaction for one command: events, states, keys of data subjects, unique values and the idempotency record are
//! written together or not at all. The reasons of a cancellation are read by position.

use crate::claim::{OUTCOME, REQUEST_HASH, read_record, record_item};
use crate::keys::{ItemKey, PK};
use crate::ledger_item::ledger_item;
use crate::list_entry::{is_in_both_tables, shares_an_index};
use crate::patience::Patience;
use crate::read::{HOLDER_ID, HOLDER_TYPE, TENANT_ID, WRAPPED, unwrap_subject_keys};
use crate::seal;
use crate::state_item::{EXPIRES_AT, VERSION, state_item};
use crate::store::{DynamoStore, expires};
use crate::transact::{Actions, RefusedTransaction, must_be_new};
use crate::value::{binary, digits, text};
use aws_sdk_dynamodb::types::{Delete, Put, ReturnValuesOnConditionCheckFailure};
use domain::id::{OrganizationId, SubjectId};
use ports::{
    Change, CommitError, DataKey, IdempotencyKey, StoreError, Transaction, Unique, UniqueKind, WrappedKey,
};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// The lifetime of an idempotency record, in seconds; after it the request may be made anew.
pub(crate) const IDEMPOTENCY_SECONDS: i64 = 24 * 3600;
/// Two simultaneous transactions on the same item cancel each other; the next try nearly always succeeds.
const TRIES: u32 = 5;
const TRYING_TIME: Duration = Duration::from_secs(2);

/// The keys of data subjects that a transaction makes.
type MadeKeys = HashMap<(OrganizationId, SubjectId), DataKey>;

/// The purpose of an action, by which its cancellation reason is understood.
#[derive(Debug, Clone, Copy)]
enum TransactionItem {
    Aggregate,
    Unique(UniqueKind),
    Idempotency,
}

impl DynamoStore {
    pub(crate) async fn write(&self, transaction: &Transaction) -> Result<(), CommitError> {
        let mut actions = Actions::new();
        let mut made = MadeKeys::new();
        for change in &transaction.changes {
            self.add_change(&mut actions, &mut made, change, transaction).await?;
        }
        for unique in &transaction.unique {
            self.add_unique(&mut actions, unique)?;
        }
        if let Some((tenant, wrapped)) = &transaction.tenant_key {
            let mut item = ItemKey::tenant_key(*tenant).attributes();
            item.insert(WRAPPED.to_owned(), binary(wrapped.0.clone()));
            actions.put(TransactionItem::Aggregate, must_be_new(&self.tables.state), item)?;
        }
        if let Some((key, outcome, now)) = &transaction.idempotency {
            let now = now.seconds();
            self.add_idempotency(&mut actions, key, outcome, now, transaction.idempotency_claimed)?;
        }
        self.send(actions).await
    }

    async fn add_change(
        &self,
        actions: &mut Actions<TransactionItem>,
        made: &mut MadeKeys,
        change: &Change,
        transaction: &Transaction,
    ) -> Result<(), CommitError> {
        if change.state.expires_at.is_some() != expires(change.key.kind()) {
            return Err(StoreError::Malformed("a state that expires in the wrong table").into());
        }
        if expires(change.key.kind()) && change.state.lists.iter().any(|entry| !is_in_both_tables(entry)) {
            return Err(
                StoreError::Malformed("a list of states that expire in an index of other states").into()
            );
        }
        if shares_an_index(&change.state.lists) {
            return Err(StoreError::Malformed("an aggregate with two entries in one index").into());
        }
        let tenant = change.key.tenant();
        let subject_keys = self.subject_keys(actions, made, change, transaction).await?;
        let mut version = change.expected_version;
        for event in &change.events {
            version += 1;
            if event.version != version || event.key != change.key {
                return Err(StoreError::Malformed("an event that does not continue its history").into());
            }
            let item = ledger_item(event, &subject_keys)?;
            actions.put(TransactionItem::Aggregate, must_be_new(&self.tables.ledger), item)?;
        }
        // An expired session that still exists needs no special care: its history makes its creation fail, and a change
        // of it is valid as long as its version is.
        let table = self.state_table(change.key.kind());
        let condition = match change.expected_version {
            0 => must_be_new(table),
            expected => Put::builder()
                .table_name(table)
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":expected", digits(expected)),
        };
        actions.put(TransactionItem::Aggregate, condition, state_item(change, version, &self.shards))?;
        for subject in &change.erased_subjects {
            let key = ItemKey::subject(tenant, *subject).attributes();
            let delete = Delete::builder().table_name(&self.tables.state).set_key(Some(key));
            actions.delete(TransactionItem::Aggregate, delete)?;
        }
        Ok(())
    }

    /// The keys of a change's data subjects, for its seals. The keys of new subjects are made and stored with it; later
    /// changes of the transaction use them, too.
    async fn subject_keys(
        &self,
        actions: &mut Actions<TransactionItem>,
        made: &mut MadeKeys,
        change: &Change,
        transaction: &Transaction,
    ) -> Result<HashMap<SubjectId, DataKey>, StoreError> {
        let seals = !change.new_subjects.is_empty()
            || change.events.iter().any(|event| !event.event.personal.is_empty());
        if !seals {
            return Ok(HashMap::new());
        }
        let tenant = change.key.tenant();
        let given = transaction.tenant_key.as_ref().filter(|(made, _)| *made == tenant);
        let tenant_key = self.tenant_key(tenant, given.map(|(_, wrapped)| wrapped)).await?;
        let mut subject_keys = unwrap_subject_keys(tenant, &tenant_key, &change.subject_keys)?;
        for subject in &change.new_subjects {
            let (key, wrapped) = new_subject_key(&tenant_key, tenant, *subject)?;
            made.insert((tenant, *subject), key);
            let mut item = ItemKey::subject(tenant, *subject).attributes();
            item.insert(WRAPPED.to_owned(), binary(wrapped.0));
            actions.put(TransactionItem::Aggregate, must_be_new(&self.tables.state), item)?;
        }
        let of_tenant = made.iter().filter(|((of, _), _)| *of == tenant);
        subject_keys.extend(of_tenant.map(|((_, subject), key)| (*subject, key.clone())));
        Ok(subject_keys)
    }

    fn add_unique(&self, actions: &mut Actions<TransactionItem>, unique: &Unique) -> Result<(), StoreError> {
        let mut item = ItemKey::unique(unique.kind, &unique.value).attributes();
        item.insert(TENANT_ID.to_owned(), text(unique.holder.tenant().to_string()));
        item.insert(HOLDER_TYPE.to_owned(), text(unique.holder.kind().as_str()));
        item.insert(HOLDER_ID.to_owned(), text(unique.holder.id()));
        actions.put(TransactionItem::Unique(unique.kind), must_be_new(&self.tables.state), item)
    }

    /// The record may replace an expired one, whether or not the TTL has deleted it. A claim may be replaced by the
    /// request that made it. Should the claim have ended meanwhile, the work is done all the same, and its record gives
    /// way only to another outcome.
    fn add_idempotency(
        &self,
        actions: &mut Actions<TransactionItem>,
        key: &IdempotencyKey,
        outcome: &Value,
        now: i64,
        claimed: bool,
    ) -> Result<(), StoreError> {
        let put = Put::builder()
            .table_name(&self.tables.ephemeral)
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":now", digits(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = if claimed {
            put.condition_expression(
                "attribute_not_exists(#pk) OR #expires_at <= :now \
                 OR (attribute_not_exists(#outcome) AND #request_hash = :request_hash)",
            )
            .expression_attribute_names("#outcome", OUTCOME)
            .expression_attribute_names("#request_hash", REQUEST_HASH)
            .expression_attribute_values(":request_hash", text(&key.request_hash))
        } else {
            put.condition_expression("attribute_not_exists(#pk) OR #expires_at <= :now")
        };
        let item = record_item(key, Some(outcome), now.saturating_add(IDEMPOTENCY_SECONDS));
        actions.put(TransactionItem::Idempotency, put, item)
    }

    async fn send(&self, actions: Actions<TransactionItem>) -> Result<(), CommitError> {
        let refused = actions.send(&self.client, Patience::new(TRIES, TRYING_TIME)).await?;
        match refusal(&refused) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// The meaning of failed conditions. A repeated request is reported before an existing aggregate.
fn refusal(refused: &[RefusedTransaction<TransactionItem>]) -> Option<CommitError> {
    if let Some(record) =
        refused.iter().find(|refused| matches!(refused.purpose, TransactionItem::Idempotency))
    {
        return Some(match record.found.as_ref().map(read_record) {
            Some(Ok(record)) => CommitError::Repeated(record),
            Some(Err(error)) => error.into(),
            None => CommitError::Conflict,
        });
    }
    let unique = refused.iter().find_map(|refused| match refused.purpose {
        TransactionItem::Unique(kind) => Some(CommitError::NotUnique(kind)),
        TransactionItem::Aggregate | TransactionItem::Idempotency => None,
    });
    unique.or_else(|| (!refused.is_empty()).then_some(CommitError::Conflict))
}

fn new_subject_key(
    tenant_key: &DataKey,
    tenant: OrganizationId,
    subject: SubjectId,
) -> Result<(DataKey, WrappedKey), StoreError> {
    let key = seal::new_key()?;
    let wrapped = seal::wrap(tenant_key, tenant, subject, &key)?;
    Ok((key, wrapped))
}
