//! The event of a request in the ledger. Its key follows from the request, so a request has one.

use super::DynamoAiState;
use crate::failure::failed;
use crate::keys::{Item, PK};
use crate::ledger_item::ledger_item;
use crate::transact::MUST_BE_NEW;
use crate::value::check_size;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::ai::AiRequestMetered;
use domain::id::{AiRequestId, OrganizationId, derived};
use domain::{AggregateType, DomainEvent, Timestamp};
use ports::{AggregateKey, EventRecord, StoreError};
use std::collections::HashMap;

/// The version of a request's only event.
pub(super) const ONLY: u64 = 1;

/// The aggregate of a request.
pub(super) fn request_key(tenant: OrganizationId, request: AiRequestId) -> AggregateKey {
    AggregateKey::new(tenant, AggregateType::AiRequest, &request)
}

/// The item of a request's event.
pub(super) fn event_item(
    tenant: OrganizationId,
    metered: &AiRequestMetered,
    at: Timestamp,
    correlation_id: &str,
) -> Result<Item, StoreError> {
    let actor = metered.api_key_id.map_or_else(|| metered.account_id.to_string(), |key| key.to_string());
    let record = EventRecord {
        event_id: derived(&metered.request_id),
        key: request_key(tenant, metered.request_id),
        version: ONLY,
        event: metered.encode(),
        actor,
        correlation_id: correlation_id.to_owned(),
        causation_id: None,
        occurred_at: at,
    };
    ledger_item(&record, &HashMap::new())
}

impl DynamoAiState {
    pub(super) async fn write_event(
        &self,
        tenant: OrganizationId,
        metered: &AiRequestMetered,
        at: Timestamp,
        correlation_id: &str,
    ) -> Result<(), StoreError> {
        let item = event_item(tenant, metered, at, correlation_id)?;
        check_size(&item)?;
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.ledger)
            .set_item(Some(item))
            .condition_expression(MUST_BE_NEW)
            .expression_attribute_names("#pk", PK);
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // It was recorded before.
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(failed("PutItem", error)),
            },
        }
    }
}
