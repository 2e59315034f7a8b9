//! Reads entries of the audit log: pages for people, newest first, and ranges for exports.

use crate::audit_item::{ACTION, ACTOR, OCCURRED_AT, RESOURCE_ID, RESOURCE_TYPE, read_entry};
use crate::audit_log::DynamoAuditLog;
use crate::failure::failed;
use crate::keys::{Item, PK, SK, audit_entry_place, audit_partition};
use crate::value::{read_text, text};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::OrganizationId;
use ports::{AuditFilter, AuditQuery, AuditReader, BoxFuture, Page, Position, StoreError, StoredAuditEntry};
use std::collections::HashMap;

/// The most rounds of queries for a page. Each reads as many entries as the page may have, so ten times as many are read
/// at most.
const MOST_ROUNDS: u32 = 10;

/// Some entries between two places.
struct EntryQuery<'a> {
    tenant: OrganizationId,
    /// The lowest and the highest sort key, both included.
    places: (String, String),
    forward: bool,
    filter: &'a AuditFilter,
    limit: Option<u32>,
    after: Option<Item>,
}

impl DynamoAuditLog {
    async fn read_audit_page(&self, query: &AuditQuery) -> Result<Page<StoredAuditEntry>, StoreError> {
        let limit = usize::try_from(query.limit.max(1)).unwrap_or(usize::MAX);
        let mut found: Vec<(String, StoredAuditEntry)> = Vec::new();
        let mut after = query.after.as_ref().map(|position| place_key(query.tenant, &position.sort_key));
        for _ in 0..MOST_ROUNDS {
            let (items, next) = self
                .query_entries(EntryQuery {
                    tenant: query.tenant,
                    places: (audit_entry_place(0), audit_entry_place(u64::MAX)),
                    forward: false,
                    filter: &query.filter,
                    limit: Some(query.limit.max(1)),
                    after: after.take(),
                })
                .await?;
            for item in items {
                found.push((read_text(&item, SK)?.to_owned(), read_entry(&item)?));
            }
            after = next;
            if found.len() >= limit || after.is_none() {
                break;
            }
        }
        let is_cut = found.len() > limit;
        found.truncate(limit);
        let next = match (found.last().filter(|_| is_cut), &after) {
            (Some((place, _)), _) => Some(place.clone()),
            (None, Some(item)) => Some(read_text(item, SK)?.to_owned()),
            (None, None) => None,
        };
        let items = found.into_iter().map(|(_, entry)| entry).collect();
        Ok(Page { items, next: next.map(|sort_key| Position { sort_key }) })
    }

    async fn read_range(
        &self,
        tenant: OrganizationId,
        (first, last): (u64, u64),
    ) -> Result<Vec<StoredAuditEntry>, StoreError> {
        let filter = AuditFilter::default();
        let mut entries = Vec::new();
        let mut after = None;
        loop {
            let places = (audit_entry_place(first), audit_entry_place(last));
            let query = EntryQuery { tenant, places, forward: true, filter: &filter, limit: None, after };
            let (items, next) = self.query_entries(query).await?;
            for item in items {
                entries.push(read_entry(&item)?);
            }
            after = next;
            if after.is_none() {
                return Ok(entries);
            }
        }
    }

    async fn query_entries(&self, query: EntryQuery<'_>) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let (filter, mut names, mut values) = conditions(query.filter);
        names.extend([("#pk".to_owned(), PK.to_owned()), ("#sk".to_owned(), SK.to_owned())]);
        values.extend([
            (":pk".to_owned(), audit_partition(query.tenant)),
            (":lowest".to_owned(), text(query.places.0)),
            (":highest".to_owned(), text(query.places.1)),
        ]);
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .scan_index_forward(query.forward)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :lowest AND :highest")
            .set_filter_expression(filter)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_limit(query.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(query.after);
        match request.send().await {
            Ok(page) => Ok((page.items.unwrap_or_default(), page.last_evaluated_key)),
            Err(error) => Err(failed("Query", error)),
        }
    }
}

/// The key after which a page goes on.
fn place_key(tenant: OrganizationId, place: &str) -> Item {
    HashMap::from([(PK.to_owned(), audit_partition(tenant)), (SK.to_owned(), text(place))])
}

/// The expression of a filter, with its names and values.
fn conditions(
    filter: &AuditFilter,
) -> (Option<String>, HashMap<String, String>, HashMap<String, AttributeValue>) {
    let mut parts = Vec::new();
    let mut names = HashMap::new();
    let mut values = HashMap::new();
    let mut name = |placeholder: &str, attribute: &str| {
        names.insert(placeholder.to_owned(), attribute.to_owned());
    };
    let mut value = |placeholder: &str, value: String| {
        values.insert(placeholder.to_owned(), text(value));
    };
    if let Some(actor) = &filter.actor {
        parts.push("#actor = :actor");
        name("#actor", ACTOR);
        value(":actor", actor.clone());
    }
    if let Some(action) = &filter.action {
        parts.push("(#action = :action OR begins_with(#action, :action_part))");
        name("#action", ACTION);
        value(":action", action.clone());
        value(":action_part", format!("{action}:"));
    }
    if let Some(resource) = &filter.resource {
        parts.push("(#resource_id = :resource OR #resource_type = :resource)");
        name("#resource_id", RESOURCE_ID);
        name("#resource_type", RESOURCE_TYPE);
        value(":resource", resource.clone());
    }
    if filter.from.is_some() || filter.to.is_some() {
        name("#at", OCCURRED_AT);
    }
    // Times are written with milliseconds in UTC, so that their texts have their order.
    if let Some(from) = filter.from {
        parts.push("#at >= :from");
        value(":from", from.to_string());
    }
    if let Some(to) = filter.to {
        parts.push("#at < :to");
        value(":to", to.to_string());
    }
    ((!parts.is_empty()).then(|| parts.join(" AND ")), names, values)
}

impl AuditReader for DynamoAuditLog {
    fn page<'a>(
        &'a self,
        query: &'a AuditQuery,
    ) -> BoxFuture<'a, Result<Page<StoredAuditEntry>, StoreError>> {
        Box::pin(self.read_audit_page(query))
    }

    fn count(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.head(tenant).await?.sequence) })
    }

    fn range(
        &self,
        tenant: OrganizationId,
        first: u64,
        last: u64,
    ) -> BoxFuture<'_, Result<Vec<StoredAuditEntry>, StoreError>> {
        Box::pin(self.read_range(tenant, (first, last)))
    }
}
