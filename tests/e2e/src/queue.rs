//! The deployment's queues: sends messages and reads them.

use crate::aws::Aws;
use serde_json::{Value, json};

/// A queue of the deployment.
#[derive(Debug, Clone)]
pub struct Queue {
    url: String,
}

impl Queue {
    /// The queue with this name after `sextant-local-`.
    pub fn named(name: &str) -> Self {
        let queue =
            Aws::call("AmazonSQS.GetQueueUrl", &json!({"QueueName": format!("sextant-local-{name}")}));
        Self { url: queue["QueueUrl"].as_str().expect("a URL").to_owned() }
    }

    pub(crate) fn create(name: &str, attributes: &Value) -> Self {
        let queue = Aws::call("AmazonSQS.CreateQueue", &json!({"QueueName": name, "Attributes": attributes}));
        Self { url: queue["QueueUrl"].as_str().expect("a URL").to_owned() }
    }

    pub(crate) fn delete(&self) {
        Aws::call("AmazonSQS.DeleteQueue", &json!({"QueueUrl": self.url}));
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends messages as one batch.
    pub fn send(&self, bodies: &[String]) {
        let entries: Vec<Value> = bodies
            .iter()
            .enumerate()
            .map(|(at, body)| json!({"Id": at.to_string(), "MessageBody": body}))
            .collect();
        let sent =
            Aws::call("AmazonSQS.SendMessageBatch", &json!({"QueueUrl": self.url, "Entries": entries}));
        assert_eq!(sent["Successful"].as_array().map(Vec::len), Some(bodies.len()), "{sent}");
    }

    /// The number of messages that are waiting or being handled.
    pub fn len(&self) -> u64 {
        ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            .map(|name| self.attribute(name).parse::<u64>().expect("a number"))
            .into_iter()
            .sum()
    }

    /// Whether no message is waiting or being handled.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> String {
        let attributes = Aws::call(
            "AmazonSQS.GetQueueAttributes",
            &json!({"QueueUrl": self.url, "AttributeNames": [name]}),
        );
        attributes["Attributes"][name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
    }

    /// The bodies of messages that can be received now; they stay in the queue and can be received again at once.
    pub fn peek(&self) -> Vec<String> {
        let request = json!({"QueueUrl": self.url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
        let received = Aws::call("AmazonSQS.ReceiveMessage", &request);
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        messages.iter().filter_map(|message| message["Body"].as_str().map(str::to_owned)).collect()
    }

    /// Takes messages out of the queue.
    pub fn take(&self) -> Vec<String> {
        let request = json!({"QueueUrl": self.url, "MaxNumberOfMessages": 10});
        let received = Aws::call("AmazonSQS.ReceiveMessage", &request);
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        let taken = messages.iter().map(|message| {
            let taken = json!({"QueueUrl": self.url, "ReceiptHandle": message["ReceiptHandle"]});
            Aws::call("AmazonSQS.DeleteMessage", &taken);
            message["Body"].as_str().expect("a body").to_owned()
        });
        taken.collect()
    }

    /// Changes an attribute until the guard is dropped.
    pub fn with_attribute(&self, name: &'static str, value: &str) -> ChangedAttribute {
        let before = self.attribute(name);
        self.set(name, value);
        ChangedAttribute { queue: self.clone(), name, before }
    }

    pub(crate) fn set(&self, name: &str, value: &str) {
        Aws::call(
            "AmazonSQS.SetQueueAttributes",
            &json!({"QueueUrl": self.url, "Attributes": {name: value}}),
        );
    }
}

/// Gives an attribute its old value back when it is dropped.
#[derive(Debug)]
pub struct ChangedAttribute {
    queue: Queue,
    name: &'static str,
    before: String,
}

impl Drop for ChangedAttribute {
    fn drop(&mut self) {
        self.queue.set(self.name, &self.before);
    }
}
