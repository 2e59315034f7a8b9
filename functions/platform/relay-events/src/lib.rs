//! Publishes the events of the ledger's stream on the bus.

use adapter_dynamodb::read_ledger_image;
use application_core::Context;
use application_platform::{RelayEvents as Needs, relay_events};
use edge::JobError;
use edge::stream::{ItemChange, StreamHandler};
use ports::{BoxFuture, StoreError, StreamRecord};

/// The handler and its ports.
pub struct RelayEvents {
    /// The ports of the use case.
    pub needs: Needs,
}

impl StreamHandler for RelayEvents {
    fn handle<'a>(
        &'a self,
        records: &'a [ItemChange],
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<String>, JobError>> {
        Box::pin(async move {
            let records: Vec<StreamRecord> = records.iter().map(record).collect();
            Ok(relay_events(&self.needs, context.now, &records).await?)
        })
    }
}

fn record(change: &ItemChange) -> StreamRecord {
    let image = change.new_image.as_ref().ok_or(StoreError::Malformed("a record without an image"));
    StreamRecord {
        sequence_number: change.sequence_number.clone(),
        keys: change.keys.clone(),
        event: image.and_then(read_ledger_image),
    }
}
