//! The queue in which the relay parks records that it can't publish. A message names the record and the reason. It
//! never holds the record, whose sealed part belongs into the ledger alone; redrive reads the ledger again.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::SendMessageOutput;
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
            let request = self.client.send_message().queue_url(&self.queue_url);
            parked(&request.message_body(body.to_string()).send().await?)
        })
    }
}

/// Fails unless SQS has the message. An answer without an identifier, such as that of a proxy that lost the body, does
/// not prove it, and a record that only seems to be parked would be lost.
fn parked(answer: &SendMessageOutput) -> Result<(), Source> {
    match answer.message_id() {
        Some(_) => Ok(()),
        None => Err("SQS gave no identifier of the message".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_with_an_identifier_says_that_the_record_is_parked() {
        assert!(parked(&SendMessageOutput::builder().message_id("1").build()).is_ok());
        assert!(parked(&SendMessageOutput::builder().build()).is_err());
    }
}
