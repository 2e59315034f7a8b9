//! Transactions. Each action has a purpose, so that a cancellation, whose reasons come by position, can be understood.
//! A transaction that only collided with others is tried again; one whose conditions failed is not.

use crate::failure::{failed, given_up};
use crate::keys::{Item, PK};
use crate::patience::Patience;
use crate::random::random;
use crate::value::check_size;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::StoreError;

/// The most actions of one transaction (DynamoDB: 100).
const MOST_ACTIONS: usize = 100;
/// The condition that an item does not exist; `#pk` is [`PK`].
pub(crate) const MUST_BE_NEW: &str = "attribute_not_exists(#pk)";

/// The actions of a transaction and the purpose of each, in the same order.
#[derive(Debug)]
pub(crate) struct Actions<P> {
    items: Vec<TransactWriteItem>,
    purposes: Vec<P>,
}

/// An action whose condition did not hold.
#[derive(Debug)]
pub(crate) struct RefusedTransaction<P> {
    /// The purpose of the action.
    pub(crate) purpose: P,
    /// The existing item, if the action asked for it and there is one.
    pub(crate) found: Option<Item>,
}

impl<P: Copy> Actions<P> {
    /// No actions.
    pub(crate) fn new() -> Self {
        Self { items: Vec::new(), purposes: Vec::new() }
    }

    /// Adds a put of `item`.
    pub(crate) fn put(&mut self, purpose: P, put: PutBuilder, item: Item) -> Result<(), StoreError> {
        check_size(&item)?;
        let put = put.set_item(Some(item)).build().map_err(incomplete)?;
        self.add(purpose, TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    /// Adds an update.
    pub(crate) fn update(&mut self, purpose: P, update: UpdateBuilder) -> Result<(), StoreError> {
        let update = update.build().map_err(incomplete)?;
        self.add(purpose, TransactWriteItem::builder().update(update).build());
        Ok(())
    }

    /// Adds a deletion.
    pub(crate) fn delete(&mut self, purpose: P, delete: DeleteBuilder) -> Result<(), StoreError> {
        let delete = delete.build().map_err(incomplete)?;
        self.add(purpose, TransactWriteItem::builder().delete(delete).build());
        Ok(())
    }

    /// Adds a condition on an item that stays as it is.
    pub(crate) fn check(&mut self, purpose: P, check: ConditionCheckBuilder) -> Result<(), StoreError> {
        let check = check.build().map_err(incomplete)?;
        self.add(purpose, TransactWriteItem::builder().condition_check(check).build());
        Ok(())
    }

    fn add(&mut self, purpose: P, item: TransactWriteItem) {
        self.items.push(item);
        self.purposes.push(purpose);
    }

    /// Carries all actions out, or none: then the result names the conditions that failed. Failed conditions are
    /// reported before other reasons, because they are certain.
    pub(crate) async fn send(
        self,
        client: &Client,
        mut patience: Patience,
    ) -> Result<Vec<RefusedTransaction<P>>, StoreError> {
        if self.items.len() > MOST_ACTIONS {
            return Err(StoreError::TooLarge);
        }
        // One token for all tries: a try whose answer was lost is not applied twice.
        let token = URL_SAFE_NO_PAD.encode(random::<16>()?);
        loop {
            let request = client
                .transact_write_items()
                .client_request_token(&token)
                .set_transact_items(Some(self.items.clone()));
            let error = match request.send().await {
                Ok(_) => return Ok(Vec::new()),
                Err(error) => error,
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(failed("TransactWriteItems", error));
            };
            let reasons = canceled.cancellation_reasons();
            let refused = self.refused(reasons);
            if !refused.is_empty() {
                return Ok(refused);
            }
            if !reasons.iter().filter_map(CancellationReason::code).all(passes) {
                return Err(given_up("TransactWriteItems", "canceled"));
            }
            if !patience.pause().await {
                return Err(given_up("TransactWriteItems", "canceled too often"));
            }
        }
    }

    fn refused(&self, reasons: &[CancellationReason]) -> Vec<RefusedTransaction<P>> {
        self.purposes
            .iter()
            .zip(reasons)
            .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
            .map(|(purpose, reason)| RefusedTransaction { purpose: *purpose, found: reason.item().cloned() })
            .collect()
    }
}

/// Whether a later try can succeed after this reason.
fn passes(code: &str) -> bool {
    ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"].contains(&code)
}

/// A put of an item that does not exist yet.
pub(crate) fn must_be_new(table: &str) -> PutBuilder {
    Put::builder().table_name(table).condition_expression(MUST_BE_NEW).expression_attribute_names("#pk", PK)
}

fn incomplete(_: BuildError) -> StoreError {
    StoreError::Malformed("an action of a transaction")
}
