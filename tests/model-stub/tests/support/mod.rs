//! Helpers of the tests: the real SDK client, pointed at the server under test.

pub(crate) mod http;
pub(crate) mod openai;

use adapter_aws::{AwsSettings, CallLimits, sdk_config};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::Credentials;
use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, Message};
use std::collections::BTreeMap;
use std::time::Duration;

/// An SDK client for this URL that makes one attempt per call.
pub(crate) fn client(url: &str) -> Client {
    let limit = Duration::from_secs(20);
    let settings = AwsSettings {
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "test"),
        endpoint_url: Some(url.to_owned()),
        service_endpoints: BTreeMap::new(),
        limits: CallLimits { attempt: limit, operation: limit, attempts: 1 },
        round_trips: None,
    };
    Client::new(&sdk_config(&settings).unwrap())
}

/// One user message.
pub(crate) fn user(text: &str) -> Message {
    Message::builder()
        .role(ConversationRole::User)
        .content(ContentBlock::Text(text.to_owned()))
        .build()
        .unwrap()
}
