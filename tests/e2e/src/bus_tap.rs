//! Listens to the bus with a rule and a queue of the test's own, which are removed at the end.

use crate::aws::Aws;
use crate::queue::Queue;
use serde_json::{Value, json};

const BUS: &str = "sextant-local";

/// All events that the bus carries from now on.
pub struct BusTap {
    name: String,
    queue: Queue,
}

impl BusTap {
    /// Begins to listen; `name` is the name of the rule and of the queue.
    pub fn open(name: &str) -> Self {
        let queue = Queue::create(name, &json!({}));
        let arn = queue.attribute("QueueArn");
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": arn,
            }],
        });
        queue.set("Policy", &policy.to_string());
        let pattern = json!({"source": ["sextant.ledger"]}).to_string();
        Aws::call("AWSEvents.PutRule", &json!({"Name": name, "EventBusName": BUS, "EventPattern": pattern}));
        let targets = json!([{"Id": "tap", "Arn": arn}]);
        let put = json!({"Rule": name, "EventBusName": BUS, "Targets": targets});
        assert_eq!(Aws::call("AWSEvents.PutTargets", &put)["FailedEntryCount"], 0);
        Self { name: name.to_owned(), queue }
    }

    /// The events since the last call, in the form of the bus.
    pub fn heard(&self) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            let messages = self.queue.take();
            if messages.is_empty() {
                return heard;
            }
            heard.extend(messages.iter().map(|text| serde_json::from_str::<Value>(text).expect("JSON")));
        }
    }
}

impl Drop for BusTap {
    fn drop(&mut self) {
        Aws::call(
            "AWSEvents.RemoveTargets",
            &json!({"Rule": self.name, "EventBusName": BUS, "Ids": ["tap"]}),
        );
        Aws::call("AWSEvents.DeleteRule", &json!({"Name": self.name, "EventBusName": BUS}));
        self.queue.delete();
    }
}
