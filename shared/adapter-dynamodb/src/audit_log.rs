//! The audit log: entries of a tenant in one partition, each with the hash of the one before, and a head with the
//! number of entries and the last hash. Walking the chain finds an edit, a swap, a gap or a cut. An entry must never be
//! changed or removed.

use crate::client::client;
use crate::digest::digest;
use crate::failure::{failed, given_up};
use crate::keys::{AUDIT_ENTRY, Item, ItemKey, PK, SK, audit_partition};
use crate::patience::Patience;
use crate::random::random;
use crate::value::{binary, digits, read_binary, read_number, read_parsed, read_text, text};
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use domain::id::OrganizationId;
use ports::{AuditEntry, AuditLog, BoxFuture, StoreError};
use std::time::Duration;

/// The hash before the first entry.
const GENESIS: [u8; 32] = [0; 32];
/// Entries of a tenant are made one after the other, so many simultaneous writers must wait.
const TRIES: u32 = 40;
const TRYING_TIME: Duration = Duration::from_secs(6);

const SEQUENCE: &str = "sequence";
const PREVIOUS_HASH: &str = "previous_hash";
const HASH: &str = "hash";
const EVENT_ID: &str = "event_id";
const TENANT_ID: &str = "tenant_id";
const ACTION: &str = "action";
const ACTOR: &str = "actor";
const RESOURCE_TYPE: &str = "resource_type";
const RESOURCE_ID: &str = "resource_id";
const OCCURRED_AT: &str = "occurred_at";
const CORRELATION_ID: &str = "correlation_id";

/// The audit log on the state table.
#[derive(Debug, Clone)]
pub struct DynamoAuditLog {
    client: Client,
    table: String,
}

/// The last entry of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    sequence: u64,
    hash: Vec<u8>,
}

enum Append {
    Done,
    Recorded,
    TryAgain,
}

impl DynamoAuditLog {
    /// The audit log on the state table.
    pub fn new(config: &SdkConfig, state_table: String) -> Self {
        Self { client: client(config), table: state_table }
    }

    async fn append_entry(&self, entry: &AuditEntry) -> Result<bool, StoreError> {
        let mut patience = Patience::new(TRIES, TRYING_TIME);
        loop {
            let head = self.head(entry.tenant).await?;
            match self.append_after(&head, entry).await? {
                Append::Done => return Ok(true),
                Append::Recorded => return Ok(false),
                Append::TryAgain if patience.pause().await => {}
                Append::TryAgain => return Err(given_up("TransactWriteItems", "the log keeps moving")),
            }
        }
    }

    async fn append_after(&self, head: &Head, entry: &AuditEntry) -> Result<Append, StoreError> {
        let next = Head { sequence: head.sequence + 1, hash: hash(head, entry).to_vec() };
        let mut mark = ItemKey::audit_event(entry.tenant, entry.event_id).attributes();
        mark.insert(SEQUENCE.to_owned(), digits(next.sequence));
        let mut new_head = ItemKey::audit_head(entry.tenant).attributes();
        new_head.insert(SEQUENCE.to_owned(), digits(next.sequence));
        new_head.insert(HASH.to_owned(), binary(next.hash.clone()));
        let mut replace_head = Put::builder();
        replace_head = match head.sequence {
            0 => must_be_new(replace_head),
            sequence => replace_head
                .condition_expression("#sequence = :sequence AND #hash = :hash")
                .expression_attribute_names("#sequence", SEQUENCE)
                .expression_attribute_names("#hash", HASH)
                .expression_attribute_values(":sequence", digits(sequence))
                .expression_attribute_values(":hash", binary(head.hash.clone())),
        };
        let actions = [
            (must_be_new(Put::builder()), mark),
            (replace_head, new_head),
            (must_be_new(Put::builder()), entry_item(head, &next, entry)),
        ];
        let actions = actions
            .into_iter()
            .map(|(put, item)| {
                let put = put.table_name(&self.table).set_item(Some(item)).build();
                let put = put.map_err(|_| StoreError::Malformed("an action of a transaction"))?;
                Ok(TransactWriteItem::builder().put(put).build())
            })
            .collect::<Result<_, StoreError>>()?;
        let request = self
            .client
            .transact_write_items()
            .client_request_token(URL_SAFE_NO_PAD.encode(random::<16>()?))
            .set_transact_items(Some(actions));
        let error = match request.send().await {
            Ok(_) => return Ok(Append::Done),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let first = canceled.cancellation_reasons().first().and_then(CancellationReason::code);
                Ok(if first == Some("ConditionalCheckFailed") { Append::Recorded } else { Append::TryAgain })
            }
            _ => Err(failed("TransactWriteItems", error)),
        }
    }

    /// The head; before the first entry an empty one.
    async fn head(&self, tenant: OrganizationId) -> Result<Head, StoreError> {
        let key = ItemKey::audit_head(tenant).attributes();
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        match request.send().await {
            Ok(answer) => match answer.item {
                Some(item) => read_head(&item),
                None => Ok(Head { sequence: 0, hash: GENESIS.to_vec() }),
            },
            Err(error) => Err(failed("GetItem", error)),
        }
    }

    /// Entries may be appended meanwhile, so the head is read before and after the walk.
    async fn walk(&self, tenant: OrganizationId) -> Result<u64, StoreError> {
        let before = self.head(tenant).await?;
        let mut last = Head { sequence: 0, hash: GENESIS.to_vec() };
        let mut met_head = before == last;
        let mut after = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :entry)")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":pk", audit_partition(tenant))
                .expression_attribute_values(":entry", text(AUDIT_ENTRY))
                .set_exclusive_start_key(after);
            let page = match query.send().await {
                Ok(page) => page,
                Err(error) => return Err(failed("Query", error)),
            };
            for item in page.items.unwrap_or_default() {
                last = check_entry(tenant, &last, &item)?;
                met_head |= last == before;
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                break;
            }
        }
        let now = self.head(tenant).await?;
        if met_head && (now == last || now.sequence > last.sequence) {
            Ok(last.sequence)
        } else {
            Err(StoreError::Malformed("the audit log does not end where its head says"))
        }
    }
}

impl AuditLog for DynamoAuditLog {
    fn append<'a>(&'a self, entry: &'a AuditEntry) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.append_entry(entry))
    }

    fn verify(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.walk(tenant))
    }
}

fn must_be_new(put: PutBuilder) -> PutBuilder {
    put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK)
}

/// The hashed bytes of an entry: its number, the hash before it, and every field.
fn hash(previous: &Head, entry: &AuditEntry) -> [u8; 32] {
    digest([
        previous.hash.as_slice(),
        &(previous.sequence + 1).to_be_bytes(),
        entry.event_id.to_string().as_bytes(),
        entry.tenant.to_string().as_bytes(),
        entry.action.as_bytes(),
        entry.actor.as_bytes(),
        entry.resource_type.as_bytes(),
        entry.resource_id.as_bytes(),
        entry.occurred_at.to_string().as_bytes(),
        entry.correlation_id.as_bytes(),
    ])
}

fn entry_item(previous: &Head, this: &Head, entry: &AuditEntry) -> Item {
    let mut item = ItemKey::audit_entry(entry.tenant, this.sequence).attributes();
    let attributes = [
        (SEQUENCE, digits(this.sequence)),
        (PREVIOUS_HASH, binary(previous.hash.clone())),
        (HASH, binary(this.hash.clone())),
        (EVENT_ID, text(entry.event_id.to_string())),
        (TENANT_ID, text(entry.tenant.to_string())),
        (ACTION, text(&entry.action)),
        (ACTOR, text(&entry.actor)),
        (RESOURCE_TYPE, text(&entry.resource_type)),
        (RESOURCE_ID, text(&entry.resource_id)),
        (OCCURRED_AT, text(entry.occurred_at.to_string())),
        (CORRELATION_ID, text(&entry.correlation_id)),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}

fn read_head(item: &Item) -> Result<Head, StoreError> {
    Ok(Head { sequence: read_number(item, SEQUENCE)?, hash: read_binary(item, HASH)?.to_vec() })
}

/// Checks that an entry follows the one before and has not changed since it was appended.
fn check_entry(tenant: OrganizationId, previous: &Head, item: &Item) -> Result<Head, StoreError> {
    let entry = AuditEntry {
        event_id: read_parsed(item, EVENT_ID)?,
        tenant: read_parsed(item, TENANT_ID)?,
        action: read_text(item, ACTION)?.to_owned(),
        actor: read_text(item, ACTOR)?.to_owned(),
        resource_type: read_text(item, RESOURCE_TYPE)?.to_owned(),
        resource_id: read_text(item, RESOURCE_ID)?.to_owned(),
        occurred_at: Timestamp::parse(read_text(item, OCCURRED_AT)?)
            .map_err(|_| StoreError::Malformed(OCCURRED_AT))?,
        correlation_id: read_text(item, CORRELATION_ID)?.to_owned(),
    };
    let this = read_head(item)?;
    let place = ItemKey::audit_entry(tenant, previous.sequence + 1);
    if ItemKey::read(item) != Some(place) || this.sequence != previous.sequence + 1 {
        return Err(StoreError::Malformed("the audit log has a gap"));
    }
    if read_binary(item, PREVIOUS_HASH)? != previous.hash || this.hash != hash(previous, &entry) {
        return Err(StoreError::Malformed("an entry of the audit log was changed"));
    }
    Ok(this)
}
