//! A configuration that tests change.

use adapter_dynamodb::ListShards;
use domain::configuration::RuntimeConfiguration;
use domain::id::OrganizationId;
use ports::{Configuration, FixedConfiguration};
use std::sync::{Arc, Mutex};

/// What is configured, until the test configures something else.
#[derive(Debug, Default)]
pub struct TestConfiguration(Mutex<Arc<RuntimeConfiguration>>);

impl TestConfiguration {
    /// Puts a document in the place of what was configured. Names of models are taken as they are.
    pub fn configure(&self, document: &serde_json::Value) {
        let text = document.to_string();
        let configuration = RuntimeConfiguration::parse(text.as_bytes(), None).expect("a good document");
        *self.0.lock().unwrap() = Arc::new(configuration);
    }
}

impl Configuration for TestConfiguration {
    fn current(&self) -> Arc<RuntimeConfiguration> {
        Arc::clone(&self.0.lock().unwrap())
    }
}

/// The lists of this organization in so many shards.
pub fn list_shards(organization: OrganizationId, shards: u32) -> ListShards {
    let configuration =
        RuntimeConfiguration { list_shards: [(organization, shards)].into(), ..Default::default() };
    ListShards::new(Arc::new(FixedConfiguration::new(configuration)))
}
