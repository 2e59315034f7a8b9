//! The queue in which the relay parks records that it can't publish. A message names the record and the reason. It
//! never holds the record, whose sealed part belongs into the ledger alone; redrive reads the ledger again.

use aws_sdk_sqs::Client;
use ports::{BoxFuture, ParkingLot, Source, StreamRecord};
use serde_json::json;

/// The parking queue.
pub struct SqsParkingLot {
    client: Client,
    queue_url: String,
}

impl SqsParkingLot {
    /// The queue with this URL.
    pub fn new(config: &adapter_aws::SdkConfig, queue_url: String) -> Self {
        Self { client: Client::new(config), queue_url }
    }
}

impl ParkingLot for SqsParkingLot {
    fn park<'a>(&'a self, record: &'a StreamRecord, reason: &'a str) -> BoxFuture<'a, Result<(), Source>> {
        let body = json!({
            "sequence_number": record.sequence_number,
            "keys": record.keys,
            "reason": reason,
        });
        Box::pin(async move {
            self.client
                .send_message()
                .queue_url(&self.queue_url)
                .message_body(body.to_string())
                .send()
                .await
                .map(drop)
                .map_err(Source::from)
        })
    }
}
