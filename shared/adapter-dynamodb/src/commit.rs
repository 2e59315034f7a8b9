//! One transaction for one command: events, states, keys of data subjects, unique values and the idempotency record
//! happen together or not at all. Why it did not happen is read from the cancellation reasons, by position.

use crate::claim::{OUTCOME, REQUEST_HASH, read_record, record_item};
use crate::failure::{failed, given_up};
use crate::keys::{Item, ItemKey, PK};
use crate::ledger_item::ledger_item;
use crate::patience::Patience;
use crate::random::random;
use crate::read::{HOLDER_ID, HOLDER_TYPE, TENANT_ID, WRAPPED, unwrap_subject_keys};
use crate::seal;
use crate::state_item::{EXPIRES_AT, VERSION, state_item};
use crate::store::{DynamoStore, expires};
use crate::value::{binary, check_size, digits, text};
use application::ports::{
    Change, CommitError, DataKey, IdempotencyKey, StoreError, Transaction, Unique, UniqueKind, WrappedKey,
};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{OrganizationId, SubjectId};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// The most actions of one transaction (DynamoDB: 100).
const MOST_ACTIONS: usize = 100;
/// What happens to the record of an idempotency key after this time: the request may be made anew.
const IDEMPOTENCY_SECONDS: i64 = 24 * 3600;
/// Two transactions that touch the same item at the same moment cancel each other; the next try nearly always succeeds.
const TRIES: u32 = 5;
const TRYING_TIME: Duration = Duration::from_secs(2);

const MUST_BE_NEW: &str = "attribute_not_exists(#pk)";

/// What an action of the transaction is for, so that its cancellation reason can be understood.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Aggregate,
    Unique(UniqueKind),
    Idempotency,
}

/// The actions of a transaction and what each is for, in the same order.
#[derive(Debug, Default)]
struct Actions {
    items: Vec<TransactWriteItem>,
    purposes: Vec<Purpose>,
}

impl DynamoStore {
    pub(crate) async fn write(&self, transaction: &Transaction) -> Result<(), CommitError> {
        let mut actions = Actions::default();
        for change in &transaction.changes {
            self.add_change(&mut actions, change, transaction).await?;
        }
        for unique in &transaction.unique {
            self.add_unique(&mut actions, unique)?;
        }
        if let Some((tenant, wrapped)) = &transaction.tenant_key {
            let mut item = ItemKey::tenant_key(*tenant).attributes();
            item.insert(WRAPPED.to_owned(), binary(wrapped.0.clone()));
            actions.put(Purpose::Aggregate, must_be_new(&self.tables.state), item)?;
        }
        if let Some((key, outcome, now)) = &transaction.idempotency {
            let now = now.seconds();
            self.add_idempotency(&mut actions, key, outcome, now, transaction.idempotency_claimed)?;
        }
        if actions.items.len() > MOST_ACTIONS {
            return Err(StoreError::TooLarge.into());
        }
        self.send(actions).await
    }

    async fn add_change(
        &self,
        actions: &mut Actions,
        change: &Change,
        transaction: &Transaction,
    ) -> Result<(), CommitError> {
        if change.state.expires_at.is_some() != expires(change.key.kind()) {
            return Err(StoreError::Malformed("a state that expires in the wrong table").into());
        }
        let tenant = change.key.tenant();
        let seals = !change.new_subjects.is_empty()
            || change.events.iter().any(|event| !event.event.personal.is_empty());
        let mut subject_keys = HashMap::new();
        if seals {
            let given = transaction.tenant_key.as_ref().filter(|(made, _)| *made == tenant);
            let tenant_key = self.tenant_key(tenant, given.map(|(_, wrapped)| wrapped)).await?;
            subject_keys = unwrap_subject_keys(tenant, &tenant_key, &change.subject_keys)?;
            for subject in &change.new_subjects {
                let (key, wrapped) = new_subject_key(&tenant_key, tenant, *subject)?;
                subject_keys.insert(*subject, key);
                let mut item = ItemKey::subject(tenant, *subject).attributes();
                item.insert(WRAPPED.to_owned(), binary(wrapped.0));
                actions.put(Purpose::Aggregate, must_be_new(&self.tables.state), item)?;
            }
        }
        let mut version = change.expected_version;
        for event in &change.events {
            version += 1;
            if event.version != version || event.key != change.key {
                return Err(StoreError::Malformed("an event that does not continue its history").into());
            }
            let item = ledger_item(event, &subject_keys)?;
            actions.put(Purpose::Aggregate, must_be_new(&self.tables.ledger), item)?;
        }
        // A session that is past its time but not yet purged needs no care here: its history makes its creation fail,
        // and a change of it is right as long as its version is.
        let table = self.state_table(change.key.kind());
        let condition = match change.expected_version {
            0 => must_be_new(table),
            expected => Put::builder()
                .table_name(table)
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":expected", digits(expected)),
        };
        actions.put(Purpose::Aggregate, condition, state_item(change, version, &self.shards))?;
        for subject in &change.erased_subjects {
            actions.delete(&self.tables.state, &ItemKey::subject(tenant, *subject))?;
        }
        Ok(())
    }

    fn add_unique(&self, actions: &mut Actions, unique: &Unique) -> Result<(), StoreError> {
        let mut item = ItemKey::unique(unique.kind, &unique.value).attributes();
        item.insert(TENANT_ID.to_owned(), text(unique.holder.tenant().to_string()));
        item.insert(HOLDER_TYPE.to_owned(), text(unique.holder.kind().as_str()));
        item.insert(HOLDER_ID.to_owned(), text(unique.holder.id()));
        actions.put(Purpose::Unique(unique.kind), must_be_new(&self.tables.state), item)
    }

    /// The record may replace one that is past its time, whether or not TTL has purged it. A claim may be replaced by
    /// the request that made it; should the claim have ended meanwhile, the work is done all the same and its record
    /// only gives way to another outcome.
    fn add_idempotency(
        &self,
        actions: &mut Actions,
        key: &IdempotencyKey,
        outcome: &Value,
        now: i64,
        claimed: bool,
    ) -> Result<(), StoreError> {
        let put = Put::builder()
            .table_name(&self.tables.ephemeral)
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":now", digits(now));
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
        actions.put(Purpose::Idempotency, put, item)
    }

    async fn send(&self, actions: Actions) -> Result<(), CommitError> {
        // One token for all tries: a try whose answer was lost is not applied twice.
        let token = URL_SAFE_NO_PAD.encode(random::<16>()?);
        let mut patience = Patience::new(TRIES, TRYING_TIME);
        loop {
            let request = self
                .client
                .transact_write_items()
                .client_request_token(&token)
                .set_transact_items(Some(actions.items.clone()));
            let error = match request.send().await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(failed("TransactWriteItems", error).into());
            };
            match verdict(&actions.purposes, canceled.cancellation_reasons()) {
                Verdict::Refused(refusal) => return Err(refusal),
                Verdict::Hopeless => return Err(given_up("TransactWriteItems", "canceled").into()),
                Verdict::TryAgain if patience.pause().await => {}
                Verdict::TryAgain => {
                    return Err(given_up("TransactWriteItems", "canceled too often").into());
                }
            }
        }
    }
}

/// What a cancellation means.
#[derive(Debug)]
enum Verdict {
    Refused(CommitError),
    TryAgain,
    Hopeless,
}

/// What is certain comes first: a failed condition holds whatever else went wrong. A repeated request is told so before
/// it is told that what it made exists already.
fn verdict(purposes: &[Purpose], reasons: &[CancellationReason]) -> Verdict {
    let refused = |wanted: fn(&Purpose) -> bool| {
        purposes
            .iter()
            .zip(reasons)
            .find(|(purpose, reason)| reason.code() == Some("ConditionalCheckFailed") && wanted(purpose))
    };
    if let Some((_, reason)) = refused(|purpose| matches!(purpose, Purpose::Idempotency)) {
        return Verdict::Refused(match reason.item().map(read_record) {
            Some(Ok(record)) => CommitError::Repeated(record),
            Some(Err(error)) => error.into(),
            None => CommitError::Conflict,
        });
    }
    if let Some((Purpose::Unique(kind), _)) = refused(|purpose| matches!(purpose, Purpose::Unique(_))) {
        return Verdict::Refused(CommitError::NotUnique(*kind));
    }
    if refused(|_| true).is_some() {
        return Verdict::Refused(CommitError::Conflict);
    }
    let passing = ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    if reasons.iter().filter_map(CancellationReason::code).all(|code| passing.contains(&code)) {
        Verdict::TryAgain
    } else {
        Verdict::Hopeless
    }
}

impl Actions {
    fn put(&mut self, purpose: Purpose, put: PutBuilder, item: Item) -> Result<(), StoreError> {
        check_size(&item)?;
        let put = put
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|_| StoreError::Malformed("an action of a transaction"))?;
        self.items.push(TransactWriteItem::builder().put(put).build());
        self.purposes.push(purpose);
        Ok(())
    }

    fn delete(&mut self, table: &str, key: &ItemKey) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .build()
            .map_err(|_| StoreError::Malformed("an action of a transaction"))?;
        self.items.push(TransactWriteItem::builder().delete(delete).build());
        self.purposes.push(Purpose::Aggregate);
        Ok(())
    }
}

fn must_be_new(table: &str) -> PutBuilder {
    Put::builder().table_name(table).condition_expression(MUST_BE_NEW).expression_attribute_names("#pk", PK)
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
