//! The audit log: entries of a tenant in one partition, each with the hash of the one before, and a head with the
//! number of entries and the last hash. Walking the chain finds an edit, a swap, a gap or a cut. An entry must never be
//! changed or removed.

use crate::audit_item::{HASH, entry_item, following, is_intact, read_entry};
use crate::client::client;
use crate::failure::{failed, given_up};
use crate::keys::{AUDIT_ENTRY, Item, ItemKey, PK, SK, audit_partition};
use crate::patience::Patience;
use crate::random::random;
use crate::value::{binary, digits, read_binary, read_number, text};
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::OrganizationId;
use ports::{AuditEntry, AuditLog, BoxFuture, StoreError};
use std::time::Duration;

/// The hash before the first entry.
const GENESIS: [u8; 32] = [0; 32];
/// Entries of a tenant are made one after the other, so many simultaneous writers must wait.
const TRIES: u32 = 40;
const TRYING_TIME: Duration = Duration::from_secs(6);

pub(crate) const SEQUENCE: &str = "sequence";
/// The number of entries at the last checkpoint. While it is less than the number of entries, the log is marked as grown.
/// Heads from before there were checkpoints lack it, and their logs are not marked.
pub(crate) const CHECKPOINTED: &str = "checkpointed";

/// The audit log on the state table.
#[derive(Debug, Clone)]
pub struct DynamoAuditLog {
    pub(crate) client: Client,
    pub(crate) table: String,
}

/// The last entry of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: u64,
    pub(crate) hash: Vec<u8>,
    /// The number of entries at the last checkpoint, if the log was ever marked.
    pub(crate) checkpointed: Option<u64>,
}

impl Head {
    /// Whether this is the head of a log that ends with the same entry.
    fn is_at(&self, other: &Self) -> bool {
        self.sequence == other.sequence && self.hash == other.hash
    }
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
        let appended = following(head.sequence, &head.hash, entry);
        let next = Head {
            sequence: appended.record.sequence,
            hash: appended.hash.clone(),
            checkpointed: Some(head.checkpointed.unwrap_or(0)),
        };
        let is_marked = head.checkpointed.is_some_and(|count| count < head.sequence);
        let mut mark = ItemKey::audit_event(entry.tenant, entry.event_id).attributes();
        mark.insert(SEQUENCE.to_owned(), digits(next.sequence));
        let mut new_head = ItemKey::audit_head(entry.tenant).attributes();
        new_head.insert(SEQUENCE.to_owned(), digits(next.sequence));
        new_head.insert(HASH.to_owned(), binary(next.hash.clone()));
        new_head.extend(next.checkpointed.map(|count| (CHECKPOINTED.to_owned(), digits(count))));
        let mut replace_head = Put::builder();
        replace_head = match head.sequence {
            0 => must_be_new(replace_head),
            sequence => with_checkpointed(replace_head, head.checkpointed)
                .expression_attribute_names("#sequence", SEQUENCE)
                .expression_attribute_names("#hash", HASH)
                .expression_attribute_values(":sequence", digits(sequence))
                .expression_attribute_values(":hash", binary(head.hash.clone())),
        };
        let mut actions = vec![
            (must_be_new(Put::builder()), mark),
            (replace_head, new_head),
            (must_be_new(Put::builder()), entry_item(&appended)),
        ];
        if !is_marked {
            actions.push((Put::builder(), ItemKey::audit_grown(entry.tenant).attributes()));
        }
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
    pub(crate) async fn head(&self, tenant: OrganizationId) -> Result<Head, StoreError> {
        let key = ItemKey::audit_head(tenant).attributes();
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        match request.send().await {
            Ok(answer) => match answer.item {
                Some(item) => read_head(&item),
                None => Ok(Head { sequence: 0, hash: GENESIS.to_vec(), checkpointed: None }),
            },
            Err(error) => Err(failed("GetItem", error)),
        }
    }

    /// Entries may be appended meanwhile, so the head is read before and after the walk.
    async fn walk(&self, tenant: OrganizationId) -> Result<u64, StoreError> {
        let before = self.head(tenant).await?;
        let mut last = Head { sequence: 0, hash: GENESIS.to_vec(), checkpointed: None };
        let mut met_head = before.is_at(&last);
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
                met_head |= before.is_at(&last);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                break;
            }
        }
        let now = self.head(tenant).await?;
        if met_head && (now.is_at(&last) || now.sequence > last.sequence) {
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

/// The condition that neither an entry nor a checkpoint came meanwhile.
fn with_checkpointed(put: PutBuilder, checkpointed: Option<u64>) -> PutBuilder {
    let put = put.expression_attribute_names("#checkpointed", CHECKPOINTED);
    match checkpointed {
        Some(count) => put
            .condition_expression("#sequence = :sequence AND #hash = :hash AND #checkpointed = :checkpointed")
            .expression_attribute_values(":checkpointed", digits(count)),
        None => put.condition_expression(
            "#sequence = :sequence AND #hash = :hash AND attribute_not_exists(#checkpointed)",
        ),
    }
}

fn read_head(item: &Item) -> Result<Head, StoreError> {
    let checkpointed =
        if item.contains_key(CHECKPOINTED) { Some(read_number(item, CHECKPOINTED)?) } else { None };
    Ok(Head { sequence: read_number(item, SEQUENCE)?, hash: read_binary(item, HASH)?.to_vec(), checkpointed })
}

/// Checks that an entry follows the one before and has not changed since it was appended.
fn check_entry(tenant: OrganizationId, previous: &Head, item: &Item) -> Result<Head, StoreError> {
    let entry = read_entry(item)?;
    let place = ItemKey::audit_entry(tenant, previous.sequence + 1);
    let follows = entry.record.sequence == previous.sequence + 1 && entry.record.organization == tenant;
    if ItemKey::read(item) != Some(place) || !follows {
        return Err(StoreError::Malformed("the audit log has a gap"));
    }
    if !is_intact(item, &entry, &previous.hash) {
        return Err(StoreError::Malformed("an entry of the audit log was changed"));
    }
    Ok(Head { sequence: entry.record.sequence, hash: entry.hash, checkpointed: None })
}
