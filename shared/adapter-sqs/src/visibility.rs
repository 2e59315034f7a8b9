//! Sets when failed messages are delivered again. It needs `sqs:ChangeMessageVisibility` on the function's own queue.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::change_message_visibility_batch::ChangeMessageVisibilityBatchOutput;
use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use ports::{BoxFuture, MessageVisibility, RetriedMessage, Source};

/// Changes the visibility of messages of a function's queue.
pub struct SqsVisibility {
    client: Client,
}

/// SQS did not change the time of some messages.
#[derive(Debug, thiserror::Error)]
#[error("SQS changed the visibility of all but {0} messages")]
struct Unchanged(usize);

/// The name of the queue is not an ARN of SQS.
#[derive(Debug, thiserror::Error)]
#[error("the source of the messages is no queue")]
struct NoQueue;

impl SqsVisibility {
    /// An adapter for all queues that the role of this configuration may change.
    pub fn new(config: &adapter_aws::SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl MessageVisibility for SqsVisibility {
    fn retry_after<'a>(
        &'a self,
        queue_arn: &'a str,
        messages: &'a [RetriedMessage],
    ) -> BoxFuture<'a, Result<(), Source>> {
        Box::pin(async move {
            let queue_url = queue_url(queue_arn).ok_or(NoQueue)?;
            let entries = messages.iter().enumerate().map(|(number, message)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(number.to_string())
                    .receipt_handle(&message.receipt_handle)
                    .visibility_timeout(i32::try_from(message.seconds).unwrap_or(i32::MAX))
                    .build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let request = self.client.change_message_visibility_batch().queue_url(queue_url);
            let answer = request.set_entries(Some(entries)).send().await?;
            all_changed(messages.len(), &answer).map_err(Source::from)
        })
    }
}

/// Fails unless SQS lists every message as changed. An answer that lists none, such as that of a proxy that lost the
/// body, does not prove that any was.
fn all_changed(sent: usize, answer: &ChangeMessageVisibilityBatchOutput) -> Result<(), Unchanged> {
    match sent.saturating_sub(answer.successful().len()) {
        0 => Ok(()),
        unchanged => Err(Unchanged(unchanged)),
    }
}

/// The URL of the queue with this ARN, `arn:{partition}:sqs:{region}:{account}:{name}`.
fn queue_url(arn: &str) -> Option<String> {
    let mut parts = arn.split(':');
    let (Some("arn"), Some(partition), Some("sqs")) = (parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let domain = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    Some(format!("https://sqs.{region}.{domain}/{account}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sqs::types::{BatchResultErrorEntry, ChangeMessageVisibilityBatchResultEntry};

    #[test]
    fn a_queue_is_found_by_its_arn() {
        for (arn, url) in [
            (
                "arn:aws:sqs:eu-west-1:123456789012:sextant-dev-record-audit",
                Some("https://sqs.eu-west-1.amazonaws.com/123456789012/sextant-dev-record-audit"),
            ),
            (
                "arn:aws-cn:sqs:cn-north-1:123456789012:queue",
                Some("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/queue"),
            ),
            ("arn:aws:sns:eu-west-1:123456789012:topic", None),
            ("arn:aws:sqs:eu-west-1", None),
            ("", None),
        ] {
            assert_eq!(queue_url(arn).as_deref(), url, "{arn}");
        }
    }

    #[test]
    fn only_messages_that_sqs_lists_as_changed_are_changed() {
        let changed = |id: &str| ChangeMessageVisibilityBatchResultEntry::builder().id(id).build().unwrap();
        let failed = BatchResultErrorEntry::builder().id("1").sender_fault(true).code("x").build().unwrap();
        let answer = || ChangeMessageVisibilityBatchOutput::builder();
        let empty = answer().set_successful(Some(vec![])).set_failed(Some(vec![])).build().unwrap();
        let one = answer().successful(changed("0")).failed(failed).build().unwrap();
        let both = answer().successful(changed("0")).successful(changed("1")).set_failed(Some(vec![]));
        assert!(matches!(all_changed(2, &empty), Err(Unchanged(2))));
        assert!(matches!(all_changed(2, &one), Err(Unchanged(1))));
        assert!(all_changed(2, &both.build().unwrap()).is_ok());
    }
}
