//! A configuration that tests change.

use adapter_dynamodb::ListShards;
use domain::configuration::RuntimeConfiguration;
use domain::id::OrganizationId;
use ports::{Configuration, FixedConfiguration};
use std::sync::{Arc, Mutex};

/// A configuration that tests can replace.
#[derive(Debug, Default)]
pub struct TestConfiguration(Mutex<Arc<RuntimeConfiguration>>);

impl TestConfiguration {
    /// Replaces the configuration by this document. Names of models are not checked.
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

/// A configuration with this many shards for the lists of this organization.
pub fn list_shards(organization: OrganizationId, shards: u32) -> ListShards {
    let configuration =
        RuntimeConfiguration { list_shards: [(organization, shards)].into(), ..Default::default() };
    ListShards::new(Arc::new(FixedConfiguration::new(configuration)))
}

/// Shards of a process that has not read the deployed configuration yet.
pub fn unknown_list_shards() -> ListShards {
    let configuration = RuntimeConfiguration { is_of_build: true, ..Default::default() };
    ListShards::new(Arc::new(FixedConfiguration::new(configuration)))
}
